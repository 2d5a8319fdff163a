#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sealed_memory.h"
#include "base/unique_fd.h"
#include "plugin/evidence/blobs.h"
#include "verifier/digest.h"

namespace sigward::evidence {

/// Largest manifest that is looked for without an index that lists it, and most blobs of a layout
/// among which it is looked for.
inline constexpr std::size_t kMaxUnlistedManifest = 64U << 10;
inline constexpr std::size_t kMaxBlobsScanned = 8192;

/// By what a change of a layout is seen: of index.json and of the folder of blobs, which file it
/// is, how large, and when it was changed.
class LayoutStamp {
 public:
  friend bool operator==(const LayoutStamp&, const LayoutStamp&) = default;

 private:
  friend class Layout;
  struct Of {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t changed_seconds = 0;
    std::int64_t changed_nanoseconds = 0;
    friend bool operator==(const Of&, const Of&) = default;
  };
  Of index_;
  Of blobs_;
};

/// An OCI image layout in a folder (image-spec image-layout.md). Files are opened by names that are
/// made of digests alone, follow no symbolic link and lie below the folder; each must be a regular
/// file of root's that others cannot write, and opening one never waits.
class Layout final : public Blobs {
 public:
  /// Opens the folder at PATH, which must be root's alone as a policy file is (base/root_only.h),
  /// with `index.json` and `blobs/sha256` in it. Fails with kIoFailed, naming what is wrong.
  static base::Result<Layout> Open(const std::string& path);

  /// Fails with kIoFailed.
  base::Result<LayoutStamp> Stamp() const;

  /// index.json, at most verifier::kMaxListingBytes (else kTooLarge). Fails with kIoFailed.
  base::Result<base::SealedMemory> ReadIndex() const;

  /// The blobs of at most kMaxUnlistedManifest bytes. Fails with kTooLarge beyond kMaxBlobsScanned
  /// blobs in all, or kIoFailed.
  base::Result<std::vector<verifier::Digest>> SmallBlobs() const;

  base::Result<std::optional<base::SealedMemory>> Read(
      const verifier::Digest& digest, std::size_t max_bytes,
      const base::Deadline& deadline) const override;
  std::string place() const override { return "the layout " + path_; }

 private:
  Layout(std::string path, base::UniqueFd folder)
      : path_(std::move(path)), folder_(std::move(folder)) {}

  /// The file or folder NAME of the layout, of TYPE; invalid where there is none.
  base::Result<base::UniqueFd> OpenInside(const std::string& name, mode_t type) const;
  base::Result<base::UniqueFd> OpenExpected(const std::string& name, mode_t type) const;
  base::Result<base::SealedMemory> Take(int fd, const std::string& name,
                                        std::size_t max_bytes) const;

  std::string path_;
  base::UniqueFd folder_;
};

}  // namespace sigward::evidence
