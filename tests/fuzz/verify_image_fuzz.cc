// Evidence put together by the input never verifies for a key that signed nothing of it, and never
// hides a good signature that stands beside it.
//
// The input is a list of objects, each on a line: a letter for its kind (L legacy manifest, R
// referrer manifest, B blob, I index), a letter for what it is said to be (h honest, w under a
// wrong digest), a letter for what it is offered for (i the image, o another digest, n nothing),
// then its bytes. In them
// @D0@ and @S0@ stand for digest and size of the first object, and so on, @I@ for the image's
// digest.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image_evidence.h"

namespace {

using sigward::testing::AddGoodBundle;
using sigward::testing::AddGoodLegacy;
using sigward::testing::ImageEvidence;
using sigward::testing::TestImage;
using sigward::testing::TestKey;
using sigward::testing::VerifyOne;
using sigward::verifier::Digest;
using sigward::verifier::ObjectKind;

constexpr std::size_t kHead = 3;
constexpr std::size_t kMaxObjects = 100;

void ReplaceAll(std::string& text, const std::string& what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

ObjectKind KindOf(char letter) {
  return letter == 'L'   ? ObjectKind::kLegacyManifest
         : letter == 'R' ? ObjectKind::kReferrerManifest
         : letter == 'I' ? ObjectKind::kImageIndex
                         : ObjectKind::kBlob;
}

void AddObject(ImageEvidence& evidence, std::string_view line) {
  std::string bytes(line.substr(kHead));
  for (std::size_t i = 0; i < evidence.evidence().size(); ++i) {
    const auto& object = evidence.evidence()[i];
    const std::string number = std::to_string(i) + "@";
    ReplaceAll(bytes, "@D" + number, object.digest.text());
    ReplaceAll(bytes, "@S" + number, std::to_string(object.bytes.size()));
  }
  ReplaceAll(bytes, "@I@", TestImage().text());
  const Digest other = Digest::Of(sigward::base::AsBytes("another digest"));
  const std::optional<Digest> offered_for = line[2] == 'i'   ? std::optional(TestImage())
                                            : line[2] == 'o' ? std::optional(other)
                                                             : std::nullopt;
  if (line[1] == 'w') {
    evidence.AddAs(line[2] == 'i' ? TestImage() : other, KindOf(line[0]), bytes, offered_for);
  } else {
    evidence.Add(KindOf(line[0]), bytes, offered_for);
  }
}

void Build(ImageEvidence& evidence, std::string_view input) {
  while (!input.empty() && evidence.evidence().size() < kMaxObjects) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    if (line.size() >= kHead) {
      AddObject(evidence, line);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const TestKey& key = TestKey::Shared(sigward::verifier::KeyType::kEd25519);
  ImageEvidence evidence;
  Build(evidence, input);
  const auto verdict = VerifyOne(evidence, key);
  if (verdict.verified() || verdict.signatures_seen > sigward::verifier::kMaxSignatures) {
    std::abort();
  }
  if (verdict.signatures_seen == sigward::verifier::kMaxSignatures) {
    return 0;
  }
  for (const auto add_good : {AddGoodLegacy, AddGoodBundle}) {
    ImageEvidence with_good;
    Build(with_good, input);
    add_good(with_good, TestImage(), key);
    if (!VerifyOne(with_good, key).verified()) {
      std::abort();
    }
  }
  return 0;
}
