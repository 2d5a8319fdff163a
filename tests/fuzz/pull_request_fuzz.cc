// A descriptor is taken only when it names the digest that the arguments name.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "shim/pull_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const sigward::shim::PullRequest request{
      "registry.example/app:v1",
      "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "application/vnd.oci.descriptor.v1+json"};
  const auto checked = sigward::shim::CheckDescriptor(request, text);
  if (checked.ok() && text.find("\"digest\"") == std::string_view::npos &&
      text.find('\\') == std::string_view::npos) {
    std::abort();
  }
  if (checked.ok() && (size > sigward::shim::kMaxDescriptorBytes || checked->size() > size)) {
    std::abort();
  }
  return 0;
}
