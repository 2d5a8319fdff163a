#include "base/reason.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sigward::base {
namespace {

constexpr Reason kAll[] = {
#define SIGWARD_REASON_LISTED(name, number, word, verdict) Reason::name,
    SIGWARD_REASONS(SIGWARD_REASON_LISTED)
#undef SIGWARD_REASON_LISTED
};

TEST(Reason, EveryWordLeadsBackToItsReason) {
  for (const Reason reason : kAll) {
    EXPECT_EQ(ReasonFromWord(ReasonWord(reason)), reason);
    EXPECT_EQ(ReasonFromNumber(static_cast<std::uint32_t>(reason)), reason);
  }
}

TEST(Reason, WordsAreLowerCaseAndUnique) {
  std::set<std::string_view> words;
  for (const Reason reason : kAll) {
    const std::string_view word = ReasonWord(reason);
    EXPECT_TRUE(words.insert(word).second) << word;
    EXPECT_EQ(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos)
        << word;
  }
}

TEST(Reason, ZeroAndUnknownNumbersAreNoReason) {
  EXPECT_EQ(ReasonFromNumber(0), std::nullopt);
  EXPECT_EQ(ReasonFromNumber(255), std::nullopt);
  EXPECT_EQ(ReasonFromNumber(1U << 20), std::nullopt);
  EXPECT_EQ(ReasonFromWord(""), std::nullopt);
  EXPECT_EQ(ReasonFromWord("No-Signature"), std::nullopt);
}

TEST(Reason, WhatCouldNotBeReadIsToldApartFromWhatWasRefused) {
  EXPECT_FALSE(CouldNotTell(Reason::kNoSignature));
  EXPECT_FALSE(CouldNotTell(Reason::kBadSignature));
  EXPECT_FALSE(CouldNotTell(Reason::kStaticFail));
  for (const Reason reason : {Reason::kUnauthorized, Reason::kForbidden, Reason::kNotFound,
                              Reason::kRateLimited, Reason::kRegistryError, Reason::kUnreachable,
                              Reason::kTlsFailed, Reason::kTimeout, Reason::kWorkerFailed,
                              Reason::kOverloaded, Reason::kPolicyUnavailable, Reason::kInternal}) {
    EXPECT_TRUE(CouldNotTell(reason)) << ReasonWord(reason);
  }
}

}  // namespace
}  // namespace sigward::base
