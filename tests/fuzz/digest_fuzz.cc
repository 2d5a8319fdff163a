// A digest that is taken is exactly its text, and names no bytes but its own.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "verifier/digest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sigward::verifier::Digest;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto digest = Digest::Parse(text);
  if (digest.ok()) {
    const std::string joined =
        std::string(digest->algorithm_name()) + ":" + std::string(digest->hex());
    if (digest->text() != text || joined != text ||
        CheckDigest({data, size}, *digest, "input").ok()) {
      std::abort();
    }
  }
  if (!CheckDigest({data, size}, Digest::Of({data, size}), "input").ok()) {
    std::abort();
  }
  return 0;
}
