#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "worker/credentials/provider_config.h"

namespace {

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto providers = sigward::worker::ParseProviderConfig(sigward::base::AsText({data, size}));
  if (!providers.ok()) {
    Require(providers.error().reason == sigward::base::Reason::kConfigInvalid);
    return 0;
  }
  Require(!providers->empty() && providers->size() <= sigward::worker::kMaxProviders);
  for (const auto& provider : *providers) {
    // The name becomes the path of a program.
    Require(provider.name.find('/') == std::string::npos && provider.name != "..");
    Require(!provider.match_images.empty());
    (void)provider.Covers("r.example/app");
    for (const std::string& variable : provider.environment) {
      Require(variable.find('=') != 0 && variable.find('\0') == std::string::npos);
    }
  }
  return 0;
}
