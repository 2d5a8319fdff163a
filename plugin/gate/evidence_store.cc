#include "plugin/gate/evidence_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/json_fields.h"
#include "base/sealed_memory.h"
#include "base/strict_json.h"

namespace sigward::gate {
namespace {

namespace fs = std::filesystem;
using base::Fail;
using base::Reason;
using verifier::Digest;
using worker::EvidenceEntry;
using worker::EvidenceSet;

constexpr std::string_view kOciLayout = R"({"imageLayoutVersion":"1.0.0"})";
constexpr const char* kKindAnnotation = "dev.sigward.kind";
constexpr const char* kOfferedForAnnotation = "dev.sigward.offered-for";
constexpr std::size_t kMaxIndexBytes = 256U << 10;

/// One object with its bytes, on the way between a set and a folder.
struct Kept {
  EvidenceEntry entry;
  base::ByteBuffer bytes;
};

bool SameObject(const Kept& a, const Kept& b) {
  return a.entry.kind == b.entry.kind && a.entry.digest == b.entry.digest &&
         a.entry.offered_for == b.entry.offered_for;
}

std::string BlobPath(const std::string& layout, const Digest& digest) {
  return layout + "/blobs/" + std::string(digest.algorithm_name()) + "/" +
         std::string(digest.hex());
}

std::vector<Kept> Selected(const EvidenceSet& evidence, std::span<const Digest> used) {
  std::vector<Kept> selected;
  for (const EvidenceEntry& entry : evidence.entries) {
    if (std::ranges::find(used, entry.digest) == used.end()) {
      continue;
    }
    const base::ByteView bytes = evidence.memory.bytes().subspan(entry.offset, entry.size);
    if (Digest::Of(bytes, entry.digest.algorithm()) == entry.digest) {
      selected.push_back({entry, base::ByteBuffer(bytes.begin(), bytes.end())});
    }
  }
  return selected;
}

std::vector<Kept> AllOf(const EvidenceSet& evidence) {
  std::vector<Digest> digests;
  for (const EvidenceEntry& entry : evidence.entries) {
    digests.push_back(entry.digest);
  }
  return Selected(evidence, digests);
}

std::vector<fs::path> Layouts(const std::string& dir) {
  std::vector<fs::path> layouts;
  std::error_code error;
  for (const char* algorithm : {"/sha256", "/sha512"}) {
    for (fs::directory_iterator it(dir + algorithm, error), end; !error && it != end;
         it.increment(error)) {
      layouts.push_back(it->path());
    }
  }
  return layouts;
}

std::uint64_t SizeOf(const fs::path& layout) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(layout, error), end; !error && it != end;
       it.increment(error)) {
    bytes += it->is_regular_file(error) ? it->file_size(error) : 0;
  }
  return bytes;
}

/// The layout's index.json: the manifests, with what they were offered as. A blob stands in none.
std::string IndexJson(const std::vector<Kept>& objects) {
  base::Json manifests = base::Json::array();
  for (const Kept& object : objects) {
    if (object.entry.kind == verifier::ObjectKind::kBlob) {
      continue;
    }
    manifests.push_back({{"mediaType", object.entry.media_type},
                         {"digest", object.entry.digest.text()},
                         {"size", object.bytes.size()},
                         {"annotations",
                          {{kKindAnnotation, std::to_string(static_cast<int>(object.entry.kind))},
                           {kOfferedForAnnotation, object.entry.offered_for}}}});
  }
  return base::Json({{"schemaVersion", 2},
                     {"mediaType", "application/vnd.oci.image.index.v1+json"},
                     {"manifests", manifests}})
      .dump();
}

base::Status WriteLayout(const std::string& layout, const std::vector<Kept>& objects) {
  std::error_code error;
  for (const Kept& object : objects) {
    const std::string path = BlobPath(layout, object.entry.digest);
    fs::create_directories(fs::path(path).parent_path(), error);
    SIGWARD_RETURN_IF_ERROR(base::WriteNewFile(path, base::AsText(object.bytes)));
  }
  SIGWARD_RETURN_IF_ERROR(base::WriteNewFile(layout + "/oci-layout", kOciLayout));
  return base::WriteNewFile(layout + "/index.json", IndexJson(objects));
}

base::Result<EvidenceEntry> ParseManifestEntry(const base::Json& value) {
  SIGWARD_ASSIGN_OR_RETURN(auto fields, base::JsonFields::Of(value, "index.json manifest"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string digest_text, fields.String("digest"));
  SIGWARD_ASSIGN_OR_RETURN(Digest digest, Digest::Parse(digest_text));
  SIGWARD_ASSIGN_OR_RETURN(std::string media_type, fields.String("mediaType"));
  SIGWARD_ASSIGN_OR_RETURN(const base::Json* annotations, fields.Object("annotations"));
  SIGWARD_ASSIGN_OR_RETURN(auto marks, base::JsonFields::Of(*annotations, "annotations"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string kind, marks.String(kKindAnnotation));
  SIGWARD_ASSIGN_OR_RETURN(std::string offered_for, marks.String(kOfferedForAnnotation));
  for (const auto known :
       {verifier::ObjectKind::kLegacyManifest, verifier::ObjectKind::kReferrerManifest,
        verifier::ObjectKind::kImageIndex}) {
    if (kind == std::to_string(static_cast<int>(known))) {
      return EvidenceEntry{known, std::move(digest),      0,
                           0,     std::move(offered_for), std::move(media_type)};
    }
  }
  return Fail(Reason::kMalformed, "index.json names an unknown kind of evidence");
}

/// What index.json lists, then a kBlob entry for every other file under blobs/.
base::Result<std::vector<EvidenceEntry>> ListLayout(const std::string& layout) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string text,
                           base::ReadFile(layout + "/index.json", kMaxIndexBytes));
  SIGWARD_ASSIGN_OR_RETURN(const base::Json index, base::ParseStrictJson(text, kMaxIndexBytes));
  SIGWARD_ASSIGN_OR_RETURN(auto fields, base::JsonFields::Of(index, "index.json"));
  SIGWARD_ASSIGN_OR_RETURN(const base::Json* manifests, fields.Array("manifests"));
  std::vector<EvidenceEntry> entries;
  for (const base::Json& manifest : *manifests) {
    SIGWARD_ASSIGN_OR_RETURN(EvidenceEntry entry, ParseManifestEntry(manifest));
    entries.push_back(std::move(entry));
  }
  std::error_code error;
  for (fs::recursive_directory_iterator it(layout + "/blobs", error), end; !error && it != end;
       it.increment(error)) {
    const auto digest = Digest::Parse(it->path().parent_path().filename().string() + ":" +
                                      it->path().filename().string());
    if (digest.ok() && std::ranges::none_of(entries, [&](const EvidenceEntry& entry) {
          return entry.digest == *digest;
        })) {
      entries.push_back({verifier::ObjectKind::kBlob, *digest, 0, 0, "", ""});
    }
    if (entries.size() > verifier::kMaxEvidenceObjects) {
      return Fail(Reason::kTooLarge, "too many objects are kept");
    }
  }
  return entries;
}

}  // namespace

std::string EvidenceStore::PathOf(const Digest& image) const {
  return dir_ + "/" + std::string(image.algorithm_name()) + "/" + std::string(image.hex());
}

base::Status EvidenceStore::Open() {
  const std::lock_guard lock(mutex_);
  std::error_code error;
  fs::remove_all(dir_ + "/new", error);
  for (const char* part : {"/new", "/sha256", "/sha512"}) {
    fs::create_directories(dir_ + part, error);
    if (error) {
      return Fail(Reason::kIoFailed, "cannot make " + dir_ + part + ": " + error.message());
    }
  }
  usage_ = {};
  for (const fs::path& layout : Layouts(dir_)) {
    ++usage_.images;
    usage_.bytes += SizeOf(layout);
  }
  return base::Ok();
}

base::Status EvidenceStore::Keep(const Digest& image, const EvidenceSet& evidence,
                                 std::span<const Digest> used) {
  const std::lock_guard lock(mutex_);
  std::vector<Kept> objects = Selected(evidence, used);
  std::size_t total = 0;
  for (const Kept& object : objects) {
    total += object.bytes.size();
  }
  // What was kept before stays as long as both fit; a broken entry is simply replaced.
  if (auto before = LoadLocked(image); before.ok() && before->has_value()) {
    for (Kept& old : AllOf(**before)) {
      const bool is_new = std::ranges::none_of(
          objects, [&](const Kept& object) { return SameObject(object, old); });
      if (is_new && total + old.bytes.size() <= verifier::kMaxEvidenceBytes &&
          objects.size() < verifier::kMaxEvidenceObjects) {
        total += old.bytes.size();
        objects.push_back(std::move(old));
      }
    }
  }
  if (total > verifier::kMaxEvidenceBytes || total > max_bytes_) {
    return Fail(Reason::kTooLarge, "evidence of " + std::to_string(total) + " bytes is not kept");
  }
  const std::string fresh = dir_ + "/new/" + std::string(image.hex());
  const std::string place = PathOf(image);
  std::error_code error;
  fs::remove_all(fresh, error);
  fs::create_directories(fresh, error);
  if (base::Status written = WriteLayout(fresh, objects); !written.ok()) {
    fs::remove_all(fresh, error);
    return written;
  }
  const bool replaces = fs::exists(place, error);
  const std::uint64_t size_before = replaces ? SizeOf(place) : 0;
  const unsigned int flags = replaces ? RENAME_EXCHANGE : RENAME_NOREPLACE;
  if (renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, place.c_str(), flags) != 0) {
    const int failed = errno;
    fs::remove_all(fresh, error);
    return Fail(Reason::kIoFailed, "cannot put evidence in place, errno " + std::to_string(failed));
  }
  fs::remove_all(fresh, error);
  usage_.images += replaces ? 0 : 1;
  usage_.bytes += SizeOf(place) - size_before;
  EvictLocked(place);
  return base::Ok();
}

base::Result<std::optional<EvidenceSet>> EvidenceStore::Load(const Digest& image) {
  const std::lock_guard lock(mutex_);
  auto loaded = LoadLocked(image);
  if (loaded.ok() && loaded->has_value()) {
    // The folder's time says when it was last of use, which is what eviction goes by.
    (void)utimensat(AT_FDCWD, PathOf(image).c_str(), nullptr, 0);
  }
  return loaded;
}

base::Result<std::optional<EvidenceSet>> EvidenceStore::LoadLocked(const Digest& image) {
  const std::string layout = PathOf(image);
  std::error_code error;
  if (!fs::exists(layout, error)) {
    return std::optional<EvidenceSet>();
  }
  SIGWARD_ASSIGN_OR_RETURN(std::vector<EvidenceEntry> entries, ListLayout(layout));
  base::ByteBuffer all;
  for (EvidenceEntry& entry : entries) {
    SIGWARD_ASSIGN_OR_RETURN(
        const std::string bytes,
        base::ReadFile(BlobPath(layout, entry.digest), verifier::kMaxEvidenceBytes - all.size()));
    entry.offset = all.size();
    entry.size = bytes.size();
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  SIGWARD_ASSIGN_OR_RETURN(base::UniqueFd sealed, base::SealBytes(all));
  SIGWARD_ASSIGN_OR_RETURN(
      base::SealedMemory memory,
      base::SealedMemory::Open(std::move(sealed), verifier::kMaxEvidenceBytes));
  return std::optional<EvidenceSet>(EvidenceSet{std::move(memory), std::move(entries), {}});
}

void EvidenceStore::EvictLocked(const std::string& spared) {
  if (usage_.bytes <= max_bytes_) {
    return;
  }
  std::multimap<fs::file_time_type, fs::path> by_age;
  std::error_code error;
  for (const fs::path& layout : Layouts(dir_)) {
    if (layout != spared) {
      by_age.emplace(fs::last_write_time(layout, error), layout);
    }
  }
  for (const auto& [age, layout] : by_age) {
    if (usage_.bytes <= max_bytes_) {
      return;
    }
    if (held_.contains(layout.string()) && usage_.bytes <= max_bytes_ * kHeldFactor) {
      continue;
    }
    const std::uint64_t size = SizeOf(layout);
    fs::remove_all(layout, error);
    --usage_.images;
    usage_.bytes -= std::min(size, usage_.bytes);
  }
}

void EvidenceStore::Hold(const std::set<Digest>& images) {
  std::set<std::string> folders;
  for (const Digest& image : images) {
    folders.insert(PathOf(image));
  }
  const std::lock_guard lock(mutex_);
  held_ = std::move(folders);
}

EvidenceStore::Usage EvidenceStore::usage() const {
  const std::lock_guard lock(mutex_);
  return usage_;
}

}  // namespace sigward::gate
