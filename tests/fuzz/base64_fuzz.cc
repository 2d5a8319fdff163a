// One value has one spelling: what decodes, encodes to the very text it came from.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/base64.h"
#include "base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace base = sigward::base;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto decoded = base::DecodeBase64(text, 4096);
  if (decoded.ok() && base::EncodeBase64(*decoded) != text) {
    std::abort();
  }
  const auto encoded = base::EncodeBase64({data, size});
  const auto back = base::DecodeBase64(encoded, encoded.size());
  if (!back.ok() || !std::equal(back->begin(), back->end(), data, data + size)) {
    std::abort();
  }
  const std::string line = base::OneLine(text, 100);
  if (line.size() > 100 || !base::IsUtf8(line) || line.find('\n') != std::string::npos) {
    std::abort();
  }
  return 0;
}
