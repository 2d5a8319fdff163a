#include "worker/fetch/registry_shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "result_matchers.h"
#include "worker/fetch/fetch_task.h"

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

TEST(RegistryShares, GivesEachRegistryHalfOfTheBytesUntilItsQuestionsEnd) {
  RegistryShares shares(2);
  auto first = shares.Enter("a");
  const auto second = shares.Enter("a");
  const auto other = shares.Enter("b");
  EXPECT_FALSE(first->TakeBytes(kMaxBytesPerRegistry + 1));
  EXPECT_TRUE(first->TakeBytes(kMaxBytesPerRegistry - 1));
  EXPECT_FALSE(second->TakeBytes(2));
  EXPECT_TRUE(second->TakeBytes(1));
  EXPECT_TRUE(other->TakeBytes(kMaxBytesPerRegistry));
  EXPECT_FALSE(shares.Enter("c")->TakeBytes(1)) << "all bytes are taken";
  first.reset();
  EXPECT_TRUE(second->TakeBytes(kMaxBytesPerRegistry - 1));
  EXPECT_FALSE(second->TakeBytes(1));
}

TEST(RegistriesOf, NamesEachThatIsAskedOnce) {
  const auto registries = [](rpc::FetchQuestion::Kind kind, const std::string& signatures,
                             const std::string& image = "a.example") {
    rpc::FetchQuestion question;
    question.set_kind(kind);
    question.set_registry(image);
    question.set_repository("app");
    question.set_digest("sha256:" + std::string(64, 'a'));
    if (!signatures.empty()) {
      question.mutable_signatures()->set_registry(signatures);
      question.mutable_signatures()->set_repository("sigs");
    }
    const auto task = ParseTask(question);
    EXPECT_THAT(task, testing::IsOk());
    return task.ok() ? RegistriesOf(*task) : std::vector<std::string>();
  };
  using ::testing::ElementsAre;
  constexpr auto kOwn = rpc::FetchQuestion::EVIDENCE;
  constexpr auto kMember = rpc::FetchQuestion::MEMBER_EVIDENCE;
  EXPECT_THAT(registries(kOwn, ""), ElementsAre("a.example"));
  EXPECT_THAT(registries(kMember, ""), ElementsAre("a.example"));
  EXPECT_THAT(registries(kOwn, "b.example"), ElementsAre("b.example"));
  EXPECT_THAT(registries(kMember, "b.example"), ElementsAre("a.example", "b.example"));
  EXPECT_THAT(registries(kMember, "a.example"), ElementsAre("a.example"));
  EXPECT_THAT(registries(kOwn, "", "a.example:443"), ElementsAre("a.example"));
  EXPECT_THAT(registries(kMember, "a.example:443"), ElementsAre("a.example"));
  EXPECT_THAT(registries(kOwn, "", "a.example:5000"), ElementsAre("a.example:5000"));
}

}  // namespace
}  // namespace sigward::worker
