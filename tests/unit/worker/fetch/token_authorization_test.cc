#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "authorization_fixture.h"
#include "worker/fetch/token_server.h"

namespace sigward::worker {
namespace {

using base::Reason;
using testing::AuthorizationTest;
using testing::Basic;
using ::testing::Contains;
using testing::FakeCredentials;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kSecret;
using testing::Seen;
using testing::ServedReply;
using testing::ServedRequest;
using ::testing::SizeIs;

TEST_F(AuthorizationTest, TakesATokenAsNobody) {
  WantToken(RealmAt(server_));
  GiveTokens(server_, Anybody);
  const Seen cold = Evidence(image_);
  ExpectAnswered(cold);
  // One token for all three requests that were refused.
  EXPECT_EQ(cold.requests, 4U + 3U + 1U);
  EXPECT_EQ(Evidence(image_).requests, 4U);
  ASSERT_THAT(token_requests_, SizeIs(1));
  EXPECT_EQ(token_requests_[0].method, "GET");
  EXPECT_EQ(token_requests_[0].target, "/token?service=registry&scope=repository%3Aapp%3Apull");
  EXPECT_EQ(token_requests_[0].Header("authorization"), "");
}

TEST_F(AuthorizationTest, TakesATokenForAPassword) {
  WantToken(RealmAt(server_));
  GiveTokens(server_, [](const ServedRequest& request) {
    return request.Header("authorization") == Basic("user", kSecret);
  });
  credentials_.GivePassword("user", kSecret);
  ExpectAnswered(Evidence(image_));
  ExpectAnswered(Evidence(image_));
  EXPECT_THAT(token_requests_, SizeIs(1));
  EXPECT_THAT(credentials_.asked(), SizeIs(1));
}

TEST_F(AuthorizationTest, TakesATokenForARefreshToken) {
  WantToken(RealmAt(server_));
  GiveTokens(server_, [](const ServedRequest& request) {
    return request.method == "POST" &&
           request.Header("content-type") == "application/x-www-form-urlencoded";
  });
  Credential credential;
  credential.username = "user";
  credential.identity_token = kSecret;
  credentials_.Give(std::optional(credential));
  ExpectAnswered(Evidence(image_));
  ASSERT_THAT(token_requests_, SizeIs(1));
  EXPECT_EQ(token_requests_[0].target, "/token");
  EXPECT_EQ(token_requests_[0].Header("authorization"), "");
  EXPECT_EQ(token_requests_[0].body,
            "grant_type=refresh_token&client_id=sigward&service=registry&"
            "scope=repository%3Aapp%3Apull&refresh_token=" +
                std::string(kSecret));
}

TEST_F(AuthorizationTest, ShowsARegistryTokenAsItIs) {
  token_ = "g1v3n";
  WantToken(RealmAt(server_));
  Credential credential;
  credential.registry_token = token_;
  credentials_.Give(std::optional(credential));
  ExpectAnswered(Evidence(image_));
  EXPECT_EQ(Evidence(image_).requests, 4U);
  // One that is refused is asked for again, and shown no second time.
  token_ = "other";
  const Seen seen = Evidence(image_);
  EXPECT_EQ(ExpectRefused(seen), Reason::kUnauthorized);
  EXPECT_EQ(seen.requests, 3U);
  EXPECT_THAT(credentials_.asked(), Contains(server_.host() + " app refused"));
  EXPECT_THAT(token_requests_, IsEmpty());
}

TEST_F(AuthorizationTest, PutsNoLineEndOfARegistryTokenIntoAHeader) {
  token_ = "g1v3n";
  WantToken(RealmAt(server_));
  for (const char* token : {"g1v3n\n", "g1v3n\r\nX-Other: 1", "g1v3n\r\n\r\nDELETE / HTTP/1.1",
                            "g1v3n x", "g1v3n\x80"}) {
    server_.Forget();
    Credential credential;
    credential.registry_token = token;
    credentials_.Give(std::optional(credential));
    const Seen seen = Evidence(image_);
    EXPECT_EQ(ExpectRefused(seen), Reason::kConfigInvalid);
    EXPECT_THAT(DetailOf(seen), ::testing::Not(HasSubstr("g1v3n")));
    EXPECT_THAT(server_.requests(), SizeIs(3));
  }
}

TEST_F(AuthorizationTest, PrefersATokenToAPassword) {
  Want("Basic realm=\"x\"\r\nWWW-Authenticate: Bearer realm=\"" + RealmAt(server_) + "\"",
       [this](const std::string& shown) { return !token_.empty() && shown == "Bearer " + token_; });
  GiveTokens(server_, Anybody);
  credentials_.GivePassword("user", kSecret);
  ExpectAnswered(Evidence(image_));
}

TEST_F(AuthorizationTest, KeepsNoTokenBeyondItsLife) {
  WantToken(RealmAt(server_));
  GiveTokens(server_, Anybody, ",\"expires_in\":0");
  Evidence(image_);
  const std::size_t first = token_requests_.size();
  Evidence(image_);
  EXPECT_THAT(token_requests_, SizeIs(Gt(first)));
}

TEST_F(AuthorizationTest, FetchesARefusedTokenAnew) {
  WantToken(RealmAt(server_));
  GiveTokens(server_, Anybody);
  ExpectAnswered(Evidence(image_));
  token_ = "r0tat3d";
  const Seen seen = Evidence(image_);
  ExpectAnswered(seen);
  EXPECT_THAT(token_requests_, SizeIs(2));
  EXPECT_EQ(seen.requests, 4U + 3U + 1U);
}

TEST_F(AuthorizationTest, GivesUpWhereNoTokenIsEverTaken) {
  Want("Bearer realm=\"" + RealmAt(server_) + "\"", [](const std::string&) { return false; });
  GiveTokens(server_, Anybody);
  const Seen seen = Evidence(image_);
  EXPECT_EQ(ExpectRefused(seen), Reason::kUnauthorized);
  EXPECT_THAT(token_requests_, SizeIs(2));
  EXPECT_EQ(refusals_, 9);
}

TEST_F(AuthorizationTest, AsksAgainForACredentialThatTheTokenServerRefuses) {
  WantToken(RealmAt(server_));
  GiveTokens(server_, [](const ServedRequest& request) {
    return request.Header("authorization") == Basic("user", kSecret);
  });
  credentials_.GivePassword("user", "0ld");
  EXPECT_EQ(ExpectRefused(Evidence(image_)), Reason::kUnauthorized);
  EXPECT_THAT(token_requests_, SizeIs(1));
  credentials_.GiveAfterRefusal(FakeCredentials::WithPassword("user", kSecret));
  ExpectAnswered(Evidence(image_));
}

TEST_F(AuthorizationTest, TellsWhatTheTokenServerSays) {
  WantToken(RealmAt(server_));
  struct Row {
    int status;
    Reason reason;
  };
  for (const Row& row : {Row{401, Reason::kUnauthorized}, Row{403, Reason::kForbidden},
                         Row{404, Reason::kRegistryError}, Row{500, Reason::kRegistryError}}) {
    server_.On("/token", [row](const ServedRequest&, ServedReply& reply) {
      reply.Send(row.status, kSecret);
    });
    const Seen seen = Evidence(image_);
    EXPECT_EQ(ExpectRefused(seen), row.reason) << row.status;
    EXPECT_THAT(DetailOf(seen), HasSubstr("token server " + server_.host()));
  }
}

TEST_F(AuthorizationTest, BoundsWhatATokenServerSends) {
  WantToken(RealmAt(server_));
  std::string answer;
  server_.On("/token", [&](const ServedRequest&, ServedReply& reply) { reply.Send(200, answer); });
  token_ = "t0k3n";
  const std::string token = "{\"token\":\"" + token_ + "\"}";
  answer = token + std::string(kMaxTokenAnswerBytes - token.size(), ' ');
  ExpectAnswered(Evidence(image_));
  token_ = "t0k3n-2";
  answer += ' ';
  EXPECT_EQ(ExpectRefused(Evidence(image_)), Reason::kTooLarge);
  answer = "<html>";
  EXPECT_EQ(ExpectRefused(Evidence(image_)), Reason::kRegistryError);
}

TEST_F(AuthorizationTest, TellsOfChallengesThatItCannotAnswer) {
  for (const char* challenge : {"Negotiate", "Bearer realm=\"open", "Bearer service=x", ""}) {
    Want(challenge, [](const std::string&) { return false; });
    EXPECT_EQ(ExpectRefused(Evidence(image_)), Reason::kUnauthorized) << challenge;
    EXPECT_EQ(server_.requests().size(), 3U) << challenge;
  }
}

}  // namespace
}  // namespace sigward::worker
