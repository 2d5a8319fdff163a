#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/digest.h"

namespace sigward::verifier {

/// Largest image configuration that is read, in bytes.
inline constexpr std::size_t kMaxImageConfigBytes = 4U << 20;

/// What is read of an OCI image configuration or a Docker one.
struct ImageConfig {
  /// Digests of the unpacked layers, lowest first; at least one.
  std::vector<Digest> diff_ids;
};

/// Parses an image configuration (image-spec config.md) of at most kMaxImageConfigBytes. Members
/// that nobody reads here may stand, as in manifests; one that differs from a known one only in
/// case may not. Fails with kMalformed (rootfs or diff_ids missing, empty or of another type),
/// kDuplicateKey, kTooLarge (also beyond kMaxLayers), kUnsupportedFormat (a rootfs of another type
/// than "layers"), kUnsupportedAlgorithm (a diff_id that is not SHA-256) or kWrongType (a manifest
/// or an index).
base::Result<ImageConfig> ParseImageConfig(base::ByteView bytes);

}  // namespace sigward::verifier
