#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sigward::verifier {

/// Digest algorithms that OCI registers and containerd computes (image-spec descriptor.md).
enum class DigestAlgorithm : std::uint8_t { kSha256 = 1, kSha512 = 2 };

/// An OCI content digest, `sha256:` and 64 lower-case hex digits or `sha512:` and 128. Only Parse
/// and Of make one, so a Digest is always well-formed and safe to put into a path or a URL.
class Digest {
 public:
  /// Fails with kMalformed (syntax, upper case, wrong length) or kUnsupportedAlgorithm.
  static base::Result<Digest> Parse(std::string_view text);

  /// The digest of BYTES.
  static Digest Of(base::ByteView bytes, DigestAlgorithm algorithm = DigestAlgorithm::kSha256);

  DigestAlgorithm algorithm() const { return algorithm_; }
  /// "sha256" or "sha512".
  std::string_view algorithm_name() const;
  /// The lower-case hex digits without the algorithm.
  std::string_view hex() const;
  /// "sha256:…".
  const std::string& text() const { return text_; }

  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  Digest(DigestAlgorithm algorithm, std::string text)
      : algorithm_(algorithm), text_(std::move(text)) {}
  DigestAlgorithm algorithm_;
  std::string text_;
};

/// Fails with kDigestMismatch when BYTES do not hash to EXPECTED; WHAT names them in the error.
base::Status CheckDigest(base::ByteView bytes, const Digest& expected, std::string_view what);

}  // namespace sigward::verifier
