// No document is a manifest and an index at once, every digest that comes out is a proper one, and
// a manifest chosen for a platform is one of the index's.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "verifier/manifest.h"
#include "verifier/platform.h"

namespace {

using sigward::verifier::Descriptor;
using sigward::verifier::Digest;

void Check(const Descriptor& descriptor) {
  const auto again = Digest::Parse(descriptor.digest.text());
  if (!again.ok() || *again != descriptor.digest || descriptor.media_type.empty() ||
      descriptor.size > static_cast<std::uint64_t>(INT64_MAX)) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const sigward::base::ByteView bytes(data, size);
  const auto manifest = sigward::verifier::ParseManifest(bytes);
  const auto index = sigward::verifier::ParseIndex(bytes);
  if (manifest.ok() && index.ok()) {
    std::abort();
  }
  if (manifest.ok()) {
    Check(manifest->config);
    std::for_each(manifest->layers.begin(), manifest->layers.end(), Check);
  }
  if (index.ok()) {
    std::for_each(index->manifests.begin(), index->manifests.end(), Check);
    for (const char* architecture : {"amd64", "arm64", "arm"}) {
      const auto chosen =
          sigward::verifier::ManifestForPlatform(*index, {"linux", architecture, ""});
      if (chosen.ok() && std::none_of(index->manifests.begin(), index->manifests.end(),
                                      [&](const Descriptor& d) { return d.digest == *chosen; })) {
        std::abort();
      }
    }
  }
  return 0;
}
