#include "base/percent.h"

#include <gtest/gtest.h>

namespace sigward::base {
namespace {

TEST(PercentEncode, LeavesUnreservedCharactersAlone) {
  EXPECT_EQ(PercentEncode("azAZ09-._~"), "azAZ09-._~");
  EXPECT_EQ(PercentEncode(""), "");
}

TEST(PercentEncode, WritesEveryOtherByte) {
  EXPECT_EQ(PercentEncode("a/b c%+&="), "a%2Fb%20c%25%2B%26%3D");
  EXPECT_EQ(PercentEncode(std::string_view("\0\x7f\xc3\xbc", 4)), "%00%7F%C3%BC");
}

}  // namespace
}  // namespace sigward::base
