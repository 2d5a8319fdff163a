// A payload that is taken says its two facts and no more: the same facts in cosign's own spelling
// are read as the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "image_evidence.h"
#include "verifier/image_ref.h"
#include "verifier/simple_signing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sigward::testing::WitnessOf;
  using sigward::verifier::ParseSimpleSigning;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = ParseSimpleSigning(WitnessOf(text));
  if (!parsed.ok()) {
    return 0;
  }
  sigward::base::Json json = sigward::testing::SimpleSigningFor(parsed->manifest_digest);
  json["critical"]["identity"]["docker-reference"] = parsed->docker_reference;
  const std::string spelled = json.dump();
  const auto again = ParseSimpleSigning(WitnessOf(spelled));
  if (!again.ok() || again->manifest_digest != parsed->manifest_digest ||
      again->docker_reference != parsed->docker_reference ||
      parsed->docker_reference.size() > sigward::verifier::kMaxReferenceLength) {
    std::abort();
  }
  return 0;
}
