#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/result.h"
#include "verifier/tuf/update.h"

namespace sigward::cli {

/// What a compilation knows of TUF repositories besides what stands in its sources.
struct TufMirrors {
  /// When it is. Left alone, everything has expired.
  verifier::Time now = verifier::Time::max();
  /// By a TrustRoot's name, the folder with a copy of its `remote` mirror.
  std::map<std::string, std::string> folders = {};
  /// Weakens: TrustRoots whose metadata may have expired.
  std::set<std::string> accept_expired = {};
};

/// A file of a repository's copy, at most MAX_BYTES of it; empty when it is not there. The path is
/// relative and leads nowhere else.
using MirrorFile = std::function<base::Result<std::optional<std::string>>(const std::string& path,
                                                                          std::size_t max_bytes)>;

/// From a tar.gz, in which all may lie in a folder `repository`, as policy-controller's own tool
/// packs it. Fails as ReadTarGz does.
base::Result<MirrorFile> MirrorInArchive(std::string_view bytes);

/// From a folder. Fails with kIoFailed when there is none: all its files would seem to be missing.
/// A file that cannot be read fails with kIoFailed or kTooLarge.
base::Result<MirrorFile> MirrorInFolder(std::string folder);

struct MirroredTarget {
  std::string bytes;
  /// What of the metadata expires first.
  verifier::tuf::Expiry expiry;
};

/// The target TARGET, of at most MAX_BYTES, of the repository whose trusted root is ROOT, its
/// targets in the folder TARGETS. Fails as verifier::tuf::Update and MIRROR do.
base::Result<MirroredTarget> ReadTarget(const MirrorFile& mirror, std::string root,
                                        const std::string& targets, const std::string& target,
                                        std::size_t max_bytes, verifier::Time now,
                                        verifier::tuf::ExpiredMetadata expired);

}  // namespace sigward::cli
