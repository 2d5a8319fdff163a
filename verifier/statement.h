#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/strict_json.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"
#include "verifier/public_key.h"

namespace sigward::verifier {

/// Bounds on one in-toto statement.
inline constexpr std::size_t kMaxSubjects = 1024;
inline constexpr std::size_t kMaxSubjectDigests = 32;

inline constexpr std::string_view kInTotoPayloadType = "application/vnd.in-toto+json";
/// The predicate type by which cosign marks an image signature. Every other one is an attestation.
inline constexpr std::string_view kCosignSignPredicate = "https://sigstore.dev/cosign/sign/v1";

/// What of an in-toto statement matters here.
struct Statement {
  std::string predicate_type;
  /// Every digest of every subject as "algorithm:value"; not known to be proper digests.
  std::vector<std::string> subject_digests;

  bool NamesSubject(const Digest& digest) const;
};

/// Parses the in-toto statement (v0.1 or v1) of at most MAX_BYTES and MAX_VALUES JSON values in a
/// verified DSSE pre-authentication encoding. A subject without a digest names nothing, and nothing
/// of what the others name is lost by it: a statement is about each of its subjects.
/// Unknown members may stand, as in-toto's parsing rules demand, unless they look like a known one.
/// Fails with kMalformed, kDuplicateKey, kTooLarge or kWrongType (payload or statement type).
base::Result<Statement> ParseStatement(const SignedBytes& encoding,
                                       std::size_t max_bytes = kMaxBundleBytes,
                                       std::size_t max_values = base::kMaxJsonValues);

}  // namespace sigward::verifier
