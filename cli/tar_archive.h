#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sigward::cli {

/// Bounds of one archive: bytes of all its files together, once they are unpacked, and as much
/// again for all that stands around them; entries; bytes of one name.
inline constexpr std::size_t kMaxArchiveBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMaxArchiveEntries = 4096;
inline constexpr std::size_t kMaxArchiveName = 1024;

using ArchiveFiles = std::map<std::string, std::string, std::less<>>;

/// The files of a tar archive that is packed with gzip, by their names without a leading "./".
/// Nothing is written anywhere. Refused are names that lead elsewhere (absolute, "..", doubled
/// slashes), a name that comes twice, and everything but files and folders: links, devices, sparse
/// files; also gzip within gzip. Fails with kMalformed or kTooLarge.
base::Result<ArchiveFiles> ReadTarGz(std::string_view bytes);

}  // namespace sigward::cli
