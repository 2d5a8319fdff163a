// A lookup ends at the path or above it, nothing passes for the snapshot's mount that has another
// type or hides one, content of images is mounted where it lies, and every text is short and fit
// for one line. The input: what the snapshot's mount is given by, one line of options separated by
// spaces, then a mountinfo.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "verifier/image_mount.h"
#include "verifier/lexical_path.h"
#include "verifier/mountinfo.h"
#include "verifier/overlay_directories.h"
#include "verifier/rootfs_mount.h"

namespace {

using sigward::verifier::Mount;
using sigward::verifier::MountTable;
using sigward::verifier::SnapshotMount;

void Require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> words(1);
  for (const char c : line) {
    if (c == ' ') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

void Check(const MountTable& table, const std::string& path, const SnapshotMount& expected) {
  const Mount* mount = table.Containing(path);
  Require(mount == nullptr || sigward::verifier::IsAtOrBelow(path, mount->point));
  const std::vector<SnapshotMount> mounts = {expected};
  const auto mismatch = sigward::verifier::MismatchAt(table, path, mounts);
  if (mismatch) {
    Require(!mismatch->empty() && mismatch->size() <= sigward::verifier::kMaxMismatchText);
    Require(sigward::base::OneLine(*mismatch, mismatch->size()) == *mismatch);
    return;
  }
  Require(mount != nullptr && mount->point == path && table.HangingOn(*mount) == nullptr);
  if (expected.type == "overlay") {
    const auto directories = sigward::verifier::ParseOverlaySuperOptions(mount->super_options);
    Require(mount->type == "overlay" && mount->root == "/" && directories.ok());
    Require(directories->lowers.size() ==
            sigward::verifier::ParseOverlayOptions(expected.options)->lowers.size());
  }
}

void CheckImageMount(const MountTable& table, const std::string& source) {
  const sigward::verifier::ImageMounts mounts(table, "/b/rootfs", "/r");
  const auto point = mounts.PointOf(source);
  Require(!point || sigward::verifier::IsAtOrBelow(source, *point));
  const bool is_below = sigward::verifier::IsAtOrBelow(source, "/r");
  Require(!is_below || (point && sigward::verifier::IsAtOrBelow(*point, "/r")));
  Require(point || table.Containing(source) != nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = sigward::base::AsText({data, size});
  const std::size_t end = input.find('\n');
  if (end == std::string_view::npos) {
    return 0;
  }
  const auto table = MountTable::Parse(sigward::base::AsBytes(input.substr(end + 1)));
  if (!table.ok()) {
    return 0;
  }
  const std::vector<std::string> words = Words(input.substr(0, end));
  const SnapshotMount overlay{.type = "overlay", .source = "overlay", .options = words};
  const SnapshotMount bind{.type = "bind", .source = words.front(), .options = {"rbind"}};
  for (const char* path : {"/", "/r", "/b/rootfs"}) {
    Check(*table, path, overlay);
    Check(*table, path, bind);
    CheckImageMount(*table, path);
  }
  CheckImageMount(*table, "/r/s/v");
  return 0;
}
