#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sigward::verifier {

/// Longest note. C2SP's signed-note demands room for 16 signatures, post-quantum ones of 5 kB too.
inline constexpr std::size_t kMaxNoteBytes = 128U << 10;
/// Signature lines of one note. A verifier must take 16; logs gather more witnesses.
inline constexpr std::size_t kMaxNoteSignatures = 100;

/// The first bytes of a signature: which of the keys with a name made it.
inline constexpr std::size_t kNoteKeyIdBytes = 4;
using NoteKeyId = std::array<std::uint8_t, kNoteKeyIdBytes>;

struct NoteSignature {
  std::string_view key_name;
  NoteKeyId key_id;
  /// Never empty.
  base::ByteBuffer signature;
};

/// A note taken apart, as views into it. Nothing in it is to be believed before a signature over
/// TEXT was verified.
struct SignedNote {
  /// What is signed: all up to the blank line, the last newline included.
  std::string_view text;
  /// 1 to kMaxNoteSignatures, in the note's order.
  std::vector<NoteSignature> signatures;
};

/// Parses a signed note (C2SP signed-note, "Format"): UTF-8 without control characters; text, a
/// blank line, and signature lines up to the end, every one of which is well formed, whoever made
/// it. NOTE must outlive the result. Fails with kMalformed or kTooLarge.
base::Result<SignedNote> ParseSignedNote(std::string_view note);

}  // namespace sigward::verifier
