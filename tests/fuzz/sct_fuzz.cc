// A list of SCTs that is taken is the one that its parts make up again: no byte is passed over.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "verifier/certificate/sct.h"

namespace {

using sigward::base::ByteBuffer;
using sigward::base::ByteView;

void Append(ByteBuffer& to, ByteView bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void AppendNumber(ByteBuffer& to, std::uint64_t value, int octets) {
  for (int i = octets - 1; i >= 0; --i) {
    to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

void AppendVector(ByteBuffer& to, ByteView bytes) {
  AppendNumber(to, bytes.size(), 2);
  Append(to, bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto scts = sigward::verifier::ParseSctList({data, size});
  if (!scts.ok()) {
    return 0;
  }
  ByteBuffer list;
  for (const sigward::verifier::Sct& sct : *scts) {
    ByteBuffer one = {0};
    Append(one, sct.log_id);
    AppendNumber(one, sct.timestamp, 8);
    AppendVector(one, sct.extensions);
    one.push_back(sct.hash_algorithm);
    one.push_back(sct.signature_algorithm);
    AppendVector(one, sct.signature);
    AppendVector(list, one);
  }
  ByteBuffer whole;
  AppendVector(whole, list);
  if (whole != ByteBuffer(data, data + size) || scts->empty() ||
      scts->size() > sigward::verifier::kMaxScts) {
    std::abort();
  }
  return 0;
}
