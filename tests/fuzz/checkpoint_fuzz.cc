// A note that parses is put together again from its parts, byte for byte. A checkpoint whose text
// was not signed by the log is none, whatever it looks like; the log's own line over the same text
// makes it one exactly where the text is a checkpoint.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/base64.h"
#include "private_sigstore/rekor_log.h"
#include "verifier/transparency/checkpoint.h"
#include "verifier/transparency/signed_note.h"

namespace {

using sigward::testing::RekorLog;
using sigward::testing::RekorVersion;
using sigward::testing::TestKey;
using sigward::verifier::CheckpointStyle;
using sigward::verifier::SignedNote;

std::string PutTogether(const SignedNote& note) {
  std::string text = std::string(note.text) + "\n";
  for (const auto& line : note.signatures) {
    sigward::base::ByteBuffer bytes(line.key_id.begin(), line.key_id.end());
    bytes.insert(bytes.end(), line.signature.begin(), line.signature.end());
    text +=
        "\u2014 " + std::string(line.key_name) + " " + sigward::base::EncodeBase64(bytes) + "\n";
  }
  return text;
}

void CheckSigned(const SignedNote& note, const RekorLog& log, CheckpointStyle style) {
  const auto checkpoint = VerifyCheckpoint(log.Note(note.text), log.trusted(), style);
  if (!checkpoint.ok()) {
    return;
  }
  const std::string head = "\n" + std::to_string(checkpoint->size()) + "\n" +
                           sigward::base::EncodeBase64(checkpoint->root_hash()) + "\n";
  if (note.text.find(head) == std::string_view::npos) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const RekorLog v1(RekorVersion::kV1, TestKey::Ed25519());
  static const RekorLog v2(RekorVersion::kV2, TestKey::Ed25519());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto note = sigward::verifier::ParseSignedNote(text);
  if (!note.ok()) {
    return 0;
  }
  if (PutTogether(*note) != text ||
      VerifyCheckpoint(text, v1.trusted(), CheckpointStyle::kRekorV1).ok() ||
      VerifyCheckpoint(text, v2.trusted(), CheckpointStyle::kRekorV2).ok()) {
    std::abort();
  }
  CheckSigned(*note, v1, CheckpointStyle::kRekorV1);
  CheckSigned(*note, v2, CheckpointStyle::kRekorV2);
  return 0;
}
