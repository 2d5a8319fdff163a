#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sigward::testing {

struct TarEntry {
  std::string name;
  std::string bytes = {};
  /// AE_IFREG, AE_IFDIR, AE_IFLNK …
  unsigned type = AE_IFREG;
  std::string symlink = {};
  std::string hardlink = {};
};

/// A tar.gz with these entries, by libarchive's other half.
inline std::string TarGz(const std::vector<TarEntry>& entries) {
  std::string out(std::size_t{32} << 20, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  const auto require = [](bool fine) {
    if (!fine) {
      std::abort();
    }
  };
  require(archive_write_add_filter_gzip(writer) == ARCHIVE_OK);
  require(archive_write_set_format_pax_restricted(writer) == ARCHIVE_OK);
  require(archive_write_open_memory(writer, out.data(), out.size(), &used) == ARCHIVE_OK);
  for (const TarEntry& entry : entries) {
    archive_entry* header = archive_entry_new();
    archive_entry_set_pathname(header, entry.name.c_str());
    archive_entry_set_filetype(header, entry.type);
    archive_entry_set_perm(header, 0644);
    archive_entry_set_size(header, static_cast<la_int64_t>(entry.bytes.size()));
    if (!entry.symlink.empty()) {
      archive_entry_set_symlink(header, entry.symlink.c_str());
    }
    if (!entry.hardlink.empty()) {
      archive_entry_set_hardlink(header, entry.hardlink.c_str());
    }
    require(archive_write_header(writer, header) == ARCHIVE_OK);
    require(archive_write_data(writer, entry.bytes.data(), entry.bytes.size()) ==
            static_cast<la_ssize_t>(entry.bytes.size()));
    archive_entry_free(header);
  }
  require(archive_write_close(writer) == ARCHIVE_OK);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

/// These bytes in gzip: for archives that no writer makes.
inline std::string Gz(std::string_view bytes) {
  std::string out(bytes.size() + 4096, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_entry* header = archive_entry_new();
  archive_entry_set_pathname(header, "data");
  archive_entry_set_filetype(header, AE_IFREG);
  if (archive_write_add_filter_gzip(writer) != ARCHIVE_OK ||
      archive_write_set_format_raw(writer) != ARCHIVE_OK ||
      archive_write_open_memory(writer, out.data(), out.size(), &used) != ARCHIVE_OK ||
      archive_write_header(writer, header) != ARCHIVE_OK ||
      archive_write_data(writer, bytes.data(), bytes.size()) !=
          static_cast<la_ssize_t>(bytes.size()) ||
      archive_write_close(writer) != ARCHIVE_OK) {
    std::abort();
  }
  archive_entry_free(header);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

}  // namespace sigward::testing
