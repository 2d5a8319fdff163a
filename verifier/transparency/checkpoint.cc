#include "verifier/transparency/checkpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "base/base64.h"
#include "base/text.h"
#include "verifier/ossl.h"
#include "verifier/transparency/merkle.h"
#include "verifier/transparency/signed_note.h"

namespace sigward::verifier {
namespace {

constexpr std::string_view kTreeSeparator = " - ";
constexpr std::size_t kMaxOriginInError = 128;
/// base64 of a tree's hash.
constexpr std::size_t kTreeHashText = (kTreeHashBytes + 2) / 3 * 4;

base::Error NotLogged(const std::string& what) {
  return base::Fail(base::Reason::kNotLogged, "checkpoint: " + what);
}

base::Error Malformed(const char* what) {
  return base::Fail(base::Reason::kMalformed, std::string("checkpoint: ") + what);
}

/// Takes the first line off TEXT, without its newline.
std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

/// The host of URL without its port, as RFC 3986 §3.2 splits it. Empty when URL has none.
std::string_view HostOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) {
    return {};
  }
  url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
    url.remove_prefix(at + 1);
  }
  if (url.starts_with('[')) {
    const std::size_t end = url.find(']');
    return end == std::string_view::npos ? std::string_view() : url.substr(1, end - 1);
  }
  return url.substr(0, url.find(':'));
}

bool IsDecimal(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// The key's name by which LOG signs a checkpoint with ORIGIN, or none when the origin is not the
/// log's. Where it is empty no line can have it.
std::optional<std::string_view> KeyNameFor(const TransparencyLog& log, CheckpointStyle style,
                                           std::string_view origin) {
  if (style == CheckpointStyle::kRekorV2) {
    const std::string_view host = HostOf(log.base_url);
    return origin == host ? std::optional(host) : std::nullopt;
  }
  const std::size_t separator = origin.rfind(kTreeSeparator);
  if (separator == std::string_view::npos ||
      !IsDecimal(origin.substr(separator + kTreeSeparator.size()))) {
    return std::nullopt;
  }
  return origin.substr(0, separator);
}

bool StartsWith(const base::ByteBuffer& id, const NoteKeyId& key_id) {
  return id.size() >= key_id.size() && std::equal(key_id.begin(), key_id.end(), id.begin());
}

/// What signed-note makes of a key's name and the key, by the types of keys that have a rule of
/// their own (C2SP signed-note; rekor-tiles for RSA). Others go by the hash of their key.
base::ByteBuffer NamedKeyId(std::string_view key_name, const PublicKey& key) {
  constexpr std::size_t kRawEd25519 = 32;
  const auto append = [](base::ByteBuffer& out, base::ByteView bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
  };
  base::ByteBuffer bytes;
  append(bytes, base::AsBytes(key_name));
  if (key.type() == KeyType::kEd25519) {
    append(bytes, base::AsBytes("\n\x01"));
    append(bytes, base::ByteView(key.spki()).last(kRawEd25519));
  } else if (key.type() == KeyType::kRsa) {
    append(bytes, base::AsBytes("\n\xffPKIX-RSA-PKCS#1v1.5"));
    append(bytes, key.spki());
  } else {
    return key.fingerprint();
  }
  return HashOf(bytes, HashAlgorithm::kSha256);
}

/// True when KEY_ID is the one that the trust root gives LOG. Where it gives none for checkpoints,
/// it is the log's id, or what follows from the key: a trust root may know the log by another id.
/// It only picks the line; the key decides.
bool IsKeyIdOf(const TransparencyLog& log, std::string_view key_name, const NoteKeyId& key_id) {
  if (log.checkpoint_key_id) {
    return StartsWith(*log.checkpoint_key_id, key_id);
  }
  return StartsWith(log.log_id, key_id) || StartsWith(log.key->fingerprint(), key_id) ||
         StartsWith(NamedKeyId(key_name, *log.key), key_id);
}

/// Finds the log's own line and verifies it.
base::Status VerifyLogLine(const SignedNote& note, const TransparencyLog& log,
                           CheckpointStyle style, std::string_view key_name) {
  const auto line = std::find_if(
      note.signatures.begin(), note.signatures.end(), [&](const NoteSignature& signature) {
        return signature.key_name == key_name && IsKeyIdOf(log, key_name, signature.key_id);
      });
  if (line == note.signatures.end()) {
    return NotLogged("no signature by the log, " + base::OneLine(key_name, kMaxOriginInError));
  }
  // Rekor v1 signs by SHA-256 whatever its key.
  const HashAlgorithm hash = style == CheckpointStyle::kRekorV1 ? HashAlgorithm::kSha256 : log.hash;
  if (!log.key->Verify(base::AsBytes(note.text), line->signature, hash).ok()) {
    return NotLogged("the signature is not by the log's key");
  }
  return base::Ok();
}

base::Result<std::uint64_t> ParseSize(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), size);
  if (!IsDecimal(text) || error != std::errc() || end != text.end() ||
      (text.starts_with('0') && text != "0")) {
    return Malformed("its second line is no tree size");
  }
  return size;
}

}  // namespace

base::Result<VerifiedCheckpoint> VerifyCheckpoint(std::string_view note, const TransparencyLog& log,
                                                  CheckpointStyle style) {
  SIGWARD_ASSIGN_OR_RETURN(const SignedNote parsed, ParseSignedNote(note));
  std::string_view text = parsed.text;
  const std::string_view origin = TakeLine(text);
  // A v1 origin tells only whose signature to look for; whether it told the truth is what that
  // signature says.
  const std::optional<std::string_view> key_name = KeyNameFor(log, style, origin);
  if (!key_name) {
    return NotLogged("its origin " + base::OneLine(origin, kMaxOriginInError) +
                     " is not the log's, " + base::OneLine(log.base_url, kMaxOriginInError));
  }
  SIGWARD_RETURN_IF_ERROR(VerifyLogLine(parsed, log, style, *key_name));

  SIGWARD_ASSIGN_OR_RETURN(const std::uint64_t size, ParseSize(TakeLine(text)));
  base::Result<base::ByteBuffer> root = base::DecodeBase64(TakeLine(text), kTreeHashText);
  if (!root.ok() || root->size() != kTreeHashBytes) {
    return Malformed("its third line is no root hash");
  }
  while (!text.empty()) {
    if (TakeLine(text).empty()) {
      return Malformed("an extension line is empty");
    }
  }
  return VerifiedCheckpoint(size, std::move(root).value());
}

}  // namespace sigward::verifier
