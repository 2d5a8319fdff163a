#include "base/json_fields.h"

#include <gtest/gtest.h>

#include "result_matchers.h"

namespace sigward::base {
namespace {

using testing::FailsWith;
using testing::IsOk;
using testing::IsOkAndHolds;

TEST(JsonFields, ReadsByNameAndType) {
  const Json value = {
      {"s", "x"}, {"i", -3}, {"b", true}, {"a", Json::array()}, {"o", Json::object()}};
  auto fields = JsonFields::Of(value, "doc");
  ASSERT_THAT(fields, IsOk());
  EXPECT_THAT(fields->String("s"), IsOkAndHolds("x"));
  EXPECT_THAT(fields->Integer("i"), IsOkAndHolds(-3));
  EXPECT_THAT(fields->Boolean("b"), IsOkAndHolds(true));
  EXPECT_THAT(fields->Array("a"), IsOk());
  EXPECT_THAT(fields->NoOthers(), FailsWith(Reason::kMalformed));
  EXPECT_THAT(fields->Object("o"), IsOk());
  EXPECT_THAT(fields->NoOthers(), IsOk());
}

TEST(JsonFields, MissingAndWrongTypesAreErrorsThatNameThePlace) {
  const Json value = {{"s", 1}, {"n", nullptr}, {"i", 1.5}, {"big", 18446744073709551615U}};
  auto fields = JsonFields::Of(value, "doc");
  ASSERT_THAT(fields, IsOk());
  EXPECT_THAT(fields->String("s"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(fields->String("n"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(fields->Integer("i"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(fields->Integer("big"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(fields->Integer("none"), FailsWith(Reason::kMalformed));
  EXPECT_EQ(fields->String("none").error().detail, "doc.none is missing");
  EXPECT_THAT(JsonFields::Of(Json::array(), "doc"), FailsWith(Reason::kMalformed));
}

TEST(JsonFields, AnUnknownNameCannotBreakTheLine) {
  const Json value = {{"a\nb", 1}};
  auto fields = JsonFields::Of(value, "doc");
  ASSERT_THAT(fields, IsOk());
  EXPECT_EQ(fields->NoOthers().error().detail, "doc has an unknown field a?b");
}

}  // namespace
}  // namespace sigward::base
