#include "keyless/image_fixture.h"

#include <utility>

namespace sigward::testing {
namespace {

using verifier::CertificateIdentity;
using verifier::EntityDemands;
using verifier::ImageAuthority;

base::Status CheckExpected(const CertificateIdentity& identity) {
  if (identity.subject != kSubjectUri || identity.issuer != kIssuer) {
    return base::Fail(base::Reason::kIdentityMismatch, "another identity");
  }
  return base::Ok();
}

}  // namespace

const EntityDemands& UsualDemands() {
  static const EntityDemands demands = {
      verifier::TrustMaterial::Of(SigstoreRoot()),
      {1, verifier::LogRequirement{1, verifier::RequiredProof::kPromiseSuffices}, 0}};
  return demands;
}

const EntityDemands& DemandsWithoutLog() {
  static const EntityDemands demands = {verifier::TrustMaterial::Of(SigstoreRoot()),
                                        {1, std::nullopt, 0}};
  return demands;
}

ImageAuthority Keyless(const EntityDemands& demands) {
  return verifier::KeylessAuthority{
      verifier::AuthorityHash::FromBytes(base::ByteBuffer(32, 1)).value(), &demands, CheckExpected};
}

ImageAuthority Keyed(const EntityDemands* demands) {
  verifier::KeyAuthority authority =
      std::get<verifier::KeyAuthority>(AuthorityOf(TestKey::Shared(verifier::KeyType::kEcdsaP256)));
  authority.demands = demands;
  return authority;
}

ImageAuthority WithFormat(ImageAuthority authority, verifier::SignatureFormat format) {
  std::visit([&](auto& one) { one.format = format; }, authority);
  return authority;
}

SigningPlan LegacyPlan(const verifier::Digest& subject) {
  SigningPlan plan = LegacyPlanByKey();
  plan.payload = SimpleSigningFor(subject.text()).dump();
  plan.leaf = Sigstore().LeafPlan();
  return plan;
}

SigningPlan LegacyPlanByKey() {
  SigningPlan plan;
  plan.payload = SimpleSigningFor(TestImage().text()).dump();
  return plan;
}

void AddLayers(ImageEvidence& evidence, const SignatureParts& parts,
               const std::vector<base::Json>& layers) {
  evidence.AddBlob(parts.logged.payload);
  evidence.AddLegacy(ManifestOf(layers), TestImage());
}

void AddLegacySignature(ImageEvidence& evidence, const SignatureParts& parts) {
  AddLayers(evidence, parts, {LegacyLayerOf(parts)});
}

void AddBundle(ImageEvidence& evidence, const SignatureParts& parts,
               verifier::BundleVersion version) {
  AddBundleText(evidence, TestImage(), BundleOf(parts, version).dump());
}

std::string AskLayer(const SignatureParts& parts, const base::Json& layer,
                     const ImageAuthority& authority) {
  ImageEvidence evidence;
  AddLayers(evidence, parts, {layer});
  return AskImage(evidence, authority);
}

std::vector<std::string> AskForAll(const ImageEvidence& evidence,
                                   std::span<const ImageAuthority> authorities) {
  verifier::ChainMemory memory;
  const verifier::ImageVerdict verdict =
      verifier::VerifyImage(TestImage(), LinuxAmd64(), evidence.evidence(), authorities, memory);
  std::vector<std::string> words;
  for (const verifier::AuthorityVerdict& one : verdict.authorities) {
    const auto* error = std::get_if<base::Error>(&one.outcome);
    words.emplace_back(error == nullptr ? "verified" : base::ReasonWord(error->reason));
  }
  return words;
}

}  // namespace sigward::testing
