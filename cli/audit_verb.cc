// sigward audit

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json_fields.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "cli/gate_record.h"
#include "cli/verbs.h"
#include "rpc/gate_client.h"

namespace sigward::cli {
namespace {

using base::Fail;
using base::Json;
using base::Reason;

/// The daemon looks at every container anew.
constexpr std::chrono::minutes kPatience{5};
/// Records that are taken at most; more would be a daemon that never comes to an end.
constexpr std::size_t kMaxRecords = 20'000;
constexpr std::size_t kMaxCell = 160;

base::Result<rpc::GateAnswer> AskPage(std::size_t start, const base::Deadline& deadline) {
  const rpc::GateQuestion question{.call = rpc::GateCall::kAudit,
                                   .reference = std::to_string(start),
                                   .digest = {},
                                   .media_type = {}};
  SIGWARD_ASSIGN_OR_RETURN(rpc::GateAnswer answer,
                           rpc::AskGate(rpc::GateSocketPath(), question, deadline));
  if (const auto reason = base::ReasonFromNumber(answer.reason); reason.has_value()) {
    return Fail(*reason, answer.line);
  }
  return answer;
}

/// Every container's record, page by page.
base::Result<Json> AskAll() {
  const auto deadline = base::Deadline::After(kPatience);
  Json containers = Json::array();
  std::size_t start = 0;
  while (true) {
    SIGWARD_ASSIGN_OR_RETURN(const rpc::GateAnswer answer, AskPage(start, deadline));
    SIGWARD_ASSIGN_OR_RETURN(const Json page,
                             base::ParseStrictJson(answer.record, kMaxRecordBytes));
    SIGWARD_ASSIGN_OR_RETURN(base::JsonFields fields, base::JsonFields::Of(page, "audit"));
    SIGWARD_ASSIGN_OR_RETURN(const Json* records, fields.Array("containers"));
    for (const Json& record : *records) {
      containers.push_back(record);
    }
    if (!fields.Has("next")) {
      return Json{{"containers", std::move(containers)}};
    }
    start += records->size();
    if (records->empty() || containers.size() > kMaxRecords) {
      return Fail(Reason::kProtocol, "the daemon's audit does not come to an end");
    }
  }
}

std::string Cell(const Json& record, const char* name) {
  const auto member = record.find(name);
  return member != record.end() && member->is_string()
             ? base::OneLine(member->get_ref<const std::string&>(), kMaxCell)
             : std::string();
}

/// "NAMESPACE/ID", or "POD-NAMESPACE/POD/NAME" where it is known.
std::string NameOf(const Json& record) {
  const auto container = record.find("container");
  if (container == record.end() || !container->is_object()) {
    return "";
  }
  const std::string pod = Cell(*container, "pod");
  return pod.empty()
             ? Cell(*container, "namespace") + "/" + Cell(*container, "id")
             : Cell(*container, "podNamespace") + "/" + pod + "/" + Cell(*container, "name");
}

std::string AuditText(const Json& audit) {
  const Json& containers = audit["containers"];
  std::string text;
  std::size_t allowed = 0;
  for (const Json& record : containers) {
    const std::string decision = Cell(record, "decision");
    allowed += decision == "allow" ? 1U : 0U;
    text += decision + (decision.size() < 8 ? std::string(8 - decision.size(), ' ') : " ") +
            NameOf(record) + "  " + Cell(record, "message") + "\n";
    for (const Json& note : record.value("notes", Json::array())) {
      text +=
          "        " +
          (note.is_string() ? base::OneLine(note.get<std::string>(), kMaxCell) : std::string()) +
          "\n";
    }
  }
  return text + std::to_string(containers.size()) + " containers run, " + std::to_string(allowed) +
         " of them would be allowed now\n";
}

ExitCode Audit(OutputFormat format) {
  const auto audit = AskAll();
  if (!audit.ok()) {
    ReportError(format, audit.error());
    return ExitCode::kFailed;
  }
  PrintOut(format == OutputFormat::kJson ? audit->dump() + "\n" : AuditText(*audit));
  return ExitCode::kOk;
}

}  // namespace

void AddAudit(CLI::App& app, Action& action) {
  auto format = std::make_shared<OutputFormat>(OutputFormat::kText);
  CLI::App* command =
      app.add_subcommand("audit", "Judge what runs on this node by the policy that is active now");
  AddOutputOption(*command, *format);
  command->callback([format, &action] { action = [format] { return Audit(*format); }; });
}

}  // namespace sigward::cli
