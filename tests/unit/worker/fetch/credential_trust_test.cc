#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

#include "authorization_fixture.h"
#include "worker/fetch/authorizer.h"

namespace sigward::worker {
namespace {

using base::Reason;
using testing::AuthorizationTest;
using testing::Basic;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kSecret;
using testing::ScriptedServer;
using testing::Seen;
using testing::ServedReply;
using testing::ServedRequest;
using ::testing::SizeIs;

TEST_F(AuthorizationTest, GivesAStrangeTokenServerNoCredential) {
  ScriptedServer stranger(nullptr, "127.0.0.2");
  GiveTokens(stranger, [](const ServedRequest& request) {
    return request.Header("authorization") == Basic("user", kSecret);
  });
  WantToken(RealmAt(stranger));
  credentials_.GivePassword("user", kSecret);
  const Seen seen = Evidence(image_);
  EXPECT_EQ(ExpectRefused(seen), Reason::kUnauthorized);
  EXPECT_THAT(DetailOf(seen), HasSubstr("token server " + stranger.host() + " is not trusted"));
  ASSERT_THAT(token_requests_, SizeIs(1));
  EXPECT_EQ(token_requests_[0].Header("authorization"), "");

  Credential refresh;
  refresh.identity_token = kSecret;
  credentials_.Give(std::optional(refresh));
  EXPECT_EQ(ExpectRefused(Evidence(image_)), Reason::kUnauthorized);
  EXPECT_EQ(token_requests_.back().method, "GET");

  credentials_.GivePassword("user", kSecret);
  context_.authorization.token_hosts = {"127.0.0.2"};
  ExpectAnswered(Evidence(image_));
}

TEST_F(AuthorizationTest, TakesATokenFromAStrangerAsNobody) {
  ScriptedServer stranger(nullptr, "127.0.0.2");
  GiveTokens(stranger, Anybody);
  WantToken(RealmAt(stranger));
  credentials_.GivePassword("user", kSecret);
  ExpectAnswered(Evidence(image_));
  EXPECT_EQ(token_requests_.at(0).Header("authorization"), "");
}

TEST_F(AuthorizationTest, DropsWhatItShowsWhereARedirectLeadsAway) {
  ScriptedServer away(nullptr, "127.0.0.2");
  const std::string blob = "/v2/app/blobs/" + testing::DigestOf("payload").text();
  server_.On(blob, [&](const ServedRequest& request, ServedReply& reply) {
    EXPECT_EQ(request.Header("authorization"), Basic("user", kSecret));
    reply.Send(307, "", "Location: http://" + away.host() + "/blob\r\n");
  });
  std::atomic<int> back{0};
  away.On("/blob", [&](const ServedRequest& request, ServedReply& reply) {
    EXPECT_EQ(request.Header("authorization"), "");
    reply.Send(307, "", "Location: http://" + server_.host() + "/back\r\n");
  });
  server_.On("/back", [&](const ServedRequest& request, ServedReply& reply) {
    ++back;
    EXPECT_EQ(request.Header("authorization"), "");
    reply.Send(200, "payload");
  });
  WantBasic("user", kSecret);
  credentials_.GivePassword("user", kSecret);
  ExpectAnswered(Evidence(image_));
  EXPECT_EQ(back, 1);
}

TEST_F(AuthorizationTest, ShowsNothingToAHostThatARedirectLeadsTo) {
  ScriptedServer away(nullptr, "127.0.0.2");
  away.Otherwise([&](const ServedRequest&, ServedReply& reply) {
    reply.Send(401, "", "WWW-Authenticate: Basic realm=x\r\n");
  });
  server_.Before([&](const ServedRequest& request, ServedReply& reply) {
    reply.Send(307, "", "Location: http://" + away.host() + request.target + "\r\n");
    return true;
  });
  credentials_.GivePassword("user", kSecret);
  EXPECT_EQ(ExpectRefused(Evidence(image_)), Reason::kUnauthorized);
  EXPECT_THAT(credentials_.asked(), IsEmpty());
}

TEST_F(AuthorizationTest, DropsThePasswordWhereTheTokenServerLeadsAway) {
  ScriptedServer away(nullptr, "127.0.0.2");
  WantToken(RealmAt(server_));
  server_.On("/token", [&](const ServedRequest& request, ServedReply& reply) {
    EXPECT_NE(request.Header("authorization") + request.body, "");
    reply.Send(307, "", "Location: http://" + away.host() + "/token\r\n");
  });
  GiveTokens(away, Anybody);
  credentials_.GivePassword("user", kSecret);
  ExpectAnswered(Evidence(image_));
  ASSERT_THAT(token_requests_, SizeIs(1));
  EXPECT_EQ(token_requests_[0].Header("authorization"), "");

  // A refresh token is in the request itself.
  token_ = "other";
  Credential refresh;
  refresh.identity_token = kSecret;
  credentials_.Give(std::optional(refresh));
  EXPECT_EQ(ExpectRefused(Evidence(image_)), Reason::kRegistryError);
  EXPECT_THAT(token_requests_, SizeIs(1));
}

HttpResponse RefusedBy(const Endpoint& endpoint, const std::string& challenge) {
  HttpResponse response;
  response.status = 401;
  response.url = Url{endpoint.origin, "/v2/app/x", ""};
  response.challenges = challenge;
  return response;
}

TEST_F(AuthorizationTest, CallsDockerHubByItsName) {
  Endpoint hub;
  hub.origin = {"https", "registry-1.docker.io", "443"};
  Endpoint other;
  other.origin = {"https", "r.example", "5000"};
  credentials_.GivePassword("user", kSecret);
  PacedHttp paced(http_, context_.back_off, "app");
  Authorizer authorizer(paced, context_.authorization, "app");
  const auto deadline = base::Deadline::After(std::chrono::seconds(5));
  for (const Endpoint& endpoint : {hub, other}) {
    const auto value =
        authorizer.Answer(endpoint, RefusedBy(endpoint, "Basic realm=x"), "", deadline);
    EXPECT_THAT(value, testing::IsOkAndHolds(Basic("user", kSecret)));
  }
  EXPECT_THAT(credentials_.asked(), ElementsAre("docker.io app", "r.example:5000 app"));
}

TEST_F(AuthorizationTest, ShowsNothingOverPlainHttpThatNobodyMeant) {
  Endpoint plain;
  plain.origin = {"http", "r.example", "80"};
  credentials_.GivePassword("user", kSecret);
  PacedHttp paced(http_, context_.back_off, "app");
  Authorizer authorizer(paced, context_.authorization, "app");
  const auto deadline = base::Deadline::After(std::chrono::seconds(5));
  const HttpResponse refused = RefusedBy(plain, "Basic realm=x");
  EXPECT_THAT(authorizer.Answer(plain, refused, "", deadline),
              testing::FailsWith(Reason::kUnauthorized));
  EXPECT_THAT(credentials_.asked(), IsEmpty());
  plain.is_http_meant = true;
  EXPECT_THAT(authorizer.Answer(plain, refused, "", deadline), testing::IsOk());
}

TEST_F(AuthorizationTest, BoundsTheRequestsForTokens) {
  Endpoint endpoint;
  endpoint.origin = {"http", "127.0.0.1", server_.port()};
  endpoint.may_be_local = true;
  GiveTokens(server_, Anybody);
  PacedHttp paced(http_, context_.back_off, "app");
  Authorizer authorizer(paced, context_.authorization, "app");
  const auto deadline = base::Deadline::After(std::chrono::seconds(30));
  const HttpResponse refused = RefusedBy(endpoint, "Bearer realm=\"" + RealmAt(server_) + "\"");
  for (std::size_t i = 0; i < kMaxTokenRequests; ++i) {
    EXPECT_THAT(authorizer.Answer(endpoint, refused, "", deadline), testing::IsOk());
  }
  EXPECT_THAT(authorizer.Answer(endpoint, refused, "", deadline),
              testing::FailsWith(Reason::kTooLarge));
  EXPECT_THAT(token_requests_, SizeIs(kMaxTokenRequests));
}

}  // namespace
}  // namespace sigward::worker
