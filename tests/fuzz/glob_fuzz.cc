// Input: a glob, a line break, a reference. The matcher must agree with one that tries every way.

#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "policy/glob.h"

namespace {

using sigward::policy::Glob;

constexpr std::size_t kMaxGlobTried = 64;
constexpr std::size_t kMaxImageTried = 200;

/// The rules read aloud: `**` takes anything, `*` all but slashes, the rest itself. Pairs that led
/// nowhere are kept, so that it ends.
class EveryWay {
 public:
  EveryWay(std::string_view glob, std::string_view subject) : glob_(glob), subject_(subject) {}

  bool Matches(std::size_t g = 0, std::size_t s = 0) {
    if (g == glob_.size()) {
      return s == subject_.size();
    }
    if (dead_ends_.contains({g, s})) {
      return false;
    }
    const bool two = glob_.substr(g).starts_with("**");
    bool matches = false;
    if (two || glob_[g] == '*') {
      const bool takes = s < subject_.size() && (two || subject_[s] != '/');
      matches = Matches(g + (two ? 2 : 1), s) || (takes && Matches(g, s + 1));
    } else {
      matches = s < subject_.size() && subject_[s] == glob_[g] && Matches(g + 1, s + 1);
    }
    if (!matches) {
      dead_ends_.emplace(g, s);
    }
    return matches;
  }

 private:
  std::string_view glob_;
  std::string_view subject_;
  std::set<std::pair<std::size_t, std::size_t>> dead_ends_;
};

std::string Written(std::string_view glob) {
  if (glob == "*") {
    return "index.docker.io/library/*";
  }
  std::string written(glob == "*/*" ? "index.docker.io/*/*" : glob);
  const std::size_t slash = written.find('/');
  for (std::size_t i = 0; slash != std::string::npos && i < slash; ++i) {
    if (written[i] >= 'A' && written[i] <= 'Z') {
      written[i] = static_cast<char>(written[i] | 0x20);
    }
  }
  return written;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = sigward::base::AsText({data, size});
  const std::string_view glob_text = text.substr(0, text.find('\n'));
  const std::string_view image_text =
      glob_text.size() == text.size() ? "" : text.substr(glob_text.size() + 1);
  const auto glob = Glob::Parse(glob_text);
  const auto image = sigward::verifier::ImageRef::Parse(image_text);
  if (!glob.ok() || !image.ok() || glob_text.size() > kMaxGlobTried ||
      image_text.size() > kMaxImageTried) {
    return 0;
  }
  const auto digest = sigward::verifier::Digest::Of({data, size});
  const std::string written = Written(glob_text);
  const std::string subject = image->pinned(digest);
  bool expected = EveryWay(written, subject).Matches();
  const std::string rest = subject.substr(image->registry().size());
  std::string host = image->registry();
  if (host.ends_with(":443")) {
    host.resize(host.size() - 4);
    expected = expected || EveryWay(written, host + rest).Matches();
  }
  if (host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io") {
    expected = expected || EveryWay(written, "docker.io" + rest).Matches() ||
               EveryWay(written, "index.docker.io" + rest).Matches();
  }
  if (glob->Matches(*image, digest) != expected) {
    std::abort();
  }
  return 0;
}
