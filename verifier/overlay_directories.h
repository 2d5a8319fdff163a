#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sigward::verifier {

/// The directories that an overlay mount is made of.
struct OverlayDirectories {
  /// None for a read-only overlay.
  std::optional<std::string> upper;
  /// Topmost first; at least one.
  std::vector<std::string> lowers;
};

/// The directories in OPTIONS as mount(8) takes them ("lowerdir=/b:/a", colons and backslashes in a
/// name escaped by a backslash; or "lowerdir+=/b", "lowerdir+=/a", nothing escaped). Fails with
/// kUnsupportedFormat where an option stands twice or both forms do, a name is empty, there is no
/// lower directory, or one holds data only ("lowerdir=/b::/a", "datadir+=/a").
base::Result<OverlayDirectories> ParseOverlayOptions(std::span<const std::string> options);

/// The same in the SUPER_OPTIONS of an overlay in mountinfo. Linux 6.5 to 6.7 shows "\:" as the
/// octal escape of a colon, every other version as it was given; both are understood. (A backslash
/// in a name, which those three show without its own, is read wrongly there: such a name then
/// differs from the snapshot's and is refused.) Fails with kMalformed too.
base::Result<OverlayDirectories> ParseOverlaySuperOptions(std::string_view super_options);

}  // namespace sigward::verifier
