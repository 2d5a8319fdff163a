#include "cli/tuf_mirror.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "base/text.h"
#include "cli/tar_archive.h"

namespace sigward::cli {
namespace {

using base::Result;
using verifier::tuf::Update;
using verifier::tuf::WantedFile;

constexpr std::string_view kRepositoryFolder = "repository/";

base::Status Feed(Update& update, const MirrorFile& mirror, const std::string& targets) {
  while (const WantedFile* wanted = update.wanted()) {
    const bool target = wanted->place == WantedFile::Place::kTargets;
    SIGWARD_ASSIGN_OR_RETURN(
        const std::optional<std::string> bytes,
        mirror((target ? targets + "/" : std::string()) + wanted->path, wanted->max_bytes));
    SIGWARD_RETURN_IF_ERROR(bytes ? update.Take(*bytes) : update.NotThere());
  }
  return base::Ok();
}

}  // namespace

Result<MirrorFile> MirrorInArchive(std::string_view bytes) {
  SIGWARD_ASSIGN_OR_RETURN(ArchiveFiles packed, ReadTarGz(bytes));
  auto files = std::make_shared<ArchiveFiles>();
  while (!packed.empty()) {
    auto node = packed.extract(packed.begin());
    if (node.key().starts_with(kRepositoryFolder)) {
      node.key().erase(0, kRepositoryFolder.size());
    }
    if (const auto inserted = files->insert(std::move(node)); !inserted.inserted) {
      return base::Fail(base::Reason::kMalformed,
                        "the entry " + base::OneLine(inserted.node.key(), base::kMaxNameInError) +
                            " comes twice");
    }
  }
  // Bounds on single files are the update's own; the archive as a whole was bounded.
  return MirrorFile([files](const std::string& path, std::size_t) {
    const auto found = files->find(path);
    return Result<std::optional<std::string>>(
        found == files->end() ? std::nullopt : std::optional<std::string>(found->second));
  });
}

Result<MirrorFile> MirrorInFolder(std::string folder) {
  std::error_code failure;
  if (!std::filesystem::is_directory(folder, failure)) {
    return base::Fail(base::Reason::kIoFailed,
                      folder + " is no folder" + (failure ? ": " + failure.message() : ""));
  }
  return MirrorFile(
      [folder = std::move(folder)](const std::string& path,
                                   std::size_t max_bytes) -> Result<std::optional<std::string>> {
        const std::string file = folder + "/" + path;
        std::error_code error;
        if (std::filesystem::symlink_status(file, error).type() ==
            std::filesystem::file_type::not_found) {
          return std::optional<std::string>();
        }
        SIGWARD_ASSIGN_OR_RETURN(std::string bytes, base::ReadFile(file, max_bytes));
        return std::optional<std::string>(std::move(bytes));
      });
}

Result<MirroredTarget> ReadTarget(const MirrorFile& mirror, std::string root,
                                  const std::string& targets, const std::string& target,
                                  std::size_t max_bytes, verifier::Time now,
                                  verifier::tuf::ExpiredMetadata expired) {
  verifier::tuf::TrustedFiles trusted;
  trusted.root = std::move(root);
  SIGWARD_ASSIGN_OR_RETURN(Update update, Update::Begin(std::move(trusted), now, expired));
  SIGWARD_RETURN_IF_ERROR(Feed(update, mirror, targets));
  SIGWARD_RETURN_IF_ERROR(update.AskTarget(target, max_bytes));
  SIGWARD_RETURN_IF_ERROR(Feed(update, mirror, targets));
  return MirroredTarget{update.target()->bytes(), update.FirstExpiry()};
}

}  // namespace sigward::cli
