#include "verifier/artifact_digests.h"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "verifier/ossl.h"

namespace sigward::verifier {

struct ArtifactHasher::State {
  HashAlgorithm algorithm;
  EvpDigestContextPtr context;
};

ArtifactHasher::ArtifactHasher() {
  for (const HashAlgorithm algorithm :
       {HashAlgorithm::kSha256, HashAlgorithm::kSha384, HashAlgorithm::kSha512}) {
    states_.push_back({algorithm, EvpDigestContextPtr(EVP_MD_CTX_new())});
    if (EVP_DigestInit_ex2(states_.back().context.get(), FetchedDigest(algorithm), nullptr) != 1) {
      base::AbortOnMisuse("a digest cannot be computed");
    }
  }
}
ArtifactHasher::ArtifactHasher(ArtifactHasher&&) noexcept = default;
ArtifactHasher& ArtifactHasher::operator=(ArtifactHasher&&) noexcept = default;
ArtifactHasher::~ArtifactHasher() = default;

void ArtifactHasher::Add(base::ByteView bytes) {
  for (const State& state : states_) {
    if (EVP_DigestUpdate(state.context.get(), bytes.data(), bytes.size()) != 1) {
      base::AbortOnMisuse("a digest cannot be computed");
    }
  }
}

ArtifactDigests ArtifactHasher::Finish() && {
  ArtifactDigests out;
  for (const State& state : states_) {
    base::ByteBuffer digest(EVP_MAX_MD_SIZE);
    unsigned int size = 0;
    if (EVP_DigestFinal_ex(state.context.get(), digest.data(), &size) != 1) {
      base::AbortOnMisuse("a digest cannot be computed");
    }
    digest.resize(size);
    out.digests.push_back({state.algorithm, std::move(digest)});
  }
  return out;
}

ArtifactDigests ArtifactDigests::Of(const Digest& digest) {
  const bool is_sha256 = digest.algorithm() == DigestAlgorithm::kSha256;
  auto bytes = base::DecodeHex(digest.hex(), digest.hex().size() / 2);
  if (!bytes.ok()) {
    base::AbortOnMisuse("a digest that is not hexadecimal");
  }
  return {{{is_sha256 ? HashAlgorithm::kSha256 : HashAlgorithm::kSha512, *std::move(bytes)}}};
}

ArtifactDigests ArtifactDigests::Of(base::ByteView bytes) {
  ArtifactHasher hasher;
  hasher.Add(bytes);
  return std::move(hasher).Finish();
}

const HashedMessage* ArtifactDigests::Find(HashAlgorithm algorithm) const {
  const auto found = std::ranges::find(digests, algorithm, &HashedMessage::algorithm);
  return found == digests.end() ? nullptr : &*found;
}

}  // namespace sigward::verifier
