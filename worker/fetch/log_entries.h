#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sigward::worker {

// Rekor's entries for signatures of cosign's older format that do not carry theirs along: what is
// asked (POST api/v1/log/entries/retrieve of Rekor v1's OpenAPI), what the answer holds, and the
// signature with it. Nothing is verified here: a log that lies leads to a document that proves
// nothing.

/// Bytes and values of one answer, and entries of it that are looked at: a signature has one, and a
/// few more where its maker was unsure. And bytes of a manifest whose signatures are looked up:
/// each entry found costs another reading of it.
inline constexpr std::size_t kMaxLogAnswerBytes = 256U << 10;
inline constexpr std::size_t kMaxLogAnswerValues = 4096;
inline constexpr std::size_t kMaxEntriesPerAnswer = 4;
inline constexpr std::size_t kMaxLookedUpManifest = 1U << 20;

/// A layer with a signature and no log entry beside it.
struct UnloggedSignature {
  /// Its place among the manifest's layers.
  std::size_t layer = 0;
  /// SHA-256 of what is signed.
  std::string payload_hex;
  /// In base64.
  std::string signature;
  /// The first certificate of the annotation, in PEM; empty for a signature by a key.
  std::string certificate_pem;
};

/// The signatures in MANIFEST that can be looked up: not those of attestations, which are none of
/// their layers' bytes, and not what cannot be one. None where it is no manifest, or holds a
/// bundle: with one of its layers alone it would be taken for what it is not.
std::vector<UnloggedSignature> UnloggedSignatures(std::string_view manifest);

/// What asks a log for entries of SIGNATURE, which is by the key or certificate PEM.
std::string LogQuery(const UnloggedSignature& signature, std::string_view pem);

struct LogAnswer {
  /// Each as cosign's annotation dev.sigstore.cosign/bundle has it; at most kMaxEntriesPerAnswer.
  std::vector<std::string> annotations;
  /// Entries beyond that.
  std::size_t left_out = 0;
  /// Entries without one of their parts. They spoil no other.
  std::size_t unreadable = 0;
};

/// Reads a log's ANSWER: a list of {UUID: entry}. Fails with kRegistryError where it is none or is
/// larger than kMaxLogAnswerBytes.
base::Result<LogAnswer> ReadLogAnswer(std::string_view answer);

/// MANIFEST with that one LAYER alone, which gets ANNOTATION as its log entry. MANIFEST is one that
/// UnloggedSignatures has read. Fails with kInternal where it is not.
base::Result<std::string> WithLogEntry(std::string_view manifest, std::size_t layer,
                                       const std::string& annotation);

}  // namespace sigward::worker
