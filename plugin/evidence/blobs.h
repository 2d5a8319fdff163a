#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/sealed_memory.h"
#include "verifier/digest.h"

namespace sigward::evidence {

/// One place on the node where bytes lie by their digest. Safe for use by many threads.
class Blobs {
 public:
  virtual ~Blobs() = default;
  /// The bytes under DIGEST, at most MAX_BYTES of them (else kTooLarge); nothing where there are
  /// none. They are not hashed here. Fails with kIoFailed, or as the place does.
  virtual base::Result<std::optional<base::SealedMemory>> Read(
      const verifier::Digest& digest, std::size_t max_bytes,
      const base::Deadline& deadline) const = 0;
  /// The place as a message names it, like "containerd's content store".
  virtual std::string place() const = 0;
};

}  // namespace sigward::evidence
