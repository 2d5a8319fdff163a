#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"

namespace sigward::verifier {

/// The only way to the bytes of an Evidence: nothing is handed out before it was bounded and
/// hashed. Each object is hashed at most once. The Evidence must outlive this.
class EvidenceObjects {
 public:
  explicit EvidenceObjects(const Evidence& evidence);

  /// Fails with kTooLarge beyond kMaxEvidenceObjects or kMaxEvidenceBytes in all.
  static base::Status CheckSize(const Evidence& evidence);

  const Evidence& all() const { return evidence_; }

  /// The bytes of the object at I, at most MAX_BYTES of them. Fails with kTooLarge or
  /// kDigestMismatch; WHAT names them in the error.
  base::Result<base::ByteView> Checked(std::size_t i, std::size_t max_bytes, std::string_view what);

  /// The bytes of the blob with DIGEST and exactly SIZE bytes. Another object that was offered
  /// under the same digest but does not hash to it hides nothing. Fails with kEvidenceMissing,
  /// kTooLarge (SIZE beyond MAX_BYTES), kDigestMismatch or kMalformed (another size).
  base::Result<base::ByteView> Blob(const Digest& digest, std::uint64_t size,
                                    std::size_t max_bytes);

 private:
  enum class State : std::uint8_t { kUnknown, kGood, kBad };

  const Evidence& evidence_;
  std::vector<State> states_;
};

}  // namespace sigward::verifier
