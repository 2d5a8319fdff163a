#include <utility>

#include "verifier/ossl.h"
#include "verifier/verify_image.h"

namespace sigward::verifier {
namespace {

// Keeps this hash apart from every other use of SHA-256 over similar bytes. The zero byte ends it.
constexpr std::string_view kDomain = "sigward authority: public key, hash algorithm";
constexpr std::size_t kSize = 32;

}  // namespace

AuthorityHash AuthorityHash::OfKey(const PublicKey& key, std::optional<HashAlgorithm> hash) {
  base::ByteBuffer bytes(kDomain.begin(), kDomain.end());
  bytes.push_back(0);
  bytes.insert(bytes.end(), key.fingerprint().begin(), key.fingerprint().end());
  bytes.push_back(hash ? static_cast<std::uint8_t>(*hash) : 0);
  return AuthorityHash(HashOf(bytes, HashAlgorithm::kSha256));
}

base::Result<AuthorityHash> AuthorityHash::FromBytes(base::ByteView bytes) {
  if (bytes.size() != kSize) {
    return base::Fail(base::Reason::kMalformed, "an authority's hash has 32 bytes");
  }
  return AuthorityHash(base::ByteBuffer(bytes.begin(), bytes.end()));
}

}  // namespace sigward::verifier
