#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "verifier/mountinfo.h"

namespace sigward::verifier {

/// One of the mounts that containerd says a snapshot consists of (its API's Mount message).
struct SnapshotMount {
  std::string type;
  std::string source;
  std::vector<std::string> options;
};

/// containerd names an overlay's lower directories relative to the folder that they share when the
/// options together have a page without 512 bytes or more (core/mount, compactLowerdirOption). To
/// the options of a snapshot a client can add a label, for which some are taken off here; larger
/// pages only move the threshold up. Shorter options are never shortened, so relative names in
/// them are somebody else's.
inline constexpr std::size_t kMinShortenedOptions = 4096 - 512 - 512;
/// Longest text about a mismatch, in bytes.
inline constexpr std::size_t kMaxMismatchText = 480;

/// What is not as it should be when the mount that TABLE shows at the clean path ROOT_PATH is not
/// the one that MOUNTS make: a text that says what was compared with what, made fit for one line.
/// None when it is that mount, whole and uncovered.
///
/// An overlay has to consist of the same directories in the same order, and none of them may lie
/// beneath a mount of its own; a bind mount has to show the same folder of the same filesystem.
/// Nothing may be mounted below ROOT_PATH, since it would cover part of the image.
///
/// What no mount table shows: which folder relative lower directories were relative to (accepted
/// where containerd itself shortens them, so whoever holds its socket can have a long overlay over
/// other folders of the same names), and what idmapped lower directories are copies of (refused).
/// Paths are compared as text: a snapshot whose folder is reached through a symbolic link is
/// recognised in an overlay, which keeps the text, but not in a bind mount, which does not.
std::optional<std::string> MismatchAt(const MountTable& table, std::string_view root_path,
                                      std::span<const SnapshotMount> mounts);

}  // namespace sigward::verifier
