#include "worker/fetch/registry_shares.h"

#include <gtest/gtest.h>

namespace sigward::worker {
namespace {

TEST(RegistryShares, GivesEachRegistryNoMoreThanItsShare) {
  RegistryShares shares(2);
  auto first = shares.Enter("a");
  const auto second = shares.Enter("a");
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(shares.Enter("a"), nullptr);
  EXPECT_NE(shares.Enter("b"), nullptr);
  first.reset();
  first = shares.Enter("a");
  EXPECT_NE(first, nullptr);
  EXPECT_EQ(shares.Enter("a"), nullptr);
}

}  // namespace
}  // namespace sigward::worker
