#include "verifier/mountinfo.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace sigward::verifier {
namespace {

using base::Fail;
using base::Reason;

constexpr std::size_t kEscapeSize = 4;  // a backslash and three octal digits
constexpr unsigned int kMaxByte = 0xff;

/// The byte that ESCAPE (a backslash and three digits) stands for.
std::optional<char> ParseEscape(std::string_view escape) {
  unsigned int value = 0;
  const char* const end = escape.data() + escape.size();
  const auto [stop, error] = std::from_chars(escape.data() + 1, end, value, 8);
  if (escape.size() != kEscapeSize || error != std::errc() || stop != end || value > kMaxByte) {
    return std::nullopt;
  }
  return static_cast<char>(value);
}

/// Fields of one line. Exactly one space ends each, since a field may be empty: a filesystem can
/// be mounted from the source "".
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  std::string_view Next() {
    complete_ = complete_ && !ended_;
    const std::size_t space = std::min(rest_.find(' '), rest_.size());
    const std::string_view field = rest_.substr(0, space);
    ended_ = space == rest_.size();
    rest_.remove_prefix(ended_ ? space : space + 1);
    return field;
  }
  /// What is left, spaces included: not every filesystem escapes its options.
  std::string_view Rest() {
    complete_ = complete_ && !ended_;
    return std::exchange(rest_, {});
  }
  bool AtEnd() const { return ended_; }
  /// False when more was asked for than the line holds.
  bool complete() const { return complete_; }

 private:
  std::string_view rest_;
  bool ended_ = false;
  bool complete_ = true;
};

bool ParseNumber(std::string_view text, std::uint64_t& out) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  return error == std::errc() && stop == end;
}

bool IsDevice(std::string_view text) {
  const std::size_t colon = text.find(':');
  std::uint64_t number = 0;
  return colon != std::string_view::npos && ParseNumber(text.substr(0, colon), number) &&
         ParseNumber(text.substr(colon + 1), number);
}

base::Result<Mount> ParseLine(std::string_view line) {
  Fields fields(line);
  Mount out;
  const bool numbers = ParseNumber(fields.Next(), out.id) && ParseNumber(fields.Next(), out.parent);
  out.device = fields.Next();
  SIGWARD_ASSIGN_OR_RETURN(out.root, Unescape(fields.Next()));
  SIGWARD_ASSIGN_OR_RETURN(out.point, Unescape(fields.Next()));
  fields.Next();  // options of the mount itself
  while (!fields.AtEnd() && fields.Next() != "-") {
  }
  SIGWARD_ASSIGN_OR_RETURN(out.type, Unescape(fields.Next()));
  fields.Next();  // source
  out.super_options = fields.Rest();
  if (!numbers || !IsDevice(out.device) || !out.point.starts_with('/') || !fields.complete()) {
    return Fail(Reason::kMalformed, "not a line of mountinfo");
  }
  return out;
}

}  // namespace

base::Result<std::string> Unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (text.front() != '\\') {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    const std::optional<char> byte = ParseEscape(text.substr(0, kEscapeSize));
    if (!byte) {
      return Fail(Reason::kMalformed, "a backslash in mountinfo that starts no escape");
    }
    out += *byte;
    text.remove_prefix(kEscapeSize);
  }
  return out;
}

base::Result<MountTable> MountTable::Parse(base::ByteView text) {
  if (text.size() > kMaxMountinfoBytes) {
    return Fail(Reason::kTooLarge,
                "mountinfo is longer than " + std::to_string(kMaxMountinfoBytes));
  }
  MountTable table;
  std::string_view rest = base::AsText(text);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      return Fail(Reason::kMalformed, "mountinfo ends within a line");
    }
    if (table.mounts_.size() == kMaxMounts) {
      return Fail(Reason::kTooLarge,
                  "mountinfo has more than " + std::to_string(kMaxMounts) + " lines");
    }
    auto mount = ParseLine(rest.substr(0, end));
    const std::size_t position = table.mounts_.size();
    if (!mount.ok()) {
      return base::Within("mountinfo line " + std::to_string(position + 1),
                          std::move(mount).error());
    }
    if (!table.by_id_.emplace(mount->id, position).second) {
      return Fail(Reason::kMalformed, "two mounts with one id in mountinfo");
    }
    table.by_point_[mount->point].push_back(position);
    table.mounts_.push_back(std::move(mount).value());
    rest.remove_prefix(end + 1);
  }
  return table;
}

std::vector<const Mount*> MountTable::At(std::string_view path) const {
  std::vector<const Mount*> out;
  const auto add = [&](std::string_view point) {
    if (const auto found = by_point_.find(point); found != by_point_.end()) {
      for (const std::size_t position : found->second) {
        out.push_back(&mounts_[position]);
      }
    }
  };
  add("/");
  for (std::size_t end = 1; path.size() > 1 && end <= path.size(); ++end) {
    if (end == path.size() || path[end] == '/') {
      add(path.substr(0, end));
    }
  }
  return out;
}

const Mount* MountTable::Containing(std::string_view path) const {
  /// Of the mounts that hang on one mount, what a walk down PATH meets first.
  struct Step {
    const Mount* mount;
    bool alone;
  };
  std::unordered_map<std::uint64_t, Step> steps;
  const Mount* current = nullptr;
  for (const Mount* mount : At(path)) {
    if (IsTop(*mount)) {
      // A second one can only be the topmost mount's neighbour, seen from a root that is no mount:
      // it hangs on the same one, deeper, and so is hidden. Anything else is not the kernel's.
      if (current != nullptr &&
          (mount->parent != current->parent || mount->point == current->point)) {
        return nullptr;
      }
      current = current == nullptr ? mount : current;
      continue;
    }
    const auto [step, is_first] = steps.emplace(mount->parent, Step{mount, true});
    if (!is_first && step->second.mount->point == mount->point) {
      step->second.alone = false;
    }
  }
  while (current != nullptr) {
    const auto step = steps.find(current->id);
    if (step == steps.end()) {
      return current;
    }
    if (!step->second.alone || step->second.mount->point.size() < current->point.size()) {
      return nullptr;
    }
    current = step->second.mount;
  }
  return nullptr;
}

const Mount* MountTable::HangingOn(const Mount& mount) const {
  const auto found = std::find_if(mounts_.begin(), mounts_.end(), [&](const Mount& other) {
    return other.parent == mount.id && other.id != mount.id;
  });
  return found == mounts_.end() ? nullptr : &*found;
}

}  // namespace sigward::verifier
