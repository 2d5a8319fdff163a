#include "worker/verify/question.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "base/text.h"
#include "rpc/frame.h"
#include "rpc/worker.pb.h"
#include "verifier/verify_image.h"
#include "worker/client/evidence_objects.h"
#include "worker/client/question_bounds.h"
#include "worker/verify/asked_authorities.h"
#include "worker/verify/exchange.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;

/// All texts of one answer together, in bytes: what a frame has left beside hashes and digests when
/// everybody has signed.
constexpr std::size_t kAnswerTextBytes = 20U << 10;

/// A question that was found to be in shape.
struct Question {
  verifier::Digest image;
  verifier::Platform platform;
  AskedAuthorities asked;
  verifier::Evidence evidence;
};

base::Result<Question> ParseQuestion(const rpc::VerifyQuestion& said, base::ByteView memory) {
  if (said.nonce().size() != kNonceBytes) {
    return Fail(Reason::kProtocol, "a question without its nonce");
  }
  auto image = verifier::Digest::Parse(said.digest());
  if (!image.ok()) {
    return Fail(Reason::kProtocol, "a question's digest: " + image.error().detail);
  }
  SIGWARD_ASSIGN_OR_RETURN(verifier::Platform platform, ParsePlatform(said.platform()));
  SIGWARD_ASSIGN_OR_RETURN(AskedAuthorities asked, AskedAuthorities::Of(said));
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<EvidenceEntry> entries,
                           ParseObjects(said.objects(), memory.size()));
  return Question{.image = std::move(image).value(),
                  .platform = std::move(platform),
                  .asked = std::move(asked),
                  .evidence = EvidenceIn(memory, entries)};
}

/// With at most MAX_TEXT bytes of texts.
void Write(const verifier::AuthorityVerdict& verdict, std::size_t max_text,
           rpc::AuthorityAnswer& answer) {
  answer.set_hash(std::string(base::AsText(verdict.authority.bytes())));
  if (const auto* error = std::get_if<base::Error>(&verdict.outcome)) {
    answer.set_reason(static_cast<std::uint32_t>(error->reason));
    answer.set_detail(base::OneLine(error->detail, std::min(kMaxAnswerText, max_text)));
    return;
  }
  const auto& signature = std::get<verifier::VerifiedSignature>(verdict.outcome);
  answer.set_subject(signature.subject().text());
  answer.set_format(static_cast<std::uint32_t>(signature.format()));
  const std::size_t texts = signature.identity().has_value() ? 3 : 1;
  const auto clipped = [&](const std::string& text) {
    return base::OneLine(text, std::min(kMaxAnswerText, max_text / texts));
  };
  answer.set_docker_reference(clipped(signature.docker_reference()));
  if (signature.identity().has_value()) {
    answer.set_signer_issuer(clipped(signature.identity()->issuer));
    answer.set_signer_subject(clipped(signature.identity()->subject));
  }
  for (const verifier::Digest& digest : signature.proof()) {
    answer.add_proof(digest.text());
  }
}

}  // namespace

std::string AnswerQuestion(std::string_view question, base::ByteView evidence) {
  const rpc::VerifyQuestion said = Decode<rpc::VerifyQuestion>(question);
  const auto parsed = ParseQuestion(said, evidence);
  if (!parsed.ok()) {
    return Refusal<rpc::VerifyAnswer>(said.nonce(), parsed.error());
  }
  verifier::ChainMemory memory;
  for (const verifier::ChainMemory::Link& link : parsed->asked.links()) {
    memory.TakeOver(link);
  }
  const verifier::ImageVerdict verdict = verifier::VerifyImage(
      parsed->image, parsed->platform, parsed->evidence, parsed->asked.authorities(), memory);
  rpc::VerifyAnswer answer;
  answer.set_nonce(said.nonce());
  answer.set_digest(parsed->image.text());
  answer.set_signatures_seen(static_cast<std::uint32_t>(verdict.signatures_seen));
  const std::size_t max_text = kAnswerTextBytes / parsed->asked.authorities().size();
  for (const verifier::AuthorityVerdict& authority : verdict.authorities) {
    Write(authority, max_text, *answer.add_authorities());
  }
  std::string encoded = answer.SerializeAsString();
  if (encoded.size() > rpc::kMaxFrameBytes) {
    return Refusal<rpc::VerifyAnswer>(
        said.nonce(), Fail(Reason::kTooLarge, "the answer does not fit into a frame"));
  }
  return encoded;
}

std::string RefuseQuestion(std::string_view question, const base::Error& error) {
  return Refusal<rpc::VerifyAnswer>(Decode<rpc::VerifyQuestion>(question).nonce(), error);
}

}  // namespace sigward::worker
