#include "signed_image.h"

#include <utility>

#include "worker/client/evidence_objects.h"
#include "worker/client/question_bounds.h"

namespace sigward::testing {

using verifier::ObjectKind;

worker::EvidenceSet SetOf(const ImageEvidence& evidence) {
  std::string all;
  std::vector<worker::EvidenceEntry> entries;
  for (const verifier::EvidenceObject& object : evidence.evidence()) {
    entries.push_back({.kind = object.kind,
                       .digest = object.digest,
                       .offset = all.size(),
                       .size = object.bytes.size(),
                       .offered_for = object.offered_for ? object.offered_for->text() : "",
                       .media_type = ""});
    all += base::AsText(object.bytes);
  }
  auto memory = base::SealedMemory::Open(base::SealBytes(base::AsBytes(all)).value(), all.size());
  return {.memory = std::move(memory).value(), .entries = std::move(entries), .unread = {}};
}

worker::EvidenceSet SignedBy(const TestKey& key) {
  ImageEvidence evidence;
  AddGoodLegacy(evidence, TestImage(), key);
  AddGoodBundle(evidence, TestImage(), key);
  return SetOf(evidence);
}

policy::Authority AuthorityFor(const TestKey& key, std::optional<verifier::HashAlgorithm> hash) {
  policy::Authority authority = {"key", policy::KeyRule::Of(key.public_pem(), hash).value()};
  authority.id = policy::IdOf(authority, {}).value();
  return authority;
}

worker::AuthoritiesToAsk Asking(const std::vector<policy::Authority>& rules) {
  static const policy::TrustRoots kNone;
  std::vector<const policy::Authority*> pointers;
  for (const policy::Authority& rule : rules) {
    pointers.push_back(&rule);
  }
  return {std::move(pointers), kNone};
}

std::vector<policy::Authority> StrangeAuthorities(std::size_t count) {
  std::vector<policy::Authority> rules;
  for (std::size_t i = 0; i < count; ++i) {
    rules.push_back(AuthorityFor(TestKey::Ec("P-256")));
  }
  return rules;
}

rpc::VerifyQuestion QuestionAbout(const worker::EvidenceSet& evidence,
                                  const std::vector<policy::Authority>& rules) {
  rpc::VerifyQuestion question;
  question.set_nonce(std::string(worker::kNonceBytes, 'n'));
  question.set_digest(TestImage().text());
  *question.mutable_platform() = worker::ToMessage(LinuxAmd64());
  for (const policy::Authority& rule : rules) {
    rpc::Authority& authority = *question.add_authorities();
    authority.set_hash(std::string(base::AsText(rule.id->bytes())));
    authority.set_rule(policy::CompileAuthority(rule));
  }
  *question.mutable_objects() = worker::ToObjects(evidence.entries);
  return question;
}

SlowQuestion::SlowQuestion() : evidence(SetOf(ImageEvidence())) {
  for (std::size_t i = 0; i < worker::kMaxAuthoritiesPerQuestion; ++i) {
    rules.push_back(AuthorityFor(TestKey::Ec("P-384")));
  }
  const TestKey signer = TestKey::Ec("P-384");
  ImageEvidence signatures;
  std::vector<base::Json> layers;
  for (std::size_t i = 0; i < verifier::kMaxSignatures; ++i) {
    base::Json payload = SimpleSigningFor(TestImage().text());
    payload["optional"] = {{"number", i}};
    const std::string text = payload.dump();
    layers.push_back(LegacyLayer(text, SignText(signer, text)));
    signatures.AddBlob(text);
  }
  signatures.AddLegacy(ManifestOf(layers), TestImage());
  evidence = SetOf(signatures);
}

}  // namespace sigward::testing
