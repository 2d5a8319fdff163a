// What is read as an image configuration has layers within bounds, all of SHA-256, hence a chain
// id; and it is no manifest or index at once.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "verifier/chain_id.h"
#include "verifier/image_config.h"
#include "verifier/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const sigward::base::ByteView bytes(data, size);
  const auto config = sigward::verifier::ParseImageConfig(bytes);
  if (!config.ok()) {
    return 0;
  }
  if (config->diff_ids.empty() || config->diff_ids.size() > sigward::verifier::kMaxLayers ||
      !sigward::verifier::ChainIds(config->diff_ids).ok() ||
      sigward::verifier::ParseManifest(bytes).ok() || sigward::verifier::ParseIndex(bytes).ok()) {
    std::abort();
  }
  return 0;
}
