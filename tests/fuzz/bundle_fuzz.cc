// What a bundle's envelope holds is what the signed bytes give back, byte for byte, and a statement
// names a subject only if the subject's hex stands in the payload. An input behind "S" is a
// statement by itself, one behind "E" a pre-authentication encoding.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>

#include "image_evidence.h"
#include "verifier/bundle.h"
#include "verifier/statement.h"

namespace {

using sigward::testing::PaeOf;
using sigward::testing::TestImage;
using sigward::testing::WitnessOf;

void CheckStatement(const std::string& encoding) {
  const auto statement = sigward::verifier::ParseStatement(WitnessOf(encoding));
  if (statement.ok() && statement->NamesSubject(TestImage()) &&
      encoding.find('\\') == std::string::npos &&
      encoding.find(TestImage().hex()) == std::string::npos) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with('S')) {
    CheckStatement(PaeOf(sigward::verifier::kInTotoPayloadType, text.substr(1)));
    return 0;
  }
  if (text.starts_with('E')) {
    CheckStatement(text.substr(1));
    return 0;
  }
  const auto bundle = sigward::verifier::ParseBundle({data, size});
  if (!bundle.ok()) {
    return 0;
  }
  const auto* envelope = std::get_if<sigward::verifier::DsseEnvelope>(&bundle->content);
  if (envelope == nullptr) {
    return 0;
  }
  const std::string encoding(sigward::base::AsText(sigward::verifier::PreAuthEncoding(*envelope)));
  const auto read = sigward::verifier::ReadSignedPayload(WitnessOf(encoding));
  if (!read.ok() || read->type != envelope->payload_type ||
      !std::equal(read->payload.begin(), read->payload.end(), envelope->payload.begin(),
                  envelope->payload.end())) {
    std::abort();
  }
  CheckStatement(encoding);
  return 0;
}
