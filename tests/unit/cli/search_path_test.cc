#include "cli/node/search_path.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sigward::cli {
namespace {

/// A node with runc in /usr/sbin and crun in /opt/bin.
bool Has(const std::string& folder, std::string_view name) {
  return (folder == "/usr/sbin" && name == "runc") || (folder == "/opt/bin" && name == "crun");
}

TEST(SearchPathTest, JudgesWhoComesFirst) {
  struct Case {
    const char* path;
    PathOrder order;
    const char* ahead;
  };
  const std::vector<Case> cases = {
      {"/w:/usr/sbin:/opt/bin", PathOrder::kFirst, ""},
      {"/usr/bin:/w:/usr/sbin", PathOrder::kFirst, ""},  // nothing to run in /usr/bin
      {"/w/:/usr/sbin", PathOrder::kFirst, ""},
      {"/x/../w:/usr/sbin", PathOrder::kFirst, ""},
      {"/w", PathOrder::kFirst, ""},
      {"/w:/usr/sbin:/w", PathOrder::kFirst, ""},
      {"/usr/sbin:/w", PathOrder::kBehind, "/usr/sbin/runc"},
      {"/opt/bin:/w", PathOrder::kBehind, "/opt/bin/crun"},
      {"/opt/bin:/usr/sbin:/w", PathOrder::kBehind, "/opt/bin/crun"},
      {"/usr/sbin/:/w", PathOrder::kBehind, "/usr/sbin/runc"},
      {":w:.:/w:/usr/sbin", PathOrder::kFirst, ""},  // relative entries are never taken
      {"/usr/sbin:/usr/bin", PathOrder::kAbsent, ""},
      {"/w/deeper:/usr/bin", PathOrder::kAbsent, ""},
      {"w:/usr/bin", PathOrder::kAbsent, ""},
      {"", PathOrder::kAbsent, ""},
  };
  for (const Case& one : cases) {
    const PathVerdict verdict = JudgePath(one.path, "/w", Has);
    EXPECT_EQ(verdict.order, one.order) << one.path;
    EXPECT_EQ(verdict.ahead, one.ahead) << one.path;
  }
}

TEST(SearchPathTest, SplitsAtEveryColon) {
  EXPECT_EQ(SplitPath("/a:/b"), (std::vector<std::string>{"/a", "/b"}));
  EXPECT_EQ(SplitPath(":/a:"), (std::vector<std::string>{"", "/a", ""}));
}

}  // namespace
}  // namespace sigward::cli
