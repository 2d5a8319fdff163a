#include "verifier/lexical_path.h"

#include <gtest/gtest.h>

namespace sigward::verifier {
namespace {

TEST(LexicalPathTest, CleansAsGoDoes) {
  constexpr struct {
    const char* path;
    const char* clean;
  } kRows[] = {{"/", "/"},           {"//", "/"},         {"/.", "/"},          {"/..", "/"},
               {"/a", "/a"},         {"/a/", "/a"},       {"//a///b/", "/a/b"}, {"/a/./b", "/a/b"},
               {"/a/../b", "/b"},    {"/a/..", "/"},      {"/a/../../b", "/b"}, {"/a/b/..", "/a"},
               {"/a/...", "/a/..."}, {"/..a/b", "/..a/b"}};
  for (const auto& row : kRows) {
    EXPECT_EQ(CleanPath(row.path), row.clean) << row.path;
  }
  EXPECT_EQ(CleanPathFrom("/bundle", "rootfs"), "/bundle/rootfs");
  EXPECT_EQ(CleanPathFrom("/bundle/", "./a/../rootfs/"), "/bundle/rootfs");
  EXPECT_EQ(CleanPathFrom("/bundle", "/rootfs/."), "/rootfs");
}

TEST(LexicalPathTest, FindsParentElementsOnly) {
  for (const char* path : {"..", "/..", "../a", "a/..", "a/../b", "/a/.."}) {
    EXPECT_TRUE(HasParentElement(path)) << path;
  }
  for (const char* path : {"", "/", "a..", "..a", "/a/...", "./."}) {
    EXPECT_FALSE(HasParentElement(path)) << path;
  }
}

TEST(LexicalPathTest, ComparesWholeElements) {
  EXPECT_TRUE(IsBelow("/a/b", "/a"));
  EXPECT_TRUE(IsBelow("/a", "/"));
  EXPECT_FALSE(IsBelow("/", "/"));
  EXPECT_FALSE(IsBelow("/a", "/a"));
  EXPECT_FALSE(IsBelow("/ab", "/a"));
  EXPECT_FALSE(IsBelow("/a", "/a/b"));
  EXPECT_TRUE(IsAtOrBelow("/a", "/a"));
  EXPECT_TRUE(IsAtOrBelow("/", "/"));
  EXPECT_FALSE(IsAtOrBelow("/ab", "/a"));
}

}  // namespace
}  // namespace sigward::verifier
