#include <utility>

#include "verifier/ossl.h"
#include "verifier/verify_image.h"

namespace sigward::verifier {
namespace {

// Keeps this hash apart from every other use of SHA-256 over similar bytes. The zero byte ends it.
constexpr std::string_view kDomain = "sigward authority";
constexpr std::size_t kSize = 32;

}  // namespace

AuthorityHash AuthorityHash::Of(std::string_view content) {
  base::ByteBuffer bytes(kDomain.begin(), kDomain.end());
  bytes.push_back(0);
  bytes.insert(bytes.end(), content.begin(), content.end());
  return AuthorityHash(HashOf(bytes, HashAlgorithm::kSha256));
}

base::Result<AuthorityHash> AuthorityHash::FromBytes(base::ByteView bytes) {
  if (bytes.size() != kSize) {
    return base::Fail(base::Reason::kMalformed, "an authority's hash has 32 bytes");
  }
  return AuthorityHash(base::ByteBuffer(bytes.begin(), bytes.end()));
}

}  // namespace sigward::verifier
