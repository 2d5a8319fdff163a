#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sigward::verifier {

/// Largest config.json that is read, in bytes.
inline constexpr std::size_t kMaxRuntimeConfigBytes = 4U << 20;

/// What is read of an OCI runtime configuration (runtime-spec config.md).
struct RuntimeConfig {
  /// root.path, absolute and clean.
  std::string root_path;
  std::map<std::string, std::string, std::less<>> annotations;
  /// Sources of the bind mounts in their order, absolute and clean.
  std::vector<std::string> bind_sources;
};

/// Parses a config.json of at most kMaxRuntimeConfigBytes that lies in the folder BUNDLE, an
/// absolute path, from where runtimes take relative paths. Of its many members only root.path,
/// annotations and mounts' type, source and options are read; the others may stand. Because runc
/// matches names without case and takes the last, a member that differs from one of these only in
/// case is refused. So is ".." in root.path: where it leads depends on symbolic links.
///
/// What it cannot say: hooks run later and may mount what they like, and a mount of the
/// configuration may cover any file of the image. Both are what whoever starts the container
/// asked for, not what the image holds.
///
/// Fails with kMalformed, kDuplicateKey or kTooLarge.
base::Result<RuntimeConfig> ParseRuntimeConfig(base::ByteView bytes, std::string_view bundle);

}  // namespace sigward::verifier
