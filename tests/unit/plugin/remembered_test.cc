#include "plugin/gate/remembered.h"

#include <gtest/gtest.h>

#include "verifyd_answer_for_testing.h"

namespace sigward::gate {
namespace {

using testing::AuthorityNumber;
using testing::DigestNumber;
using testing::ProofOf;

TEST(Remembered, FindsOnlyTheSameDigestByTheSameAuthority) {
  Remembered remembered;
  remembered.Add(ProofOf(DigestNumber(1), AuthorityNumber(1)));
  EXPECT_TRUE(remembered.Find(DigestNumber(1), AuthorityNumber(1)).has_value());
  EXPECT_FALSE(remembered.Find(DigestNumber(1), AuthorityNumber(2)).has_value());
  EXPECT_FALSE(remembered.Find(DigestNumber(2), AuthorityNumber(1)).has_value());
}

TEST(Remembered, IsBoundedAndForgetsWhatWasUsedLeastRecently) {
  Remembered remembered(2);
  remembered.Add(ProofOf(DigestNumber(1), AuthorityNumber(1)));
  remembered.Add(ProofOf(DigestNumber(2), AuthorityNumber(1)));
  ASSERT_TRUE(remembered.Find(DigestNumber(1), AuthorityNumber(1)).has_value());
  remembered.Add(ProofOf(DigestNumber(3), AuthorityNumber(1)));
  EXPECT_EQ(remembered.size(), 2U);
  EXPECT_TRUE(remembered.Find(DigestNumber(1), AuthorityNumber(1)).has_value());
  EXPECT_FALSE(remembered.Find(DigestNumber(2), AuthorityNumber(1)).has_value());
  remembered.Add(ProofOf(DigestNumber(3), AuthorityNumber(1)));
  EXPECT_EQ(remembered.size(), 2U);
}

}  // namespace
}  // namespace sigward::gate
