#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/public_key.h"

namespace sigward::verifier {

/// A log's key and the hash that it signs with.
struct DetailedKey {
  PublicKey key;
  HashAlgorithm hash;
};

/// Reads the key RAW as sigstore_common.proto's PublicKeyDetails DETAILS says: its encoding, its
/// type, for RSA its size. Fails with kUnsupportedAlgorithm for other details (RSA-PSS, Ed25519ph,
/// LMS, ML-DSA, unknown ones), with kMalformed when key and details disagree, and as
/// PublicKey::FromSpki does.
base::Result<DetailedKey> ReadDetailedKey(base::ByteView raw, std::string_view details);

/// The details of a log that signs with SHA-256 (with none, for Ed25519) by the key with this DER
/// SubjectPublicKeyInfo, as ReadDetailedKey takes them. Empty for a key that PublicKey does not
/// take.
std::string_view DetailsWithSha256(base::ByteView spki);

}  // namespace sigward::verifier
