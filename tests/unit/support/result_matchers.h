#pragma once

#include <gmock/gmock.h>

#include <ostream>
#include <string>

#include "base/result.h"

namespace sigward::base {

inline void PrintTo(Reason reason, std::ostream* out) {
  *out << ReasonWord(reason);
}

}  // namespace sigward::base

namespace sigward::testing {

/// EXPECT_THAT(Parse(x), IsOk());
MATCHER(IsOk, "is ok") {
  if (arg.ok()) {
    return true;
  }
  *result_listener << base::ReasonWord(arg.error().reason) << ": " << arg.error().detail;
  return false;
}

/// EXPECT_THAT(Parse(x), FailsWith(Reason::kMalformed));
MATCHER_P(FailsWith, reason, std::string("fails with ") + std::string(base::ReasonWord(reason))) {
  if (arg.ok()) {
    *result_listener << "is ok";
    return false;
  }
  *result_listener << base::ReasonWord(arg.error().reason) << ": " << arg.error().detail;
  return arg.error().reason == reason;
}

/// EXPECT_THAT(Parse(x), Refuses(Reason::kMalformed, "part of the text"));
MATCHER_P2(Refuses, reason, text,
           std::string("fails with ") + std::string(base::ReasonWord(reason)) + ": " + text) {
  if (arg.ok()) {
    *result_listener << "is ok";
    return false;
  }
  *result_listener << base::ReasonWord(arg.error().reason) << ": " << arg.error().detail;
  return arg.error().reason == reason && arg.error().detail.find(text) != std::string::npos;
}

/// EXPECT_THAT(Parse(x), IsOkAndHolds(7));
MATCHER_P(IsOkAndHolds, matcher, "holds a matching value") {
  if (!arg.ok()) {
    *result_listener << base::ReasonWord(arg.error().reason) << ": " << arg.error().detail;
    return false;
  }
  return ::testing::ExplainMatchResult(matcher, *arg, result_listener);
}

}  // namespace sigward::testing
