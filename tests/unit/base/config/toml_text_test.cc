#include "base/config/toml_text.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace sigward::base {
namespace {

TEST(LineOfNonAscii, CommentsMayHoldAnythingAndLoseIt) {
  const std::pair<std::string, std::string> rows[] = {
      {"", ""},
      {"a = 1", "a = 1"},
      {"# f\u00fcr", "# f??r"},
      {"a = 1 # \u00fc\nb = 2", "a = 1 # ??\nb = 2"},
      {R"(a = "#" # \u)"
       "\u00fc",
       R"(a = "#" # \u)"
       "??"},
      {R"(a = """x""""" # )"
       "\u00fc",
       R"(a = """x""""" # )"
       "??"},
      {"\xef\xbb\xbf# a", "# a"},
  };
  for (const auto& [text, expected] : rows) {
    std::string toml = text;
    EXPECT_EQ(LineOfNonAscii(toml), std::nullopt) << text;
    EXPECT_EQ(toml, expected);
  }
}

TEST(LineOfNonAscii, FindsTheRest) {
  const std::pair<std::string, std::size_t> rows[] = {
      {"\u00fc = 1", 1},       {"a = 1\n\nb\u00fc = 1", 3},
      {"a = \"x\" \u00fc", 1}, {"# x\n\u00fc", 2},
      {"a = \"f\u00fcr\"", 1}, {"a = '\u00fc'", 1},
      {"a = \"x\n\u00fc", 2},  {"a = \"\"\"\nx\n\u00fc\"\"\"", 3},
      {"a\xef\xbb\xbf", 1},    {"cs =3[\"e\u00b5 = 1\n", 1},
  };
  for (const auto& [text, line] : rows) {
    std::string toml = text;
    EXPECT_EQ(LineOfNonAscii(toml), std::optional(line)) << text;
  }
}

}  // namespace
}  // namespace sigward::base
