#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "image_evidence.h"
#include "keyless/bundle_kinds.h"
#include "verifier/verify_image.h"

namespace sigward::testing {

/// What a policy asks for by default: an SCT, and a log's promise or proof.
const verifier::EntityDemands& UsualDemands();
/// The same with no log asked for, so that stamps are all that tells a time.
const verifier::EntityDemands& DemandsWithoutLog();

/// Certificates for Expected().
verifier::ImageAuthority Keyless(const verifier::EntityDemands& demands = UsualDemands());
/// The key that plans sign with. Null DEMANDS: nothing beside it counts.
verifier::ImageAuthority Keyed(const verifier::EntityDemands* demands = nullptr);
verifier::ImageAuthority WithFormat(verifier::ImageAuthority authority,
                                    verifier::SignatureFormat format);

/// A legacy signature of SUBJECT as cosign makes it.
SigningPlan LegacyPlan(const verifier::Digest& subject = TestImage());
SigningPlan LegacyPlanByKey();

/// Adds a signature image with LAYERS over the payload of PARTS.
void AddLayers(ImageEvidence& evidence, const SignatureParts& parts,
               const std::vector<base::Json>& layers);
void AddLegacySignature(ImageEvidence& evidence, const SignatureParts& parts);
void AddBundle(ImageEvidence& evidence, const SignatureParts& parts,
               verifier::BundleVersion version = verifier::BundleVersion::kV03);

/// "verified", or the word of the reason why not, for each authority in turn.
std::vector<std::string> AskForAll(const ImageEvidence& evidence,
                                   std::span<const verifier::ImageAuthority> authorities);

template <typename... Authorities>
std::vector<std::string> AskForEach(const ImageEvidence& evidence, Authorities... authorities) {
  const verifier::ImageAuthority all[] = {std::move(authorities)...};
  return AskForAll(evidence, all);
}

inline std::string AskImage(const ImageEvidence& evidence,
                            const verifier::ImageAuthority& authority = Keyless()) {
  return AskForAll(evidence, {&authority, 1}).front();
}

/// The same of a signature image with this one LAYER over the payload of PARTS.
std::string AskLayer(const SignatureParts& parts, const base::Json& layer,
                     const verifier::ImageAuthority& authority = Keyless());
/// The same of the layer that cosign makes of PARTS.
inline std::string AskLegacy(const SignatureParts& parts,
                             const verifier::ImageAuthority& authority = Keyless()) {
  return AskLayer(parts, LegacyLayerOf(parts), authority);
}

}  // namespace sigward::testing
