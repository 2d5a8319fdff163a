#include "policy/signature_source.h"

#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"

namespace sigward::policy {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;

TEST(SignatureSourceTest, HasOneNameForEachRepository) {
  const struct {
    const char* given;
    const char* name;
  } kCases[] = {
      {"registry.example/sigs", "registry.example/sigs"},
      {"Registry.Example:5000/team/sigs", "registry.example:5000/team/sigs"},
      {"sigs", "docker.io/library/sigs"},
      {"team/sigs", "docker.io/team/sigs"},
      {"index.docker.io/team/sigs", "docker.io/team/sigs"},
      {"[::1]:5000/sigs", "[::1]:5000/sigs"},
  };
  for (const auto& c : kCases) {
    const auto source = SignatureSource::Of(c.given, "");
    ASSERT_THAT(source, IsOk()) << c.given;
    EXPECT_EQ(source->name(), c.name);
    EXPECT_FALSE(source->IsOwnRepository());
    EXPECT_EQ(*SignatureSource::Of(source->name(), ""), *source);
  }
}

TEST(SignatureSourceTest, NothingMeansBesideTheImage) {
  const auto own = SignatureSource::Of("", "");
  ASSERT_THAT(own, IsOk());
  EXPECT_EQ(*own, SignatureSource());
  EXPECT_TRUE(own->IsOwnRepository());
  EXPECT_EQ(own->name(), "");
  EXPECT_NE(*SignatureSource::Of("", "rel-"), SignatureSource());
}

TEST(SignatureSourceTest, RefusesWhatIsMoreOrLessThanARepository) {
  for (const std::string& bad :
       {std::string("registry.example/sigs:v1"), std::string("registry.example/sigs:"),
        "registry.example/sigs@sha256:" + std::string(64, '0'), std::string("localhost:5000"),
        std::string("registry.example/"), std::string("registry.example//sigs"),
        std::string("registry.example/../sigs"), std::string("registry.example/Sigs"),
        std::string("https://registry.example/sigs"), std::string("registry.example/sigs/"),
        std::string(" registry.example/sigs"), std::string(64, 'a')}) {
    EXPECT_THAT(SignatureSource::Of(bad, ""), FailsWith(Reason::kPolicyInvalid)) << bad;
  }
}

TEST(SignatureSourceTest, APrefixIsWhatATagMayBeginWith) {
  for (const char* good : {"", "a", "_", "7", "rel-", "v1.2_", "A.-_"}) {
    EXPECT_THAT(SignatureSource::Of("", good), IsOk()) << good;
  }
  for (const char* bad : {"-a", ".a", "a/b", "a:b", "a b", "a@", "\xc3\xa4", "a\n"}) {
    EXPECT_THAT(SignatureSource::Of("", bad), FailsWith(Reason::kPolicyInvalid)) << bad;
  }
  EXPECT_THAT(SignatureSource::Of("", std::string(kMaxTagPrefix, 'a')), IsOk());
  EXPECT_THAT(SignatureSource::Of("", std::string(kMaxTagPrefix + 1, 'a')),
              FailsWith(Reason::kTooLarge));
  EXPECT_EQ(kMaxTagPrefix + std::string("sha256-.sig").size() + 64, 128U);
}

}  // namespace
}  // namespace sigward::policy
