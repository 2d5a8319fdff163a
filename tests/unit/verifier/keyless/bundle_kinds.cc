#include "keyless/bundle_kinds.h"

#include <algorithm>
#include <map>
#include <utility>

#include "image_evidence.h"

namespace sigward::testing {
namespace {

using verifier::BundleVersion;
using verifier::EntryKind;
using verifier::KeyType;

constexpr auto kV01 = BundleVersion::kV01;
constexpr auto kV02 = BundleVersion::kV02;
constexpr auto kV03 = BundleVersion::kV03;
constexpr auto kMessage = Content::kMessage;
constexpr auto kEnvelope = Content::kEnvelope;
constexpr auto kCertificate = Signer::kCertificate;
constexpr auto kKey = Signer::kKey;
constexpr auto kHashedRekord = EntryKind::kHashedRekordV001;
constexpr auto kDsse = EntryKind::kDsseV001;
constexpr auto kIntoto = EntryKind::kIntotoV002;
constexpr auto kRekorV2 = EntryKind::kHashedRekordV002;

constexpr BundleKind kKinds[] = {
    {"01 message", kV01, kMessage, kCertificate, kHashedRekord, Beside::kPromise},
    {"01 dsse", kV01, kEnvelope, kCertificate, kDsse, Beside::kPromise},
    {"01 intoto", kV01, kEnvelope, kCertificate, kIntoto, Beside::kPromise},
    {"01 message with proof", kV01, kMessage, kCertificate, kHashedRekord,
     Beside::kPromiseAndProof},
    {"02 message", kV02, kMessage, kCertificate, kHashedRekord, Beside::kPromiseAndProof},
    {"02 dsse", kV02, kEnvelope, kCertificate, kDsse, Beside::kPromiseAndProof},
    {"02 intoto", kV02, kEnvelope, kCertificate, kIntoto, Beside::kPromiseAndProof},
    {"03 message", kV03, kMessage, kCertificate, kHashedRekord, Beside::kPromiseAndProof},
    {"03 message P-384", kV03, kMessage, kCertificate, kHashedRekord, Beside::kPromiseAndProof,
     KeyType::kEcdsaP384},
    {"03 message stamped", kV03, kMessage, kCertificate, kHashedRekord, Beside::kProofAndStamp},
    {"03 message twice timed", kV03, kMessage, kCertificate, kHashedRekord,
     Beside::kPromiseProofAndStamp},
    {"03 dsse", kV03, kEnvelope, kCertificate, kDsse, Beside::kPromiseAndProof},
    {"03 dsse RSA", kV03, kEnvelope, kCertificate, kDsse, Beside::kPromiseAndProof, KeyType::kRsa},
    {"03 intoto", kV03, kEnvelope, kCertificate, kIntoto, Beside::kPromiseAndProof},
    {"03 message v2", kV03, kMessage, kCertificate, kRekorV2, Beside::kProofAndStamp},
    {"03 message v2 P-384", kV03, kMessage, kCertificate, kRekorV2, Beside::kProofAndStamp,
     KeyType::kEcdsaP384},
    {"03 envelope v2", kV03, kEnvelope, kCertificate, kRekorV2, Beside::kProofAndStamp},
    {"01 message by key", kV01, kMessage, kKey, kHashedRekord, Beside::kPromise},
    {"02 dsse by key", kV02, kEnvelope, kKey, kDsse, Beside::kPromiseAndProof},
    {"03 message by key", kV03, kMessage, kKey, kHashedRekord, Beside::kPromiseAndProof},
    {"03 intoto by key", kV03, kEnvelope, kKey, kIntoto, Beside::kPromiseAndProof},
    {"03 dsse by Ed25519", kV03, kEnvelope, kKey, kDsse, Beside::kProof, KeyType::kEd25519},
    {"03 message v2 by key", kV03, kMessage, kKey, kRekorV2, Beside::kProof},
    {"03 message v2 by key stamped", kV03, kMessage, kKey, kRekorV2, Beside::kProofAndStamp},
    {"03 envelope v2 by P-521", kV03, kEnvelope, kKey, kRekorV2, Beside::kProof,
     KeyType::kEcdsaP521},
};

bool HasStamp(Beside beside) {
  return beside == Beside::kProofAndStamp || beside == Beside::kPromiseProofAndStamp;
}

bool HasPromise(Beside beside) {
  return beside != Beside::kProof && beside != Beside::kProofAndStamp;
}

}  // namespace

std::span<const BundleKind> BundleKinds() {
  return kKinds;
}

const BundleKind& KindNamed(std::string_view name) {
  const auto* const found = std::ranges::find(kKinds, name, &BundleKind::name);
  if (found == std::end(kKinds)) {
    base::AbortOnMisuse("no bundle is made of that kind");
  }
  return *found;
}

PrivateSigstore& Sigstore() {
  static PrivateSigstore sigstore;
  return sigstore;
}

const verifier::TrustRoot& SigstoreRoot() {
  static const verifier::TrustRoot root = PrivateSigstore::RootOf(Sigstore().root_json());
  return root;
}

std::string_view ArtifactText() {
  return "the image's manifest";
}

verifier::ArtifactDigests Artifact() {
  return verifier::ArtifactDigests::Of(base::AsBytes(ArtifactText()));
}

verifier::ExpectedIdentity Expected() {
  return {std::string(kSubjectUri), std::string(kIssuer)};
}

SigningPlan PlanOf(const BundleKind& kind, const PrivateSigstore& sigstore) {
  SigningPlan plan;
  plan.payload = ArtifactText();
  if (kind.content == Content::kEnvelope) {
    plan.payload = StatementFor(TestImage()).dump();
    plan.payload_type = "application/vnd.in-toto+json";
  }
  plan.entry = kind.entry;
  plan.key = &TestKey::Shared(kind.key);
  if (kind.signer == Signer::kCertificate) {
    plan.leaf = sigstore.LeafPlan();
  }
  if (HasStamp(kind.beside)) {
    plan.stamped = TimestampAuthority::kNow;
  }
  return plan;
}

SignatureParts PartsOf(const BundleKind& kind, const SigningPlan& plan, PrivateSigstore& sigstore) {
  SignatureParts parts = sigstore.Make(plan);
  if (kind.beside == Beside::kPromise) {
    parts.entries.front().inclusion_proof.reset();
  }
  if (!HasPromise(kind.beside)) {
    parts.entries.front().signed_entry_timestamp.reset();
  }
  return parts;
}

Question QuestionFor(const BundleKind& kind) {
  Question question;
  if (kind.signer == Signer::kKey) {
    static std::map<KeyType, verifier::PublicKey> keys;
    const auto known = keys.try_emplace(kind.key, TestKey::Shared(kind.key).public_key()).first;
    question.signer = &known->second;
  }
  return question;
}

std::string Ask(std::string_view bundle, const Question& question) {
  verifier::ChainMemory memory;
  auto parsed = verifier::ParseBundle(base::AsBytes(bundle));
  if (!parsed.ok()) {
    return std::string(base::ReasonWord(parsed.error().reason));
  }
  const auto verified = verifier::VerifyBundle(*std::move(parsed), question.artifact,
                                               question.signer, *question.root, memory);
  return verified.ok() ? "verified" : std::string(base::ReasonWord(verified.error().reason));
}

std::string Ask(const SignatureParts& parts, verifier::BundleVersion version,
                const Question& question) {
  return Ask(BundleOf(parts, version).dump(), question);
}

}  // namespace sigward::testing
