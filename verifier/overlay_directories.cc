#include "verifier/overlay_directories.h"

#include <algorithm>
#include <utility>

#include "verifier/mountinfo.h"

namespace sigward::verifier {
namespace {

using base::Fail;
using base::Reason;

constexpr std::string_view kUpper = "upperdir=";
constexpr std::string_view kLowers = "lowerdir=";
constexpr std::string_view kOneLower = "lowerdir+=";
constexpr std::string_view kOneData = "datadir+=";
constexpr std::string_view kColonInOctal = "\\072";

base::Error Odd(const char* what) {
  return Fail(Reason::kUnsupportedFormat, std::string("overlay options with ") + what);
}

base::Result<std::vector<std::string>> SplitLowers(std::string_view list) {
  std::vector<std::string> out(1);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] == ':') {
      out.emplace_back();
      continue;
    }
    if (list[i] == '\\' && ++i == list.size()) {
      return Odd("a backslash at the end of lowerdir");
    }
    out.back() += list[i];
  }
  if (std::any_of(out.begin(), out.end(), [](const std::string& name) { return name.empty(); })) {
    return Odd("an empty name in lowerdir");
  }
  return out;
}

/// The value of a super option as it was given at the mount.
base::Result<std::string> GivenValue(std::string_view name, std::string_view escaped) {
  std::string text(escaped);
  if (name == kLowers) {
    for (std::size_t at = text.find(kColonInOctal); at != std::string::npos;
         at = text.find(kColonInOctal, at)) {
      text.replace(at, kColonInOctal.size(), "\\134:");
    }
  }
  return Unescape(text);
}

}  // namespace

base::Result<OverlayDirectories> ParseOverlayOptions(std::span<const std::string> options) {
  OverlayDirectories out;
  bool has_list = false;
  for (const std::string& option : options) {
    const std::string_view text = option;
    if (text.starts_with(kOneData)) {
      return Odd("a directory of data only");
    }
    if (text.starts_with(kUpper)) {
      if (out.upper || text.size() == kUpper.size()) {
        return Odd("two upper directories or an empty one");
      }
      out.upper = text.substr(kUpper.size());
    } else if (text.starts_with(kOneLower)) {
      if (has_list || text.size() == kOneLower.size()) {
        return Odd("lowerdir and lowerdir+, or an empty one");
      }
      out.lowers.emplace_back(text.substr(kOneLower.size()));
    } else if (text.starts_with(kLowers)) {
      if (!out.lowers.empty()) {
        return Odd("lowerdir twice");
      }
      has_list = true;
      SIGWARD_ASSIGN_OR_RETURN(out.lowers, SplitLowers(text.substr(kLowers.size())));
    }
  }
  if (out.lowers.empty()) {
    return Odd("no lower directory");
  }
  return out;
}

base::Result<OverlayDirectories> ParseOverlaySuperOptions(std::string_view super_options) {
  std::vector<std::string> options;
  while (!super_options.empty()) {
    const std::size_t comma = std::min(super_options.find(','), super_options.size());
    const std::string_view option = super_options.substr(0, comma);
    const std::size_t value = std::min(option.find('='), option.size() - 1) + 1;
    const std::string_view name = option.substr(0, option.empty() ? 0 : value);
    SIGWARD_ASSIGN_OR_RETURN(std::string given, GivenValue(name, option.substr(name.size())));
    options.push_back(std::string(name) + std::move(given));
    super_options.remove_prefix(std::min(comma + 1, super_options.size()));
  }
  return ParseOverlayOptions(options);
}

}  // namespace sigward::verifier
