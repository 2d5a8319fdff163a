#include "verifier/platform.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "image_evidence.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IndexEntry;
using sigward::testing::IndexOf;
using sigward::testing::IsOkAndHolds;

const Digest& One() {
  static const Digest digest = Digest::Of(base::AsBytes("one"));
  return digest;
}
const Digest& Two() {
  static const Digest digest = Digest::Of(base::AsBytes("two"));
  return digest;
}

base::Result<Digest> Choose(const std::vector<Json>& entries, const Platform& platform) {
  const std::string text = IndexOf(entries).dump();
  const base::Result<Index> index = ParseIndex(base::AsBytes(text));
  if (!index.ok()) {
    return index.error();
  }
  return ManifestForPlatform(*index, platform);
}

TEST(PlatformTest, MatchesTheSpellingsThatContainerdMatches) {
  const struct {
    const char* os;
    const char* architecture;
    const char* variant;
    Platform node;
    bool fits;
  } kCases[] = {
      {"linux", "amd64", "", {"linux", "amd64", ""}, true},
      {"Linux", "AMD64", "", {"linux", "amd64", ""}, true},
      {"linux", "x86_64", "", {"linux", "amd64", ""}, true},
      {"linux", "x86-64", "", {"linux", "amd64", ""}, true},
      {"linux", "amd64", "v1", {"linux", "amd64", ""}, true},
      {"", "amd64", "", {"linux", "amd64", ""}, true},
      {"linux", "amd64", "v2", {"linux", "amd64", ""}, false},
      {"linux", "amd64", "v3", {"linux", "amd64", "v3"}, true},
      {"linux", "amd64", "", {"linux", "amd64", "v3"}, true},
      {"linux", "amd64", "v2", {"linux", "amd64", "v3"}, false},
      {"linux", "386", "", {"linux", "amd64", ""}, false},
      {"windows", "amd64", "", {"linux", "amd64", ""}, false},
      {"linux", "arm64", "", {"linux", "arm64", ""}, true},
      {"linux", "arm64", "v8", {"linux", "arm64", ""}, true},
      {"linux", "arm64", "8", {"linux", "arm64", "v8"}, true},
      {"linux", "aarch64", "", {"linux", "arm64", "v8"}, true},
      {"linux", "arm64", "v9", {"linux", "arm64", ""}, false},
      {"linux", "arm", "v7", {"linux", "arm64", ""}, false},
      {"linux", "arm", "v7", {"linux", "arm", "v7"}, true},
      {"linux", "arm", "7", {"linux", "arm", "v7"}, true},
      {"linux", "arm", "", {"linux", "arm", "v7"}, true},
      {"linux", "armhf", "", {"linux", "arm", "v7"}, true},
      {"linux", "armel", "", {"linux", "arm", "v6"}, true},
      {"linux", "arm", "v6", {"linux", "arm", "v7"}, false},
      {"linux", "arm", "v5", {"linux", "arm", "v6"}, false},
      {"linux", "riscv64", "", {"linux", "riscv64", ""}, true},
      {"unknown", "unknown", "", {"linux", "amd64", ""}, false},
      {"linux", "i386", "x", {"linux", "386", ""}, true},
  };
  for (const auto& c : kCases) {
    const base::Result<Digest> chosen =
        Choose({IndexEntry(One(), c.os, c.architecture, c.variant)}, c.node);
    const std::string name = std::string(c.os) + "/" + c.architecture + "/" + c.variant + " for " +
                             c.node.os + "/" + c.node.architecture + "/" + c.node.variant;
    if (c.fits) {
      EXPECT_THAT(chosen, IsOkAndHolds(One())) << name;
    } else {
      EXPECT_THAT(chosen, FailsWith(Reason::kUnsupportedFormat)) << name;
    }
  }
}

TEST(PlatformTest, PicksTheOneAmongMany) {
  const std::vector<Json> entries = {
      IndexEntry(Two(), "linux", "arm64", "v8"), IndexEntry(One(), "linux", "amd64"),
      IndexEntry(Two(), "linux", "386"), IndexEntry(Two(), "unknown", "unknown")};
  EXPECT_THAT(Choose(entries, {"linux", "amd64", ""}), IsOkAndHolds(One()));
  EXPECT_THAT(Choose(entries, {"linux", "arm64", "v8"}), IsOkAndHolds(Two()));
}

TEST(PlatformTest, TheSameManifestTwiceIsOne) {
  EXPECT_THAT(Choose({IndexEntry(One(), "linux", "amd64"), IndexEntry(One(), "linux", "x86_64")},
                     {"linux", "amd64", ""}),
              IsOkAndHolds(One()));
}

// Each of these would let a signature on one manifest vouch for another that the runtime starts.
TEST(PlatformTest, RefusesAChoiceThatTheRuntimeCouldMakeDifferently) {
  Json features = IndexEntry(One(), "linux", "amd64");
  features["platform"]["os.features"] = Json::array({"x"});
  Json version = IndexEntry(One(), "linux", "amd64");
  version["platform"]["os.version"] = "6.1";
  Json other_type = IndexEntry(One(), "linux", "amd64");
  other_type["mediaType"] = "application/octet-stream";
  const struct {
    std::vector<Json> entries;
    Platform node;
  } kCases[] = {
      {{IndexEntry(One(), "linux", "amd64"), IndexEntry(Two(), "linux", "amd64")},
       {"linux", "amd64", ""}},
      {{IndexEntry(One(), "linux", "x86_64"), IndexEntry(Two(), "linux", "amd64")},
       {"linux", "amd64", ""}},
      {{IndexEntry(One(), "", "amd64"), IndexEntry(Two(), "linux", "amd64")},
       {"linux", "amd64", ""}},
      {{IndexEntry(One(), "l\u0130nux", "amd64"), IndexEntry(Two(), "linux", "amd64")},
       {"linux", "amd64", ""}},
      {{IndexEntry(One(), "linux", "amd64", "v1"), IndexEntry(Two(), "linux", "amd64")},
       {"linux", "amd64", ""}},
      {{IndexEntry(One(), "linux", "amd64", "v2"), IndexEntry(Two(), "linux", "amd64")},
       {"linux", "amd64", "v3"}},
      {{IndexEntry(One(), "linux", "amd64"), IndexEntry(Two(), "linux", "amd64", "v3")},
       {"linux", "amd64", ""}},
      {{IndexEntry(One(), "linux", "amd64"), IndexEntry(Two(), "linux", "amd64", "v3")},
       {"linux", "amd64", "v3"}},
      {{IndexEntry(One(), "linux", "arm64"), IndexEntry(Two(), "linux", "arm64", "v8.0")},
       {"linux", "arm64", ""}},
      {{IndexEntry(One(), "linux", "arm64"), IndexEntry(Two(), "linux", "arm64", "v9")},
       {"linux", "arm64", ""}},
      {{IndexEntry(One(), "linux", "arm64", "8"), IndexEntry(Two(), "linux", "arm64")},
       {"linux", "arm64", ""}},
      {{IndexEntry(One(), "linux", "arm"), IndexEntry(Two(), "linux", "arm", "v7")},
       {"linux", "arm", "v7"}},
      {{features}, {"linux", "amd64", ""}},
      {{version}, {"linux", "amd64", ""}},
      {{other_type}, {"linux", "amd64", ""}},
      {{other_type, IndexEntry(One(), "linux", "amd64")}, {"linux", "amd64", ""}},
      {{}, {"linux", "amd64", ""}},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Choose(c.entries, c.node), FailsWith(Reason::kUnsupportedFormat))
        << IndexOf(c.entries);
  }
}

TEST(PlatformTest, AnEntryWithoutPlatformIsChosenOnlyWhereItIsTheOnlyOne) {
  Json bare = IndexEntry(One(), "linux", "amd64");
  bare.erase("platform");
  Json other = IndexEntry(Two(), "linux", "amd64");
  other.erase("platform");
  EXPECT_THAT(Choose({bare}, {"linux", "amd64", ""}), IsOkAndHolds(One()));
  EXPECT_THAT(Choose({bare, other}, {"linux", "amd64", ""}), FailsWith(Reason::kUnsupportedFormat));
  EXPECT_THAT(Choose({bare, IndexEntry(Two(), "linux", "arm64")}, {"linux", "amd64", ""}),
              FailsWith(Reason::kUnsupportedFormat));
  // The runtime puts it behind an entry that says what it is for.
  EXPECT_THAT(Choose({bare, IndexEntry(Two(), "linux", "amd64")}, {"linux", "amd64", ""}),
              IsOkAndHolds(Two()));
}

}  // namespace
}  // namespace sigward::verifier
