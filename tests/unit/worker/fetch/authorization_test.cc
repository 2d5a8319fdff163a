#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/base64.h"
#include "fake_credentials.h"
#include "fetch_task_fixture.h"
#include "worker/fetch/authorizer.h"

namespace sigward::worker {
namespace {

using base::Reason;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeCredentials;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using testing::ScriptedServer;
using testing::Seen;
using testing::ServedReply;
using testing::ServedRequest;
using ::testing::SizeIs;

constexpr const char* kSecret = "s3cr3t-pa55";

std::string Basic(const std::string& user, const std::string& password) {
  return "Basic " + base::EncodeBase64(base::AsBytes(user + ":" + password));
}

/// A registry that wants to be shown who asks.
class AuthorizationTest : public testing::FetchTaskTest {
 protected:
  AuthorizationTest() {
    context_.authorization.credentials = &credentials_;
    registry_.SignLegacy(image_, "payload");
  }

  /// Lets only what ACCEPTS says is shown well come to the registry's routes.
  void Want(const std::string& challenge, std::function<bool(const std::string&)> accepts) {
    server_.Before([=, this](const ServedRequest& request, ServedReply& reply) {
      if (!request.target.starts_with("/v2/") || accepts(request.Header("authorization"))) {
        return false;
      }
      ++refusals_;
      reply.Send(401, "{}", "WWW-Authenticate: " + challenge + "\r\n");
      return true;
    });
  }
  void WantBasic(const std::string& user, const std::string& password) {
    Want("Basic realm=\"here\"",
         [value = Basic(user, password)](const std::string& shown) { return shown == value; });
  }
  void WantToken(const std::string& realm) {
    Want("Bearer realm=\"" + realm + "\",service=\"registry\",scope=\"repository:app:pull\"",
         [this](const std::string& shown) {
           return !token_.empty() && shown == "Bearer " + token_;
         });
  }
  std::string RealmAt(const ScriptedServer& server) const {
    return "http://" + server.host() + "/token";
  }
  /// SERVER gives out a new token for each request that MAY have one; others get 401.
  void GiveTokens(ScriptedServer& server, std::function<bool(const ServedRequest&)> may,
                  const std::string& more = "") {
    server.On("/token", [=, this](const ServedRequest& request, ServedReply& reply) {
      token_requests_.push_back(request);
      if (!may(request)) {
        reply.Send(401, "{}");
        return;
      }
      token_ = "t0k3n-" + std::to_string(token_requests_.size());
      reply.Send(200, "{\"token\":\"" + token_ + "\"" + more + "}");
    });
  }
  static bool Anybody(const ServedRequest&) { return true; }

  void ExpectNoSecretIn(const Seen& seen) {
    for (const auto& [reason, detail] : seen.failures) {
      EXPECT_THAT(detail, Not(HasSubstr(kSecret)));
      EXPECT_THAT(detail, Not(HasSubstr("t0k3n")));
      EXPECT_THAT(detail, Not(HasSubstr(base::EncodeBase64(base::AsBytes(kSecret)).substr(0, 8))));
    }
  }
  void ExpectAnswered(const Seen& seen) {
    EXPECT_THAT(seen.objects, SizeIs(2));
    EXPECT_THAT(seen.failures, IsEmpty());
  }
  /// The one reason that everything failed for.
  Reason ExpectRefused(const Seen& seen) {
    EXPECT_THAT(seen.objects, IsEmpty());
    EXPECT_THAT(seen.failures, SizeIs(1));
    ExpectNoSecretIn(seen);
    return seen.failures.empty() ? Reason::kInternal : seen.failures.front().first;
  }

  FakeCredentials credentials_;
  std::string token_;
  std::vector<ServedRequest> token_requests_;
  std::atomic<int> refusals_{0};
};

// ---- Basic --------------------------------------------------------------------------------------

TEST_F(AuthorizationTest, ShowsAPasswordAndRemembersIt) {
  WantBasic("user", kSecret);
  credentials_.GivePassword("user", kSecret);
  const Seen cold = Evidence(image_);
  ExpectAnswered(cold);
  EXPECT_EQ(cold.requests, 4U + 3U);
  const Seen warm = Evidence(image_);
  ExpectAnswered(warm);
  EXPECT_EQ(warm.requests, 4U);
  EXPECT_THAT(credentials_.asked(), ElementsAre(server_.host() + " app"));
}

TEST_F(AuthorizationTest, ShowsNothingUnasked) {
  server_.Before([](const ServedRequest& request, ServedReply&) {
    EXPECT_EQ(request.Header("authorization"), "");
    return false;
  });
  credentials_.GivePassword("user", kSecret);
  ExpectAnswered(Evidence(image_));
  EXPECT_THAT(credentials_.asked(), IsEmpty());
}

TEST_F(AuthorizationTest, RemembersByRepository) {
  WantBasic("user", kSecret);
  credentials_.GivePassword("user", kSecret);
  ExpectAnswered(Evidence(image_));
  rpc::FetchQuestion question = Question(rpc::FetchQuestion::RESOLVE);
  question.set_repository("other");
  question.set_tag("v1");
  Ask(question);
  EXPECT_THAT(credentials_.asked(),
              ElementsAre(server_.host() + " app", server_.host() + " other"));
}

TEST_F(AuthorizationTest, AsksAgainForAPasswordThatIsRefused) {
  WantBasic("user", kSecret);
  credentials_.GivePassword("user", "0ld");
  credentials_.GiveAfterRefusal(FakeCredentials::WithPassword("user", kSecret));
  ExpectAnswered(Evidence(image_));
  EXPECT_THAT(credentials_.asked(),
              ElementsAre(server_.host() + " app", server_.host() + " app refused"));
}

TEST_F(AuthorizationTest, ShowsARefusedPasswordOnce) {
  WantBasic("user", "other");
  credentials_.GivePassword("user", kSecret);
  const Seen seen = Evidence(image_);
  EXPECT_EQ(ExpectRefused(seen), Reason::kUnauthorized);
  EXPECT_EQ(seen.requests, 6U);
  EXPECT_THAT(seen.failures.front().second, HasSubstr("refuses what it was shown"));
  // It is not shown at once the next time.
  EXPECT_EQ(Evidence(image_).requests, 6U);
}

TEST_F(AuthorizationTest, TellsWhereNoPasswordIsKnown) {
  WantBasic("user", kSecret);
  const Seen seen = Evidence(image_);
  EXPECT_EQ(ExpectRefused(seen), Reason::kUnauthorized);
  EXPECT_THAT(seen.failures.front().second,
              HasSubstr("no credential is known for " + server_.host()));
  EXPECT_EQ(seen.requests, 3U);
}

TEST_F(AuthorizationTest, NeedsNoSourceOfCredentials) {
  context_.authorization.credentials = nullptr;
  WantBasic("user", kSecret);
  EXPECT_EQ(ExpectRefused(Evidence(image_)), Reason::kUnauthorized);
}

TEST_F(AuthorizationTest, PassesOnWhyNoCredentialIsToBeHad) {
  WantBasic("user", kSecret);
  credentials_.Give(base::Fail(Reason::kWorkerFailed, "the helper ended"));
  EXPECT_EQ(ExpectRefused(Evidence(image_)), Reason::kWorkerFailed);
}

TEST_F(AuthorizationTest, KeepsForbiddenApart) {
  server_.Otherwise([](const ServedRequest&, ServedReply& reply) {
    reply.Send(403, "", "WWW-Authenticate: Basic realm=x\r\n");
  });
  EXPECT_EQ(Resolve("v1").answer.reason(), static_cast<std::uint32_t>(Reason::kForbidden));
  EXPECT_THAT(credentials_.asked(), IsEmpty());
}

TEST_F(AuthorizationTest, LetsTheOperatorsHeaderWin) {
  WriteHosts("server = \"http://" + server_.host() + "\"\n[header]\nauthorization = \"Basic " +
             base::EncodeBase64(base::AsBytes("o:p")) + "\"\n");
  credentials_.GivePassword("user", kSecret);
  WantBasic("o", "p");
  ExpectAnswered(Evidence(image_));
  WantBasic("user", kSecret);
  const Seen seen = Evidence(image_);
  EXPECT_EQ(ExpectRefused(seen), Reason::kUnauthorized);
  EXPECT_THAT(seen.failures.front().second, HasSubstr("hosts.toml"));
  EXPECT_THAT(credentials_.asked(), IsEmpty());
}

TEST_F(AuthorizationTest, AsksForAMirrorsOwnCredential) {
  ScriptedServer mirror;
  testing::ScriptedRegistry(mirror).SignLegacy(image_, "payload");
  mirror.Before([](const ServedRequest& request, ServedReply& reply) {
    if (request.Header("authorization") == Basic("m", kSecret)) {
      return false;
    }
    reply.Send(401, "", "WWW-Authenticate: Basic realm=m\r\n");
    return true;
  });
  WriteHosts("server = \"http://" + server_.host() + "\"\n[host.\"http://" + mirror.host() +
             "\"]\n");
  credentials_.GivePassword("m", kSecret);
  EXPECT_THAT(Evidence(image_).failures, IsEmpty());
  EXPECT_THAT(credentials_.asked(), Contains(mirror.host() + " app"));
  EXPECT_THAT(credentials_.asked(), Not(Contains(server_.host() + " app")));
}

// ---- Tokens -------------------------------------------------------------------------------------

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
    EXPECT_THAT(seen.failures.front().second, HasSubstr("token server " + server_.host()));
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

// ---- Who may see it -----------------------------------------------------------------------------

TEST_F(AuthorizationTest, GivesAStrangeTokenServerNoCredential) {
  ScriptedServer stranger(nullptr, "127.0.0.2");
  GiveTokens(stranger, [](const ServedRequest& request) {
    return request.Header("authorization") == Basic("user", kSecret);
  });
  WantToken(RealmAt(stranger));
  credentials_.GivePassword("user", kSecret);
  const Seen seen = Evidence(image_);
  EXPECT_EQ(ExpectRefused(seen), Reason::kUnauthorized);
  EXPECT_THAT(seen.failures.front().second,
              HasSubstr("token server " + stranger.host() + " is not trusted"));
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

// ---- Authorizer ---------------------------------------------------------------------------------

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
  Authorizer authorizer(http_, context_.authorization, "app");
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
  Authorizer authorizer(http_, context_.authorization, "app");
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
  Authorizer authorizer(http_, context_.authorization, "app");
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
