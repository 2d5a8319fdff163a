// Paths that are read are absolute and clean, and a relative root lies in the bundle.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/strict_json.h"
#include "verifier/lexical_path.h"
#include "verifier/runtime_config.h"

namespace {

void Require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr const char* kBundle = "/run/bundle";
  const sigward::base::ByteView bytes(data, size);
  const auto config = sigward::verifier::ParseRuntimeConfig(bytes, kBundle);
  if (!config.ok()) {
    return 0;
  }
  auto document = sigward::base::ParseStrictJson(sigward::base::AsText(bytes),
                                                 sigward::verifier::kMaxRuntimeConfigBytes);
  Require(document.ok());
  const std::string& root = config->root_path;
  Require(root.starts_with('/') && root == sigward::verifier::CleanPath(root));
  Require((*document)["root"]["path"].get_ref<const std::string&>().starts_with('/') ||
          sigward::verifier::IsAtOrBelow(root, kBundle));
  for (const std::string& source : config->bind_sources) {
    Require(source.starts_with('/') && source == sigward::verifier::CleanPath(source));
  }
  return 0;
}
