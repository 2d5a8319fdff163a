// The only file that knows libarchive.

#include "cli/tar_archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <memory>
#include <utility>

#include "base/text.h"
#include "verifier/tuf/target_path.h"

namespace sigward::cli {
namespace {

using base::Reason;
using base::Result;

constexpr std::size_t kChunkBytes = std::size_t{64} << 10;
constexpr std::string_view kGzipMagic = "\x1f\x8b";

struct ArchiveCloser {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using ArchivePtr = std::unique_ptr<archive, ArchiveCloser>;

base::Error Malformed(std::string what) {
  return base::Fail(Reason::kMalformed, std::move(what));
}

base::Error Broken(archive* reader) {
  const char* text = archive_error_string(reader);
  return Malformed("the archive is broken: " +
                   base::OneLine(text == nullptr ? "no reason given" : text, kMaxArchiveName));
}

/// What libarchive reads is narrowed to what is meant: tar, and gzip around it.
Result<ArchivePtr> Open(std::string_view bytes) {
  if (!bytes.starts_with(kGzipMagic)) {
    return Malformed("not packed with gzip");
  }
  ArchivePtr reader(archive_read_new());
  if (reader == nullptr || archive_read_support_filter_gzip(reader.get()) != ARCHIVE_OK ||
      archive_read_support_format_tar(reader.get()) != ARCHIVE_OK) {
    return base::Fail(Reason::kInternal, "archives cannot be read");
  }
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    return Broken(reader.get());
  }
  // The archive itself counts as one.
  if (archive_filter_count(reader.get()) != 2) {
    return Malformed("packed with gzip more than once");
  }
  return reader;
}

/// What was unpacked up to here, headers and what libarchive passes over included.
bool IsTooLong(archive* reader) {
  return archive_filter_bytes(reader, 0) > static_cast<la_int64_t>(2 * kMaxArchiveBytes);
}

Result<std::string> NameOf(archive_entry* entry) {
  const char* raw = archive_entry_pathname(entry);
  std::string_view name = raw == nullptr ? "" : raw;
  if (name.size() > kMaxArchiveName) {
    return base::Fail(Reason::kTooLarge, "an entry's name is longer than " +
                                             std::to_string(kMaxArchiveName) + " bytes");
  }
  while (name.starts_with("./")) {
    name.remove_prefix(2);
  }
  const bool folder = archive_entry_filetype(entry) == AE_IFDIR;
  if (folder && name.ends_with('/')) {
    name.remove_suffix(1);
  }
  if (folder && (name.empty() || name == ".")) {
    return std::string();
  }
  if (!verifier::tuf::CheckTargetPath(name).ok()) {
    return Malformed("the entry " + base::OneLine(name, base::kMaxNameInError) +
                     " does not lie below the archive's top");
  }
  return std::string(name);
}

/// Reads the entry's bytes, of which at most LEFT are allowed.
Result<std::string> ReadBytes(archive* reader, std::size_t left) {
  std::string out;
  std::array<char, kChunkBytes> chunk{};
  while (true) {
    const la_ssize_t size = archive_read_data(reader, chunk.data(), chunk.size());
    if (size < 0) {
      return Broken(reader);
    }
    if (size == 0) {
      return out;
    }
    if (static_cast<std::size_t>(size) > left - out.size()) {
      return base::Fail(Reason::kTooLarge, "the files of the archive are longer than " +
                                               std::to_string(kMaxArchiveBytes) + " bytes");
    }
    out.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

/// True for a file, false for a folder.
Result<bool> IsFile(archive_entry* entry, const std::string& name) {
  const auto type = archive_entry_filetype(entry);
  const bool plain = archive_entry_hardlink(entry) == nullptr &&
                     archive_entry_symlink(entry) == nullptr &&
                     archive_entry_sparse_count(entry) == 0;
  if (!plain || (type != AE_IFREG && type != AE_IFDIR)) {
    return Malformed("the entry " + base::OneLine(name, base::kMaxNameInError) +
                     " is neither a file nor a folder");
  }
  return type == AE_IFREG;
}

}  // namespace

Result<ArchiveFiles> ReadTarGz(std::string_view bytes) {
  SIGWARD_ASSIGN_OR_RETURN(const ArchivePtr reader, Open(bytes));
  ArchiveFiles files;
  std::size_t total = 0;
  for (std::size_t entries = 0;; ++entries) {
    archive_entry* entry = nullptr;
    const int next = archive_read_next_header(reader.get(), &entry);
    if (next == ARCHIVE_EOF) {
      return files;
    }
    // A warning too: whatever could not be understood is not guessed at.
    if (next != ARCHIVE_OK) {
      return Broken(reader.get());
    }
    if (entries == kMaxArchiveEntries || IsTooLong(reader.get())) {
      return base::Fail(Reason::kTooLarge, "the archive has more than " +
                                               std::to_string(kMaxArchiveEntries) +
                                               " entries or too long headers");
    }
    SIGWARD_ASSIGN_OR_RETURN(std::string name, NameOf(entry));
    SIGWARD_ASSIGN_OR_RETURN(const bool file, IsFile(entry, name));
    if (!file) {
      continue;
    }
    SIGWARD_ASSIGN_OR_RETURN(std::string content,
                             ReadBytes(reader.get(), kMaxArchiveBytes - total));
    total += content.size();
    if (!files.emplace(name, std::move(content)).second) {
      return Malformed("the entry " + base::OneLine(name, base::kMaxNameInError) + " comes twice");
    }
  }
}

}  // namespace sigward::cli
