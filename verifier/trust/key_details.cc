#include "verifier/trust/key_details.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "base/text.h"
#include "verifier/spki.h"

namespace sigward::verifier {
namespace {

constexpr std::size_t kAnySize = 0;

struct Details {
  std::string_view name;
  KeyType type;
  HashAlgorithm hash;
  /// RSA only: bytes of the modulus.
  std::size_t modulus_bytes;
  /// The key is a bare PKCS#1 RSAPublicKey.
  bool pkcs1;
};

// What sigstore's algorithm registry has for signatures by PKIX keys, and the two older names that
// roots of 2023 carry.
constexpr std::array<Details, 11> kDetails = {{
    {"PKIX_ECDSA_P256_SHA_256", KeyType::kEcdsaP256, HashAlgorithm::kSha256, kAnySize, false},
    {"PKIX_ECDSA_P384_SHA_384", KeyType::kEcdsaP384, HashAlgorithm::kSha384, kAnySize, false},
    {"PKIX_ECDSA_P521_SHA_512", KeyType::kEcdsaP521, HashAlgorithm::kSha512, kAnySize, false},
    {"PKIX_ECDSA_P384_SHA_256", KeyType::kEcdsaP384, HashAlgorithm::kSha256, kAnySize, false},
    {"PKIX_ECDSA_P521_SHA_256", KeyType::kEcdsaP521, HashAlgorithm::kSha256, kAnySize, false},
    {"PKIX_ED25519", KeyType::kEd25519, HashAlgorithm::kSha512, kAnySize, false},
    {"PKIX_RSA_PKCS1V15_2048_SHA256", KeyType::kRsa, HashAlgorithm::kSha256, 256, false},
    {"PKIX_RSA_PKCS1V15_3072_SHA256", KeyType::kRsa, HashAlgorithm::kSha256, 384, false},
    {"PKIX_RSA_PKCS1V15_4096_SHA256", KeyType::kRsa, HashAlgorithm::kSha256, 512, false},
    {"PKIX_RSA_PKCS1V5", KeyType::kRsa, HashAlgorithm::kSha256, kAnySize, false},
    {"PKCS1_RSA_PKCS1V5", KeyType::kRsa, HashAlgorithm::kSha256, kAnySize, true},
}};

bool Fits(const Details& details, const KeyParts& parts) {
  return details.type == parts.type &&
         (details.modulus_bytes == kAnySize || details.modulus_bytes == parts.modulus.size());
}

}  // namespace

base::Result<DetailedKey> ReadDetailedKey(base::ByteView raw, std::string_view name) {
  const auto* details = std::find_if(kDetails.begin(), kDetails.end(),
                                     [&](const Details& d) { return d.name == name; });
  if (details == kDetails.end()) {
    return base::Fail(
        base::Reason::kUnsupportedAlgorithm,
        "key details " + base::OneLine(name, base::kMaxNameInError) + " are not supported");
  }
  if (raw.size() > kMaxPublicKeyPem) {
    return base::Fail(base::Reason::kTooLarge,
                      "public key: longer than " + std::to_string(kMaxPublicKeyPem) + " bytes");
  }
  const base::ByteBuffer spki =
      details->pkcs1 ? SpkiOfPkcs1(raw) : base::ByteBuffer(raw.begin(), raw.end());
  const base::Result<KeyParts> parts = ParseSpki(spki);
  // Known details promise a key that is known; only a key of the right kind may be too weak.
  if (parts.ok() ? !Fits(*details, *parts)
                 : parts.error().reason == base::Reason::kUnsupportedAlgorithm) {
    return base::Fail(
        base::Reason::kMalformed,
        "the key is not of the kind that its details say: " + std::string(details->name));
  }
  SIGWARD_ASSIGN_OR_RETURN(PublicKey key, PublicKey::FromSpki(spki));
  return DetailedKey{std::move(key), details->hash};
}

std::string_view DetailsWithSha256(base::ByteView spki) {
  const base::Result<KeyParts> parts = ParseSpki(spki);
  const auto fits = [&](const Details& d) {
    return !d.pkcs1 && Fits(d, *parts) &&
           (d.hash == HashAlgorithm::kSha256 || d.type == KeyType::kEd25519);
  };
  const auto* details =
      parts.ok() ? std::find_if(kDetails.begin(), kDetails.end(), fits) : kDetails.end();
  return details == kDetails.end() ? std::string_view() : details->name;
}

}  // namespace sigward::verifier
