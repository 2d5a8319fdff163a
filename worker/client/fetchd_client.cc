#include "worker/client/fetchd_client.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "rpc/worker.pb.h"
#include "worker/client/ask_worker.h"
#include "worker/client/evidence_objects.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;

/// Longest answer of sigward-fetchd: what its most objects and failures can need.
constexpr std::size_t kMaxFetchAnswerBytes = 512U << 10;
/// Of the time that is left, what is kept for the way back: so fetchd can say what it has got
/// before nobody listens any more.
constexpr std::chrono::milliseconds kLongestWayBack{200};

std::uint32_t TimeoutForFetchd(const base::Deadline& deadline) {
  const auto left = std::min(deadline.Left(), std::chrono::milliseconds(UINT32_MAX));
  return static_cast<std::uint32_t>((left - std::min(left / 10, kLongestWayBack)).count());
}

rpc::FetchQuestion QuestionFor(const verifier::ImageRef& image, rpc::FetchQuestion::Kind kind,
                               const base::Deadline& deadline) {
  rpc::FetchQuestion question;
  question.set_kind(kind);
  question.set_registry(image.registry());
  question.set_repository(image.repository());
  question.set_timeout_ms(TimeoutForFetchd(deadline));
  return question;
}

struct ParsedAnswer {
  rpc::FetchAnswer answer;
  std::vector<base::UniqueFd> descriptors;
};

/// Asks and takes an answer that says it has worked out; one that has not is returned as its error.
base::Result<ParsedAnswer> Ask(const std::string& path, const rpc::FetchQuestion& question,
                               const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(rpc::Message message, AskWorker(path, question.SerializeAsString(), {},
                                                           kMaxFetchAnswerBytes, deadline));
  ParsedAnswer parsed;
  const std::string_view bytes = message.bytes();
  if (!parsed.answer.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Fail(Reason::kProtocol, "sigward-fetchd's answer cannot be read");
  }
  if (parsed.answer.reason() != 0) {
    const std::optional<Reason> reason = base::ReasonFromNumber(parsed.answer.reason());
    return Fail(reason.value_or(Reason::kProtocol),
                base::OneLine(parsed.answer.detail(), kMaxPlaceText));
  }
  parsed.descriptors = std::move(message.descriptors());
  return parsed;
}

}  // namespace

base::Result<ResolvedImage> FetchdClient::Resolve(const verifier::ImageRef& image,
                                                  const base::Deadline& deadline) {
  rpc::FetchQuestion question = QuestionFor(image, rpc::FetchQuestion::RESOLVE, deadline);
  question.set_tag(image.tag().value_or(""));
  question.set_digest(image.digest() ? image.digest()->text() : "");
  SIGWARD_ASSIGN_OR_RETURN(const ParsedAnswer parsed, Ask(socket_path_, question, deadline));
  auto digest = verifier::Digest::Parse(parsed.answer.digest());
  if (!digest.ok()) {
    return Fail(Reason::kProtocol, "sigward-fetchd's digest: " + digest.error().detail);
  }
  if (image.digest() && *digest != *image.digest()) {
    return Fail(Reason::kProtocol, "sigward-fetchd resolved a digest to another one");
  }
  if (parsed.answer.media_type().size() > kMaxMediaType) {
    return Fail(Reason::kProtocol, "sigward-fetchd's media type is too long");
  }
  return ResolvedImage{.digest = std::move(digest).value(),
                       .media_type = parsed.answer.media_type()};
}

base::Result<EvidenceSet> FetchdClient::FetchEvidence(
    const verifier::ImageRef& image, const verifier::Digest& digest,
    const policy::SignatureSource& source, std::span<const policy::LogPlace> logs,
    EvidenceScope scope, const verifier::Platform& platform, const base::Deadline& deadline) {
  rpc::FetchQuestion question =
      QuestionFor(image,
                  scope == EvidenceScope::kImage ? rpc::FetchQuestion::EVIDENCE
                                                 : rpc::FetchQuestion::MEMBER_EVIDENCE,
                  deadline);
  question.set_digest(digest.text());
  *question.mutable_platform() = ToMessage(platform);
  rpc::SignaturePlace& signatures = *question.mutable_signatures();
  signatures.set_registry(source.registry);
  signatures.set_repository(source.repository);
  signatures.set_tag_prefix(source.tag_prefix);
  for (const policy::LogPlace& log : logs) {
    rpc::LogPlace& place = *question.add_logs();
    place.set_url(log.url);
    place.set_key_pem(log.key_pem);
  }
  SIGWARD_ASSIGN_OR_RETURN(ParsedAnswer parsed, Ask(socket_path_, question, deadline));
  if (parsed.descriptors.size() != 1) {
    return Fail(Reason::kProtocol, "sigward-fetchd sent " +
                                       std::to_string(parsed.descriptors.size()) +
                                       " descriptors with evidence");
  }
  auto memory =
      base::SealedMemory::Open(std::move(parsed.descriptors.front()), verifier::kMaxEvidenceBytes);
  if (!memory.ok()) {
    return Fail(Reason::kProtocol, "sigward-fetchd's evidence: " + memory.error().detail);
  }
  return ParseEvidenceSet(parsed.answer, std::move(memory).value());
}

}  // namespace sigward::worker
