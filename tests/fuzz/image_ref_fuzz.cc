// A reference that is taken has one name: written out and read again it is the same, its host has
// no capitals, and it never holds what could leave a path or a line.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "verifier/image_ref.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sigward::verifier::ImageRef;
  const auto ref = ImageRef::Parse({reinterpret_cast<const char*>(data), size});
  if (!ref.ok()) {
    return 0;
  }
  const std::string text = ref->text();
  const std::string name = ref->name();
  const auto again = ImageRef::Parse(text);
  if (!again.ok() || !(*again == *ref) || again->text() != text) {
    std::abort();
  }
  const bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
  const bool has_capital = std::any_of(ref->registry().begin(), ref->registry().end(),
                                       [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!printable || has_capital || name.find("..") != std::string::npos ||
      name.find("//") != std::string::npos || ref->tag().has_value() == ref->digest().has_value() ||
      ref->registry() == "index.docker.io") {
    std::abort();
  }
  return 0;
}
