// What ParseStrictJson takes, it gives back the same after being written out; and what it takes,
// the bare library takes too: strict is a subset, never another reading.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/strict_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sigward::base::Json;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = sigward::base::ParseStrictJson(text, 4096);
  if (!parsed.ok()) {
    return 0;
  }
  if (size > 4096 || Json::parse(text, nullptr, /*allow_exceptions=*/false) != *parsed) {
    std::abort();
  }
  const auto again = sigward::base::ParseStrictJson(parsed->dump(), 1U << 20);
  if (!again.ok() || *again != *parsed) {
    std::abort();
  }
  return 0;
}
