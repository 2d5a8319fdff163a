#include "verifier/tuf/canonical_json.h"

#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"

namespace sigward::verifier::tuf {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOkAndHolds;

TEST(CanonicalJsonTest, HasNamesInOrderAndNoSpace) {
  EXPECT_THAT(CanonicalJson(Json::parse(R"( {"b": [1, -2, true, null], "a": {}, "B": [ ]} )")),
              IsOkAndHolds(std::string(R"({"B":[],"a":{},"b":[1,-2,true,null]})")));
}

TEST(CanonicalJsonTest, EscapesNothingButQuotesAndBackslashes) {
  EXPECT_THAT(CanonicalJson(Json("a\"b\\c\nd\te\x7f\xc3\xa9/")),
              IsOkAndHolds(std::string("\"a\\\"b\\\\c\nd\te\x7f\xc3\xa9/\"")));
  EXPECT_THAT(CanonicalJson(Json({{"\"\n", 1}})), IsOkAndHolds(std::string("{\"\\\"\n\":1}")));
}

TEST(CanonicalJsonTest, OrdersNamesByTheirBytes) {
  // U+FFFD before U+10000, which UTF-16 has the other way round.
  EXPECT_THAT(CanonicalJson(Json::parse(R"({"\ud800\udc00": 1, "\ufffd": 2, "z": 3})")),
              IsOkAndHolds(std::string("{\"z\":3,\"\xef\xbf\xbd\":2,\"\xf0\x90\x80\x80\":1}")));
}

TEST(CanonicalJsonTest, KeepsTheLargestNumbers) {
  EXPECT_THAT(CanonicalJson(Json::parse("[18446744073709551615,-9223372036854775808]")),
              IsOkAndHolds(std::string("[18446744073709551615,-9223372036854775808]")));
}

TEST(CanonicalJsonTest, HasNoSpellingForOtherNumbers) {
  EXPECT_THAT(CanonicalJson(Json::parse("[1.0]")), FailsWith(Reason::kMalformed));
  EXPECT_THAT(CanonicalJson(Json::parse(R"({"a": {"b": 1e3}})")), FailsWith(Reason::kMalformed));
}

}  // namespace
}  // namespace sigward::verifier::tuf
