#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"

namespace sigward::verifier {

/// Most layers of one manifest and manifests of one index that are read.
inline constexpr std::size_t kMaxLayers = 1000;
inline constexpr std::size_t kMaxIndexManifests = 1000;

inline constexpr std::string_view kOciManifestType = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciIndexType = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kDockerManifestType =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerListType =
    "application/vnd.docker.distribution.manifest.list.v2+json";

/// What an index says a manifest is for.
struct DescribedPlatform {
  Platform platform;
  /// It asks for an os.version or os.features beyond the platform.
  bool demands_more = false;
};

/// An OCI content descriptor (image-spec descriptor.md).
struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
  /// It names places outside the registry to load from.
  bool has_urls = false;
  std::map<std::string, std::string, std::less<>> annotations;
  /// Read in an index only.
  std::optional<DescribedPlatform> platform;
};

/// An OCI image manifest or a Docker schema 2 manifest.
struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;
  std::optional<Descriptor> subject;
};

/// An OCI image index or a Docker manifest list.
struct Index {
  std::vector<Descriptor> manifests;
};

/// Parses a manifest (image-spec manifest.md) of at most kMaxManifestBytes. The document must be a
/// manifest and nothing else: one with `manifests` beside `config` or `layers` is refused, and so
/// is a mediaType that says something else than the members do, or a member that differs from a
/// known one only in case. Other unknown members may stand, as the specification demands. Fails
/// with kMalformed, kDuplicateKey, kTooLarge (also beyond kMaxLayers), kUnsupportedAlgorithm (a
/// digest), kUnsupportedFormat (schema 1, another mediaType) or kWrongType (it is an index).
base::Result<Manifest> ParseManifest(base::ByteView bytes);

/// Parses an index (image-spec image-index.md) under the same rules; an index within it is refused.
/// Fails like ParseManifest, beyond kMaxIndexManifests with kTooLarge.
base::Result<Index> ParseIndex(base::ByteView bytes);

}  // namespace sigward::verifier
