// sigward verify IMAGE..., sigward prefetch IMAGE...

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/gate_record.h"
#include "cli/verbs.h"
#include "cli/verify_alone.h"
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
  std::vector<std::string> images;
  AloneOptions alone;
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

/// What weighs more stands further back: an image that nobody could judge may be any of the others.
ExitCode Worse(ExitCode one, ExitCode other) {
  static constexpr std::array kByWeight = {ExitCode::kOk, ExitCode::kNoSignature,
                                           ExitCode::kNoneValid, ExitCode::kRefusedByPolicy,
                                           ExitCode::kFailed};
  return std::ranges::find(kByWeight, one) < std::ranges::find(kByWeight, other) ? other : one;
}

ExitCode AskAboutAll(const VerifyOptions& options, const AskAboutImage& ask) {
  ExitCode worst = ExitCode::kOk;
  for (const std::string& image : options.images) {
    const auto answer = ask(image);
    worst = Worse(worst,
                  answer.ok() ? ReportAnswer(options, *answer) : FailWith(options, answer.error()));
  }
  return worst;
}

base::Result<rpc::GateAnswer> AskDaemon(rpc::GateCall call, const std::string& image) {
  const rpc::GateQuestion question{
      .call = call, .reference = image, .digest = {}, .media_type = {}};
  return rpc::AskGate(rpc::GateSocketPath(), question, base::Deadline::After(kPatience));
}

ExitCode Verify(const VerifyOptions& options) {
  for (const std::string& text : options.images) {
    if (const auto image = verifier::ImageRef::Parse(text); !image.ok()) {
      ReportError(options.format, image.error());
      return ExitCode::kUsage;
    }
  }
  if (!options.alone.policy.empty()) {
    return WithStandaloneGate(options.alone, options.format,
                              [&](const AskAboutImage& ask) { return AskAboutAll(options, ask); });
  }
  return AskAboutAll(options,
                     [&](const std::string& image) { return AskDaemon(options.call, image); });
}

void AddCommand(CLI::App& app, Action& action, rpc::GateCall call, const char* name,
                const char* description) {
  auto options = std::make_shared<VerifyOptions>();
  options->call = call;
  CLI::App* command = app.add_subcommand(name, description);
  command->add_option("IMAGE", options->images, "References with a tag or a digest")
      ->required()
      ->option_text("name:tag|name@digest...");
  if (call == rpc::GateCall::kVerify) {
    AddAloneOptions(*command, options->alone);
  }
  command->footer(
      "Exit code: 0 allowed, 10 no signature, 12 no valid signature, 13 refused by policy,\n"
      "1 could not tell, 2 wrong usage; of several images, the one that comes last in\n"
      "0, 10, 12, 13, 1. A record for each is printed as a line of JSON on standard output.");
  AddOutputOption(*command, options->format);
  command->callback([options, &action] { action = [options] { return Verify(*options); }; });
}

}  // namespace

void AddVerify(CLI::App& app, Action& action) {
  AddCommand(app, action, rpc::GateCall::kVerify, "verify",
             "Ask the daemon, or a policy, whether images may be run");
}

void AddPrefetch(CLI::App& app, Action& action) {
  AddCommand(app, action, rpc::GateCall::kPrefetch, "prefetch",
             "Find images' signatures now and keep them for later creates");
}

}  // namespace sigward::cli
