#include "worker/verify/question.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "base/text.h"
#include "rpc/frame.h"
#include "rpc/worker.pb.h"
#include "verifier/verify_image.h"
#include "worker/client/evidence_objects.h"
#include "worker/client/question_bounds.h"
#include "worker/verify/exchange.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;
using verifier::AuthorityHash;
using verifier::HashAlgorithm;

/// Details and docker-references of one answer together, in bytes: what a frame has left beside
/// hashes and digests when everybody has signed.
constexpr std::size_t kAnswerTextBytes = 20U << 10;

/// A question that was found to be in shape.
struct Question {
  verifier::Digest image;
  verifier::Platform platform;
  std::vector<verifier::ImageAuthority> authorities;
  verifier::Evidence evidence;
};

base::Result<std::optional<HashAlgorithm>> ParseHash(std::uint32_t number) {
  if (number == 0) {
    return std::optional<HashAlgorithm>();
  }
  for (const HashAlgorithm hash : {HashAlgorithm::kSha224, HashAlgorithm::kSha256,
                                   HashAlgorithm::kSha384, HashAlgorithm::kSha512}) {
    if (number == static_cast<std::uint32_t>(hash)) {
      return std::optional(hash);
    }
  }
  return Fail(Reason::kProtocol, "an authority has an unknown hash algorithm");
}

base::Result<verifier::KeyAuthority> ParseAuthority(const rpc::Authority& said) {
  auto key = verifier::PublicKey::Parse(said.key_pem());
  if (!key.ok()) {
    return Fail(Reason::kProtocol, "an authority's key: " + key.error().detail);
  }
  SIGWARD_ASSIGN_OR_RETURN(const std::optional<HashAlgorithm> hash,
                           ParseHash(said.hash_algorithm()));
  // What a proof is remembered by has to be what was checked.
  AuthorityHash id = AuthorityHash::OfKey(*key, hash);
  if (base::AsText(id.bytes()) != said.hash()) {
    return Fail(Reason::kProtocol, "an authority's hash is not that of its key");
  }
  return verifier::KeyAuthority{.id = std::move(id), .key = std::move(key).value(), .hash = hash};
}

base::Result<std::vector<verifier::ImageAuthority>> ParseAuthorities(
    const rpc::VerifyQuestion& said) {
  const int count = said.authorities_size();
  if (count == 0 || static_cast<std::size_t>(count) > kMaxAuthoritiesPerQuestion) {
    return Fail(Reason::kProtocol, "a question about " + std::to_string(count) + " authorities");
  }
  std::vector<verifier::ImageAuthority> authorities;
  std::set<AuthorityHash> seen;
  for (const rpc::Authority& part : said.authorities()) {
    SIGWARD_ASSIGN_OR_RETURN(verifier::KeyAuthority authority, ParseAuthority(part));
    if (!seen.insert(authority.id).second) {
      return Fail(Reason::kProtocol, "a question names one authority twice");
    }
    authorities.push_back(std::move(authority));
  }
  return authorities;
}

base::Result<Question> ParseQuestion(const rpc::VerifyQuestion& said, base::ByteView memory) {
  if (said.nonce().size() != kNonceBytes) {
    return Fail(Reason::kProtocol, "a question without its nonce");
  }
  auto image = verifier::Digest::Parse(said.digest());
  if (!image.ok()) {
    return Fail(Reason::kProtocol, "a question's digest: " + image.error().detail);
  }
  SIGWARD_ASSIGN_OR_RETURN(verifier::Platform platform, ParsePlatform(said.platform()));
  SIGWARD_ASSIGN_OR_RETURN(std::vector<verifier::ImageAuthority> authorities,
                           ParseAuthorities(said));
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<EvidenceEntry> entries,
                           ParseObjects(said.objects(), memory.size()));
  return Question{.image = std::move(image).value(),
                  .platform = std::move(platform),
                  .authorities = std::move(authorities),
                  .evidence = EvidenceIn(memory, entries)};
}

void Write(const verifier::AuthorityVerdict& verdict, std::size_t max_text,
           rpc::AuthorityAnswer& answer) {
  answer.set_hash(std::string(base::AsText(verdict.authority.bytes())));
  if (const auto* error = std::get_if<base::Error>(&verdict.outcome)) {
    answer.set_reason(static_cast<std::uint32_t>(error->reason));
    answer.set_detail(base::OneLine(error->detail, max_text));
    return;
  }
  const auto& signature = std::get<verifier::VerifiedSignature>(verdict.outcome);
  answer.set_subject(signature.subject().text());
  answer.set_format(static_cast<std::uint32_t>(signature.format()));
  answer.set_docker_reference(base::OneLine(signature.docker_reference(), max_text));
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
  const verifier::ImageVerdict verdict = verifier::VerifyImage(
      parsed->image, parsed->platform, parsed->evidence, parsed->authorities, memory);
  rpc::VerifyAnswer answer;
  answer.set_nonce(said.nonce());
  answer.set_digest(parsed->image.text());
  answer.set_signatures_seen(static_cast<std::uint32_t>(verdict.signatures_seen));
  const std::size_t max_text =
      std::min(kMaxAnswerText, kAnswerTextBytes / parsed->authorities.size());
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
