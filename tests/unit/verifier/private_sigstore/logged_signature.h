#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/strict_json.h"
#include "test_key.h"
#include "verifier/transparency/entry_body.h"

namespace sigward::testing {

/// A signature with the parts that a log entry repeats, and the bodies that a log makes of it.
struct LoggedSignature {
  /// DER of a certificate; absent where the key stands for itself. Its key is SPKI's.
  std::optional<base::ByteBuffer> certificate;
  base::ByteBuffer spki;
  base::ByteBuffer signature;
  /// The artifact, or the payload of an envelope.
  std::string payload;
  /// Empty for a message signature.
  std::string payload_type;
  /// The hash that goes with the key.
  verifier::HashAlgorithm hash = verifier::HashAlgorithm::kSha256;
  /// Digests of the artifact, which CONTENT refers to.
  base::ByteBuffer sha256;
  base::ByteBuffer sha384;
  base::ByteBuffer sha512;

  /// KEY's signature over PAYLOAD, as an envelope where there is a type.
  static LoggedSignature By(const TestKey& key, std::string payload, std::string payload_type = "");

  /// The envelope as it was sent to the log: nobody can tell from a bundle how that was spelled.
  std::string envelope_sent() const;

  /// Views into this, without the envelope as it was sent.
  verifier::LoggedContent content() const;
};

/// What Rekor makes of a signature, by kind.
base::Json HashedRekordBody(const LoggedSignature& signature);
base::Json DsseBody(const LoggedSignature& signature);
base::Json IntotoBody(const LoggedSignature& signature);
base::Json HashedRekordV002Body(const LoggedSignature& signature);

}  // namespace sigward::testing
