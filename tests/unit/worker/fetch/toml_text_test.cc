#include "worker/fetch/toml_text.h"

#include <gtest/gtest.h>

#include <optional>

namespace sigward::worker {
namespace {

TEST(LineOfBareNonAscii, LetsStringsAndCommentsHoldAnything) {
  for (const char* text : {
           "",
           "a = 1",
           "# für",
           "a = 1 # für\nb = 2",
           R"(a = "für")",
           R"(a = 'für')",
           "a = \"\"\"\nfür\n\"\"\"",
           "a = '''\nfür'''",
           R"(a = "\"für")",
           R"(a = """ü""""" # ü)",
           R"(a = "#" # ü)",
           R"(a = '\' # ü)",
           R"(a = "it's" # ü)",
           R"(a = "" # ü)",
           R"(a = '' # ü)",
           R"(a = "ü)",
           R"(a = """ü)",
           "\xef\xbb\xbf# a",
       }) {
    EXPECT_EQ(LineOfBareNonAscii(text), std::nullopt) << text;
  }
}

TEST(LineOfBareNonAscii, FindsTheRest) {
  struct Row {
    const char* text;
    std::size_t line;
  };
  for (const Row& row : {
           Row{"ü = 1", 1},
           Row{"a = 1\n\nbü = 1", 3},
           Row{R"(a = "x" ü)", 1},
           Row{"# x\nü", 2},
           Row{"a = \"\"\"\nü\n\"\"\"\nü", 4},
           Row{"a = \"x\nü", 2},
           Row{R"(a = '\'ü)", 1},
           Row{"a\xef\xbb\xbf", 1},
       }) {
    EXPECT_EQ(LineOfBareNonAscii(row.text), std::optional(row.line)) << row.text;
  }
}

}  // namespace
}  // namespace sigward::worker
