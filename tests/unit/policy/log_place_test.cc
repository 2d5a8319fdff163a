#include "policy/log_place.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "policies_for_testing.h"

namespace sigward::policy {
namespace {

using testing::Key;
using testing::kKeyA;

constexpr const char* kUrl = "https://log.example";
constexpr const char* kDefault = "https://default.example";

Authority ByKey(std::string url = "") {
  Authority authority = Key(kKeyA);
  authority.log = {.trust_root = "mine", .url = std::move(url)};
  return authority;
}

TEST(LogPlaceTest, IsTheAuthoritysOwnOrElseTheDefault) {
  EXPECT_EQ(LogPlaceOf(ByKey(kUrl), kDefault), (LogPlace{kUrl, kKeyA}));
  EXPECT_EQ(LogPlaceOf(ByKey(), kDefault), (LogPlace{kDefault, kKeyA}));
  EXPECT_EQ(LogPlaceOf(ByKey(), ""), std::nullopt);
}

TEST(LogPlaceTest, HasNoKeyForCertificates) {
  Authority authority{"keyless", KeylessRule{}};
  authority.log = {.trust_root = "mine", .url = kUrl};
  EXPECT_EQ(LogPlaceOf(authority, ""), (LogPlace{kUrl, ""}));
}

TEST(LogPlaceTest, IsNowhereWhereNoLogIsDemanded) {
  Authority authority = ByKey(kUrl);
  authority.log.trust_root.reset();
  EXPECT_EQ(LogPlaceOf(authority, kDefault), std::nullopt);
  EXPECT_EQ(LogPlaceOf(testing::Static(true), kDefault), std::nullopt);
}

TEST(LogPlaceTest, IsNowhereForBundlesAlone) {
  Authority authority = ByKey(kUrl);
  for (const auto& [forms, expected] :
       {std::pair(SignatureForms::kAny, true), std::pair(SignatureForms::kLegacy, true),
        std::pair(SignatureForms::kBundle, false)}) {
    authority.forms = forms;
    EXPECT_EQ(LogPlaceOf(authority, kDefault).has_value(), expected);
  }
}

TEST(LogPlacesTest, TakesEachOnce) {
  LogPlaces logs;
  logs.Add({kUrl, ""});
  logs.Add({kUrl, kKeyA});
  logs.Add({kUrl, ""});
  EXPECT_EQ(logs.places().size(), 2U);
  EXPECT_EQ(logs.left_out(), 0U);
}

TEST(LogPlacesTest, TakesNoMoreThanItMay) {
  LogPlaces logs;
  for (std::size_t i = 0; i < kMaxLogPlaces; ++i) {
    logs.Add({kUrl + std::to_string(i), ""});
  }
  EXPECT_EQ(logs.places().size(), kMaxLogPlaces);
  EXPECT_EQ(logs.left_out(), 0U);
  logs.Add({kUrl, ""});
  EXPECT_EQ(logs.places().size(), kMaxLogPlaces);
  EXPECT_EQ(logs.left_out(), 1U);
}

TEST(LogPlacesTest, TakesNoMoreBytesThanItMay) {
  LogPlaces logs;
  logs.Add({"a", std::string(kMaxLogPlaceBytes - 1, 'k')});
  EXPECT_EQ(logs.places().size(), 1U);
  logs.Add({"b", ""});
  EXPECT_EQ(logs.places().size(), 1U);
  EXPECT_EQ(logs.left_out(), 1U);
}

}  // namespace
}  // namespace sigward::policy
