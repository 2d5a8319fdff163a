#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strict_json.h"
#include "test_key.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"
#include "verifier/verify_image.h"

namespace sigward::testing {

inline constexpr std::string_view kBundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
inline constexpr std::string_view kLegacyAnnotation = "dev.cosignproject.cosign/signature";

/// Objects of an Evidence together with the memory that they lie in.
class ImageEvidence {
 public:
  /// Adds BYTES under their own digest, which it returns.
  verifier::Digest Add(verifier::ObjectKind kind, std::string bytes,
                       std::optional<verifier::Digest> offered_for = std::nullopt);
  /// Adds BYTES under a digest that somebody claims.
  void AddAs(const verifier::Digest& digest, verifier::ObjectKind kind, std::string bytes,
             std::optional<verifier::Digest> offered_for = std::nullopt);

  verifier::Digest AddBlob(std::string bytes) {
    return Add(verifier::ObjectKind::kBlob, std::move(bytes));
  }
  verifier::Digest AddLegacy(const base::Json& manifest, const verifier::Digest& offered_for) {
    return Add(verifier::ObjectKind::kLegacyManifest, manifest.dump(), offered_for);
  }
  verifier::Digest AddReferrer(const base::Json& manifest, const verifier::Digest& offered_for) {
    return Add(verifier::ObjectKind::kReferrerManifest, manifest.dump(), offered_for);
  }

  const verifier::Evidence& evidence() const { return evidence_; }

 private:
  std::deque<std::string> memory_;
  verifier::Evidence evidence_;
};

/// {"mediaType", "digest", "size"} of BYTES.
base::Json DescriptorOf(std::string_view media_type, std::string_view bytes);
/// An OCI manifest with an empty config and LAYERS.
base::Json ManifestOf(const std::vector<base::Json>& layers);
/// The same as a referrer of SUBJECT.
base::Json ReferrerOf(const std::vector<base::Json>& layers, const verifier::Digest& subject);
/// An OCI index whose entries are {digest of manifest bytes, platform}.
base::Json IndexEntry(const verifier::Digest& digest, std::string_view os,
                      std::string_view architecture, std::string_view variant = "");
base::Json IndexOf(const std::vector<base::Json>& entries);

/// cosign's simple-signing payload for DIGEST.
base::Json SimpleSigningFor(std::string_view digest);
/// The descriptor of a legacy signature over PAYLOAD.
base::Json LegacyLayer(std::string_view payload, const std::string& signature_text);
std::string SignText(const TestKey& key, std::string_view message,
                     verifier::HashAlgorithm hash = verifier::HashAlgorithm::kSha256);

/// cosign 3's in-toto statement for an image signature of SUBJECT.
base::Json StatementFor(const verifier::Digest& subject);
/// The pre-authentication encoding, written here once more so that the product's is tested by
/// another.
std::string PaeOf(std::string_view type, std::string_view payload);
/// A bundle v0.3 around PAYLOAD, signed by KEY.
base::Json BundleFor(const TestKey& key, std::string_view payload,
                     verifier::HashAlgorithm hash = verifier::HashAlgorithm::kSha256,
                     std::string_view payload_type = "application/vnd.in-toto+json");

/// Adds PAYLOAD and a manifest whose only layer is a signature of it; returns the manifest's
/// digest.
verifier::Digest AddLegacyText(ImageEvidence& evidence, const verifier::Digest& offered_for,
                               const std::string& payload, const std::string& signature_text);
/// Adds a whole good signature of SUBJECT by KEY; returns the digest of its manifest.
verifier::Digest AddGoodLegacy(ImageEvidence& evidence, const verifier::Digest& subject,
                               const TestKey& key);
verifier::Digest AddGoodBundle(ImageEvidence& evidence, const verifier::Digest& subject,
                               const TestKey& key);
/// Adds BUNDLE as the only layer of a referrer of SUBJECT; returns the digest of that manifest.
verifier::Digest AddBundleText(ImageEvidence& evidence, const verifier::Digest& subject,
                               const std::string& bundle);

/// The witness for TEXT, which must outlive it: the test signs it and verifies the signature.
verifier::SignedBytes WitnessOf(std::string_view text);
verifier::SignedBytes WitnessOf(std::string&& text) = delete;

verifier::ImageAuthority AuthorityOf(const TestKey& key,
                                     std::optional<verifier::HashAlgorithm> hash = std::nullopt);

const verifier::Digest& TestImage();
verifier::Platform LinuxAmd64();

/// What VerifyImage says about IMAGE for the one authority KEY.
struct OneVerdict {
  std::variant<base::Error, verifier::VerifiedSignature> outcome;
  std::size_t signatures_seen;

  bool verified() const { return outcome.index() == 1; }
  const verifier::VerifiedSignature& signature() const { return std::get<1>(outcome); }
  const base::Error& error() const { return std::get<0>(outcome); }
  /// The reason's word, or "verified".
  std::string word() const;
};
OneVerdict VerifyOne(const ImageEvidence& evidence, const TestKey& key,
                     const verifier::Digest& image = TestImage(),
                     std::optional<verifier::HashAlgorithm> hash = std::nullopt);

}  // namespace sigward::testing
