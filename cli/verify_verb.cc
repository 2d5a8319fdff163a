// sigward verify IMAGE, sigward prefetch IMAGE

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "cli/gate_record.h"
#include "cli/verbs.h"
#include "rpc/gate_client.h"
#include "verifier/image_ref.h"

namespace sigward::cli {
namespace {

using base::Fail;
using base::Reason;

/// Beyond the gate's own deadline, so that its answer is seen.
constexpr std::chrono::seconds kPatience{30};

struct VerifyOptions {
  rpc::GateCall call = rpc::GateCall::kVerify;
  std::string image;
  OutputFormat format = OutputFormat::kText;
};

ExitCode FailWith(const VerifyOptions& options, const base::Error& error) {
  ReportError(options.format, error);
  return ExitCode::kFailed;
}

/// An answer allows only when its verdict and its record both say so.
ExitCode ReportAnswer(const VerifyOptions& options, const rpc::GateAnswer& answer) {
  const auto reason = base::ReasonFromNumber(answer.reason);
  if (answer.record.empty() && reason.has_value()) {
    return FailWith(options, Fail(*reason, answer.line));
  }
  const auto record = DecisionRecord::Parse(answer.record);
  if (!record.ok()) {
    return FailWith(options, record.error());
  }
  const bool allowed = answer.allowed();
  if (allowed != (record->decision == "allow") || (!allowed && !reason.has_value())) {
    return FailWith(options, Fail(Reason::kProtocol, "the gate's answer contradicts its record"));
  }
  if (options.format == OutputFormat::kText) {
    PrintError(DecisionText(*record, answer.line));
  }
  PrintOut(answer.record + "\n");
  if (allowed) {
    return ExitCode::kOk;
  }
  // What could not be read is no verdict, whatever its reason says about the bytes.
  return record->decision == "undetermined" ? ExitCode::kFailed : ExitCodeFor(*reason);
}

ExitCode Verify(const VerifyOptions& options) {
  if (const auto image = verifier::ImageRef::Parse(options.image); !image.ok()) {
    ReportError(options.format, image.error());
    return ExitCode::kUsage;
  }
  const rpc::GateQuestion question{
      .call = options.call, .reference = options.image, .digest = {}, .media_type = {}};
  const auto answer =
      rpc::AskGate(rpc::GateSocketPath(), question, base::Deadline::After(kPatience));
  return answer.ok() ? ReportAnswer(options, *answer) : FailWith(options, answer.error());
}

void AddCommand(CLI::App& app, Action& action, rpc::GateCall call, const char* name,
                const char* description) {
  auto options = std::make_shared<VerifyOptions>();
  options->call = call;
  CLI::App* command = app.add_subcommand(name, description);
  command->add_option("IMAGE", options->image, "Reference with a tag or a digest")
      ->required()
      ->option_text("name:tag|name@digest");
  command->footer(
      "Exit code: 0 allowed, 10 no signature, 12 no valid signature, 13 refused by policy,\n"
      "1 could not tell, 2 wrong usage. The record is printed as JSON on standard output.");
  AddOutputOption(*command, options->format);
  command->callback([options, &action] { action = [options] { return Verify(*options); }; });
}

}  // namespace

void AddVerify(CLI::App& app, Action& action) {
  AddCommand(app, action, rpc::GateCall::kVerify, "verify",
             "Ask the daemon whether an image may be run");
}

void AddPrefetch(CLI::App& app, Action& action) {
  AddCommand(app, action, rpc::GateCall::kPrefetch, "prefetch",
             "Find an image's signatures now and keep them for later creates");
}

}  // namespace sigward::cli
