#include "verifier/transparency/signed_note.h"

#include <algorithm>
#include <string>

#include "base/base64.h"
#include "base/text.h"

namespace sigward::verifier {
namespace {

constexpr std::string_view kBlankLine = "\n\n";
/// U+2014 and a space.
constexpr std::string_view kLineStart = "\xe2\x80\x94 ";

/// Unicode's White_Space beyond U+0020 and the control characters, in UTF-8. A name that holds one
/// would look like another name, or like a name and something more.
constexpr std::array<std::string_view, 18> kUnicodeSpaces = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
    "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
    "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f"};
constexpr std::string_view kIdeographicSpace = "\xe3\x80\x80";

base::Error Malformed(const char* what) {
  return base::Fail(base::Reason::kMalformed, std::string("signed note: ") + what);
}

bool HoldsControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
}

bool IsKeyName(std::string_view name) {
  return !name.empty() && name.find_first_of(" +") == std::string_view::npos &&
         name.find(kIdeographicSpace) == std::string_view::npos &&
         std::none_of(kUnicodeSpaces.begin(), kUnicodeSpaces.end(), [&](std::string_view space) {
           return name.find(space) != std::string_view::npos;
         });
}

/// LINE comes without its newline.
base::Result<NoteSignature> ParseLine(std::string_view line) {
  if (!line.starts_with(kLineStart)) {
    return Malformed("a line after the blank one is no signature");
  }
  line.remove_prefix(kLineStart.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !IsKeyName(line.substr(0, space))) {
    return Malformed("a signature line has no proper key name");
  }
  const base::Result<base::ByteBuffer> bytes =
      base::DecodeBase64(line.substr(space + 1), kMaxNoteBytes);
  if (!bytes.ok() || bytes->size() <= kNoteKeyIdBytes) {
    return Malformed("a signature line holds no base64 of a key id and a signature");
  }
  NoteSignature signature{line.substr(0, space), {}, {}};
  std::copy_n(bytes->begin(), kNoteKeyIdBytes, signature.key_id.begin());
  signature.signature.assign(bytes->begin() + kNoteKeyIdBytes, bytes->end());
  return signature;
}

}  // namespace

base::Result<SignedNote> ParseSignedNote(std::string_view note) {
  if (note.size() > kMaxNoteBytes) {
    return base::Fail(base::Reason::kTooLarge,
                      "the note is longer than " + std::to_string(kMaxNoteBytes) + " bytes");
  }
  if (!base::IsUtf8(note) || HoldsControlCharacter(note)) {
    return Malformed("it holds broken UTF-8 or a control character");
  }
  const std::size_t blank = note.rfind(kBlankLine);
  if (blank == std::string_view::npos || !note.ends_with('\n')) {
    return Malformed("it is no text, blank line and signature lines that end with a newline");
  }
  SignedNote parsed{note.substr(0, blank + 1), {}};
  std::string_view rest = note.substr(blank + kBlankLine.size());
  if (parsed.text == "\n" || rest.empty()) {
    return Malformed("it has no text or no signature");
  }
  while (!rest.empty()) {
    if (parsed.signatures.size() == kMaxNoteSignatures) {
      return base::Fail(
          base::Reason::kTooLarge,
          "the note has more than " + std::to_string(kMaxNoteSignatures) + " signatures");
    }
    const std::size_t end = rest.find('\n');
    SIGWARD_ASSIGN_OR_RETURN(NoteSignature signature, ParseLine(rest.substr(0, end)));
    parsed.signatures.push_back(std::move(signature));
    rest.remove_prefix(end + 1);
  }
  return parsed;
}

}  // namespace sigward::verifier
