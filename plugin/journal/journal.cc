#include "plugin/journal/journal.h"

#include <sys/random.h>

#include <utility>

#include "base/base64.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strict_json.h"
#include "base/text.h"

namespace sigward::journal {
namespace {

using base::Json;
using policy::Verdict;

std::string NewId() {
  std::array<std::uint8_t, 8> bytes{};
  (void)!getrandom(bytes.data(), bytes.size(), 0);
  return base::EncodeHex(bytes);
}

void AddOutcome(Json& object, Verdict verdict, const std::optional<base::Error>& error) {
  object["decision"] = policy::VerdictWord(verdict);
  if (error.has_value()) {
    object["reason"] = base::ReasonWord(error->reason);
    object["detail"] = base::OneLine(error->detail, kMaxErrorInRecord);
  }
}

/// Where an authority's signatures were looked for, when not beside the image.
void AddSource(Json& object, const policy::SignatureSource& source) {
  if (!source.IsOwnRepository()) {
    object["source"]["repository"] = base::OneLine(source.name(), kMaxImageInRecord);
  }
  if (!source.tag_prefix.empty()) {
    object["source"]["tagPrefix"] = source.tag_prefix;
  }
}

Json PolicyJson(const policy::PolicyOutcome& outcome) {
  Json policy = {{"name", outcome.name},
                 {"mode", outcome.mode == policy::Mode::kWarn ? "warn" : "enforce"}};
  AddOutcome(policy, outcome.verdict, outcome.error);
  Json authorities = Json::array();
  for (const policy::AuthorityOutcome& authority : outcome.authorities) {
    if (authorities.size() == kMaxAuthoritiesInRecord) {
      policy["authoritiesLeftOut"] = outcome.authorities.size() - kMaxAuthoritiesInRecord;
      break;
    }
    Json entry = {{"name", base::OneLine(authority.name, kMaxDetailInRecord)}};
    AddOutcome(entry, authority.verdict, authority.error);
    AddSource(entry, authority.source);
    if (authority.signer.has_value()) {
      entry["signer"] = {{"issuer", base::OneLine(authority.signer->issuer, kMaxSignerInRecord)},
                         {"subject", base::OneLine(authority.signer->subject, kMaxSignerInRecord)}};
    }
    authorities.push_back(std::move(entry));
  }
  policy["authorities"] = std::move(authorities);
  return policy;
}

Json ContainerJson(const ContainerName& container) {
  Json json = {{"namespace", base::OneLine(container.ns, kMaxDetailInRecord)},
               {"id", base::OneLine(container.id, kMaxDetailInRecord)}};
  for (const auto& [key, text] :
       {std::pair("name", &container.name), std::pair("podNamespace", &container.pod_namespace),
        std::pair("pod", &container.pod)}) {
    if (!text->empty()) {
      json[key] = base::OneLine(*text, kMaxDetailInRecord);
    }
  }
  return json;
}

std::string Text(const Json& record) {
  return record.dump(-1, ' ', false, Json::error_handler_t::replace);
}

base::Severity SeverityOf(const policy::Decision& decision) {
  const bool quiet = decision.verdict == Verdict::kAllow && decision.warnings.empty();
  return quiet ? base::Severity::kInfo : base::Severity::kWarning;
}

Json RecordOf(const Question& question, const policy::Decision& decision, const std::string& line,
              std::chrono::microseconds elapsed) {
  Json record = {{"id", NewId()},
                 {"origin", policy::OriginWord(question.origin)},
                 {"image", base::OneLine(question.image, kMaxImageInRecord)},
                 {"decision", policy::VerdictWord(decision.verdict)},
                 {"message", line},
                 {"generation", decision.generation},
                 {"elapsedMs", static_cast<double>(elapsed.count()) / 1000.0}};
  if (!question.digest.empty()) {
    record["digest"] = base::OneLine(question.digest, kMaxImageInRecord);
  }
  if (decision.error.has_value()) {
    record["reason"] = base::ReasonWord(decision.error->reason);
  }
  if (question.container.has_value()) {
    record["container"] = ContainerJson(*question.container);
  }
  for (const std::string& note : question.notes) {
    record["notes"].push_back(base::OneLine(note, kMaxDetailInRecord));
  }
  Json warnings = Json::array();
  for (const std::string& warning : decision.warnings) {
    if (warnings.size() < kMaxPoliciesInRecord) {
      warnings.push_back(base::OneLine(warning, kMaxDetailInRecord));
    }
  }
  record["warnings"] = std::move(warnings);
  Json policies = Json::array();
  for (const policy::PolicyOutcome& outcome : decision.policies) {
    if (policies.size() == kMaxPoliciesInRecord) {
      record["policiesLeftOut"] = decision.policies.size() - kMaxPoliciesInRecord;
      break;
    }
    policies.push_back(PolicyJson(outcome));
  }
  record["policies"] = std::move(policies);
  return record;
}

/// RECORD with the time, which the log puts in front of a line by itself.
std::string TimedText(Json record) {
  record["time"] = base::UtcNowText();
  return Text(record);
}

}  // namespace

Told Tell(const Question& question, const policy::Decision& decision, std::string line,
          std::chrono::microseconds elapsed) {
  std::string record = TimedText(RecordOf(question, decision, line, elapsed));
  return {std::move(line), std::move(record)};
}

Told Journal::Record(const Question& question, const policy::Decision& decision, std::string line,
                     std::chrono::microseconds elapsed) {
  Json record = RecordOf(question, decision, line, elapsed);
  const std::string logged = Text(record);
  base::LogRecord(SeverityOf(decision), "decision",
                  std::string_view(logged).substr(1, logged.size() - 2));
  std::string told = TimedText(std::move(record));
  const std::lock_guard lock(mutex_);
  switch (decision.verdict) {
    case Verdict::kAllow:
      ++counts_.allow;
      break;
    case Verdict::kDeny:
      ++counts_.deny;
      break;
    case Verdict::kUndetermined:
      ++counts_.undetermined;
      break;
  }
  return {std::move(line), std::move(told)};
}

Journal::Counts Journal::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace sigward::journal
