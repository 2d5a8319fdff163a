// A body is about a signature only if it repeats the signature and the certificate's bytes, and the
// evidence with another signature is refused with the same body. An input behind "A" is cosign's
// annotation, one behind "1" to "4" a body of that kind.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/base64.h"
#include "private_sigstore/logged_signature.h"
#include "verifier/transparency/entry_body.h"
#include "verifier/transparency/rekor_annotation.h"

namespace {

using sigward::base::AsBytes;
using sigward::base::ByteBuffer;
using sigward::testing::LoggedSignature;
using sigward::verifier::EntryKind;

/// The evidence that the seeds are about: parts that need no real key but its own.
LoggedSignature Evidence(const char* payload_type) {
  // P-256's base point.
  constexpr const char* kSpki =
      "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d"
      "81"
      "2deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
  LoggedSignature out;
  out.spki = std::move(sigward::base::DecodeHex(kSpki, 91)).value();
  out.payload = "payload";
  out.payload_type = payload_type;
  out.signature = {1, 2, 3};
  out.sha256 =
      std::move(sigward::base::DecodeHex(
                    "239f59ed55e737c77147cf55ad0c1b030b6d7ee748a7426952f9b852d5a935e5", 32))
          .value();
  return out;
}

void CheckBody(std::string_view text, EntryKind kind, const char* payload_type) {
  LoggedSignature evidence = Evidence(payload_type);
  if (!CheckEntryBody(AsBytes(text), kind, evidence.content()).ok()) {
    return;
  }
  evidence.signature[0] ^= 1;
  if (CheckEntryBody(AsBytes(text), kind, evidence.content()).ok()) {
    std::abort();
  }
  evidence.signature[0] ^= 1;
  evidence.certificate = ByteBuffer{1};
  if (CheckEntryBody(AsBytes(text), kind, evidence.content()).ok()) {
    std::abort();
  }
}

void CheckAnnotation(std::string_view text) {
  const auto entry = sigward::verifier::ParseRekorAnnotation(text);
  if (entry.ok() && (entry->inclusion_proof || !entry->integrated_time ||
                     !entry->signed_entry_timestamp || entry->log_id.size() != 32)) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.empty()) {
    return 0;
  }
  if (text[0] == 'A') {
    CheckAnnotation(text.substr(1));
    return 0;
  }
  if (text[0] < '1' || text[0] > '4') {
    return 0;
  }
  const auto kind = static_cast<EntryKind>(text[0] - '0');
  CheckBody(text.substr(1), kind, "");
  CheckBody(text.substr(1), kind, "application/vnd.in-toto+json");
  return 0;
}
