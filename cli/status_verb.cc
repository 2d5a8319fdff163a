// sigward status

#include <chrono>
#include <memory>

#include "base/clock.h"
#include "cli/gate_record.h"
#include "cli/verbs.h"
#include "rpc/gate_client.h"

namespace sigward::cli {
namespace {

constexpr std::chrono::seconds kPatience{5};

ExitCode FailWith(OutputFormat format, const base::Error& error) {
  ReportError(format, error);
  return ExitCode::kFailed;
}

ExitCode Status(OutputFormat format) {
  const rpc::GateQuestion question{
      .call = rpc::GateCall::kStatus, .reference = {}, .digest = {}, .media_type = {}};
  const auto answer =
      rpc::AskGate(rpc::GateSocketPath(), question, base::Deadline::After(kPatience));
  if (!answer.ok()) {
    return FailWith(format, answer.error());
  }
  if (const auto reason = base::ReasonFromNumber(answer->reason); reason.has_value()) {
    return FailWith(format, base::Fail(*reason, answer->line));
  }
  const auto record = StatusRecord::Parse(answer->record);
  if (!record.ok()) {
    return FailWith(format, record.error());
  }
  PrintOut(format == OutputFormat::kJson ? answer->record + "\n" : StatusText(*record));
  return ExitCode::kOk;
}

}  // namespace

void AddStatus(CLI::App& app, Action& action) {
  auto format = std::make_shared<OutputFormat>(OutputFormat::kText);
  CLI::App* command = app.add_subcommand("status", "Show the state of the daemon");
  AddOutputOption(*command, *format);
  command->callback([format, &action] { action = [format] { return Status(*format); }; });
}

}  // namespace sigward::cli
