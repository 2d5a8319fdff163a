#include "worker/client/verifyd_client.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "rpc/frame.h"
#include "rpc/worker.pb.h"
#include "worker/client/answer_binding.h"
#include "worker/client/ask_worker.h"
#include "worker/client/evidence_objects.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;
using verifier::AuthorityHash;
using verifier::Digest;
using verifier::SignatureFormat;

base::Status AddTrustRoots(const AuthoritiesToAsk& asked, rpc::VerifyQuestion& question) {
  std::set<std::string_view> names;
  for (const policy::Authority* authority : asked.authorities) {
    for (const std::string* name : policy::TrustRootsOf(*authority)) {
      names.insert(*name);
    }
  }
  for (const std::string_view name : names) {
    const auto named = asked.trust_roots.find(name);
    if (named == asked.trust_roots.end()) {
      return Fail(Reason::kInternal, "there is no trust root " + std::string(name));
    }
    rpc::TrustRoot& trust_root = *question.add_trust_roots();
    trust_root.set_name(named->first);
    trust_root.set_json(named->second.json());
    for (const verifier::ChainMemory::Link& link : named->second.links()) {
      trust_root.add_links(std::string(base::AsText(link)));
    }
  }
  return base::Ok();
}

base::Status AddAuthorities(const AuthoritiesToAsk& asked, rpc::VerifyQuestion& question) {
  for (const policy::Authority* asked_authority : asked.authorities) {
    if (!asked_authority->id.has_value()) {
      return Fail(Reason::kInternal, "an authority without an id");
    }
    rpc::Authority& authority = *question.add_authorities();
    authority.set_hash(std::string(base::AsText(asked_authority->id->bytes())));
    authority.set_rule(policy::CompileAuthority(*asked_authority));
  }
  return AddTrustRoots(asked, question);
}

base::Result<rpc::VerifyQuestion> QuestionFor(const Digest& image,
                                              const verifier::Platform& platform,
                                              const EvidenceSet& evidence,
                                              const AuthoritiesToAsk& asked) {
  if (asked.authorities.size() > kMaxAuthoritiesPerQuestion) {
    return Fail(Reason::kTooLarge, "policies name " + std::to_string(asked.authorities.size()) +
                                       " keys and keyless authorities for one image, at most " +
                                       std::to_string(kMaxAuthoritiesPerQuestion) +
                                       " are looked at");
  }
  rpc::VerifyQuestion question;
  SIGWARD_ASSIGN_OR_RETURN(*question.mutable_nonce(), MakeNonce());
  question.set_digest(image.text());
  *question.mutable_platform() = ToMessage(platform);
  SIGWARD_RETURN_IF_ERROR(AddAuthorities(asked, question));
  *question.mutable_objects() = ToObjects(evidence.entries);
  return question;
}

base::Result<SignatureFormat> ParseFormat(std::uint32_t number) {
  for (const SignatureFormat format :
       {SignatureFormat::kCosignLegacy, SignatureFormat::kSigstoreBundle}) {
    if (number == static_cast<std::uint32_t>(format)) {
      return format;
    }
  }
  return NotAnAnswer("names a signature format that does not exist");
}

/// The digests of a proof, which must all be of objects that were sent.
base::Result<std::vector<Digest>> ParseProof(const rpc::AuthorityAnswer& said,
                                             const EvidenceSet& evidence) {
  if (said.proof().empty() || static_cast<std::size_t>(said.proof_size()) > kMaxProofObjects) {
    return NotAnAnswer("proves with no object or too many");
  }
  std::vector<Digest> proof;
  for (const std::string& text : said.proof()) {
    auto digest = Digest::Parse(text);
    const auto is_sent = [&](const EvidenceEntry& entry) { return entry.digest == *digest; };
    if (!digest.ok() || std::ranges::none_of(evidence.entries, is_sent)) {
      return NotAnAnswer("proves with an object that was not sent");
    }
    proof.push_back(std::move(digest).value());
  }
  return proof;
}

std::optional<policy::Proof::Signer> SignerIn(const rpc::AuthorityAnswer& said) {
  if (said.signer_issuer().empty() && said.signer_subject().empty()) {
    return std::nullopt;
  }
  return policy::Proof::Signer{base::OneLine(said.signer_issuer(), kMaxAnswerText),
                               base::OneLine(said.signer_subject(), kMaxAnswerText)};
}

}  // namespace

void VerifydAnswer::AddProof(Digest image, AuthorityHash authority, Digest evidence,
                             SignatureFormat format, std::string docker_reference,
                             std::optional<policy::Proof::Signer> signer) {
  proofs_.push_back(policy::Proof(std::move(image), std::move(authority), std::move(evidence),
                                  format, std::move(docker_reference), std::move(signer)));
}

base::Status VerifydClient::AcceptAuthority(const rpc::AuthorityAnswer& said,
                                            const AuthorityHash& authority, const Digest& image,
                                            const EvidenceSet& evidence, VerifydAnswer& answer) {
  if (said.reason() != 0) {
    const std::optional<Reason> reason = base::ReasonFromNumber(said.reason());
    if (!reason) {
      return NotAnAnswer("has a reason that does not exist");
    }
    answer.failures_.emplace(authority,
                             Fail(*reason, base::OneLine(said.detail(), kMaxAnswerText)));
    return base::Ok();
  }
  if (!Digest::Parse(said.subject()).ok()) {
    return NotAnAnswer("names no subject");
  }
  SIGWARD_ASSIGN_OR_RETURN(const SignatureFormat format, ParseFormat(said.format()));
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<Digest> proof, ParseProof(said, evidence));
  answer.AddProof(image, authority, proof.front(), format,
                  base::OneLine(said.docker_reference(), kMaxAnswerText), SignerIn(said));
  for (const Digest& digest : proof) {
    if (std::ranges::find(answer.used_, digest) == answer.used_.end()) {
      answer.used_.push_back(digest);
    }
  }
  return base::Ok();
}

base::Result<VerifydAnswer> VerifydClient::Accept(const rpc::VerifyQuestion& question,
                                                  const rpc::VerifyAnswer& said,
                                                  const Digest& image,
                                                  const EvidenceSet& evidence) {
  SIGWARD_RETURN_IF_ERROR(
      CheckBinding(question.nonce(), said.nonce(), said.reason(), said.detail()));
  if (said.digest() != image.text()) {
    return NotAnAnswer("is about another image");
  }
  if (said.signatures_seen() > verifier::kMaxSignatures) {
    return NotAnAnswer("has seen more signatures than are looked at");
  }
  std::set<std::string> open;
  for (const rpc::Authority& authority : question.authorities()) {
    open.insert(authority.hash());
  }
  VerifydAnswer answer;
  answer.signatures_seen_ = said.signatures_seen();
  for (const rpc::AuthorityAnswer& part : said.authorities()) {
    if (open.erase(part.hash()) != 1) {
      return NotAnAnswer("is about an authority that was not asked for, or twice about one");
    }
    SIGWARD_ASSIGN_OR_RETURN(const AuthorityHash authority,
                             AuthorityHash::FromBytes(base::AsBytes(part.hash())));
    SIGWARD_RETURN_IF_ERROR(AcceptAuthority(part, authority, image, evidence, answer));
  }
  if (!open.empty()) {
    return NotAnAnswer("says nothing about an authority");
  }
  return answer;
}

// A policy that compiles fits into a question, with its objects beside it.
static_assert(policy::kMaxPolicyMaterial + (std::size_t{1} << 20) <= kMaxQuestionBytes);

base::Result<VerifydAnswer> VerifydClient::Verify(const Digest& image,
                                                  const verifier::Platform& platform,
                                                  const EvidenceSet& evidence,
                                                  const AuthoritiesToAsk& asked,
                                                  const base::Deadline& deadline) {
  if (asked.authorities.empty()) {
    return VerifydAnswer();
  }
  SIGWARD_ASSIGN_OR_RETURN(const rpc::VerifyQuestion question,
                           QuestionFor(image, platform, evidence, asked));
  const std::string encoded = question.SerializeAsString();
  if (encoded.size() > kMaxQuestionBytes) {
    return Fail(Reason::kTooLarge, "the authorities and trust roots of one image are " +
                                       std::to_string(encoded.size()) + " bytes, at most " +
                                       std::to_string(kMaxQuestionBytes) + " are looked at");
  }
  SIGWARD_ASSIGN_OR_RETURN(
      const rpc::Message message,
      AskWorker(socket_path_, encoded, {evidence.memory.fd()}, rpc::kMaxFrameBytes, deadline));
  SIGWARD_ASSIGN_OR_RETURN(const rpc::VerifyAnswer said, DecodeAnswer<rpc::VerifyAnswer>(message));
  return Accept(question, said, image, evidence);
}

}  // namespace sigward::worker
