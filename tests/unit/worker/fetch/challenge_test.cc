#include "worker/fetch/challenge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"

namespace sigward::worker {
namespace {

using base::Reason;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(Challenge, ReadsWhatRegistriesSend) {
  const auto challenges = ParseChallenges(
      "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
      "scope=\"repository:library/nginx:pull,push\"");
  ASSERT_THAT(challenges, IsOk());
  ASSERT_THAT(*challenges, SizeIs(1));
  EXPECT_EQ(challenges->front().scheme, "bearer");
  EXPECT_EQ(challenges->front().Value("realm"), "https://auth.docker.io/token");
  EXPECT_EQ(challenges->front().Value("service"), "registry.docker.io");
  EXPECT_EQ(challenges->front().Value("scope"), "repository:library/nginx:pull,push");
  EXPECT_EQ(challenges->front().Value("error"), "");
}

TEST(Challenge, TellsSeveralApart) {
  const auto challenges = ParseChallenges(
      ", Negotiate ,NTLM YWJj==, Basic  realm=\"a \\\"b\\\", c\" , charset=UTF-8,"
      "BEARER Realm = x , ,service=\"\",Digest\tq");
  EXPECT_THAT(challenges, FailsWith(Reason::kMalformed));
  const auto read = ParseChallenges(
      ", Negotiate ,NTLM YWJj==, Basic  realm=\"a \\\"b\\\", c\" , charset=UTF-8,"
      "BEARER Realm = x , ,service=\"\"");
  ASSERT_THAT(read, IsOk());
  ASSERT_THAT(*read, SizeIs(4));
  EXPECT_EQ((*read)[0].scheme, "negotiate");
  EXPECT_EQ((*read)[1].scheme, "ntlm");
  EXPECT_THAT((*read)[1].parameters, IsEmpty());
  EXPECT_EQ((*read)[2].scheme, "basic");
  EXPECT_THAT((*read)[2].parameters,
              ElementsAre(Pair("charset", "UTF-8"), Pair("realm", "a \"b\", c")));
  EXPECT_EQ((*read)[3].scheme, "bearer");
  EXPECT_THAT((*read)[3].parameters, ElementsAre(Pair("realm", "x"), Pair("service", "")));
}

TEST(Challenge, ReadsNothingAsNothing) {
  for (const char* header : {"", " ", ",, ,\t"}) {
    const auto challenges = ParseChallenges(header);
    ASSERT_THAT(challenges, IsOk()) << header;
    EXPECT_THAT(*challenges, IsEmpty()) << header;
  }
}

TEST(Challenge, RefusesWhatIsNoChallenge) {
  for (const char* header :
       {"Bearer realm=\"open", "Bearer realm=\"open\\", "Bearer realm=\"x\" service=\"y\"",
        "Bearer realm=,service=x", "Bearer \"realm\"", "=x", "Bearer realm=\"a\x01\"",
        "Bearer realm=a:b", "Bearer\"x\"", "Bearer realm=\"a\x7f\""}) {
    EXPECT_THAT(ParseChallenges(header), FailsWith(Reason::kMalformed)) << header;
  }
}

TEST(Challenge, RefusesAParameterGivenTwice) {
  EXPECT_THAT(ParseChallenges("Bearer realm=a,REALM=b"), FailsWith(Reason::kDuplicateKey));
  EXPECT_THAT(ParseChallenges("Bearer realm=a,Basic realm=b"), IsOk());
}

TEST(Challenge, IsBounded) {
  std::string many;
  for (std::size_t i = 0; i < kMaxChallenges; ++i) {
    many += "Basic,";
  }
  EXPECT_THAT(ParseChallenges(many), IsOk());
  EXPECT_THAT(ParseChallenges(many + "Basic"), FailsWith(Reason::kTooLarge));

  std::string parameters = "Bearer ";
  for (std::size_t i = 0; i < kMaxChallengeParameters; ++i) {
    parameters += "p" + std::to_string(i) + "=x,";
  }
  EXPECT_THAT(ParseChallenges(parameters), IsOk());
  EXPECT_THAT(ParseChallenges(parameters + "q=x"), FailsWith(Reason::kTooLarge));

  const std::string value(kMaxChallengeValue, 'x');
  EXPECT_THAT(ParseChallenges("Bearer realm=\"" + value + "\""), IsOk());
  EXPECT_THAT(ParseChallenges("Bearer realm=\"x" + value + "\""), FailsWith(Reason::kTooLarge));

  const std::string padding(kMaxChallengeBytes - 5, ',');
  EXPECT_THAT(ParseChallenges("Basic" + padding), IsOk());
  EXPECT_THAT(ParseChallenges("Basic," + padding), FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::worker
