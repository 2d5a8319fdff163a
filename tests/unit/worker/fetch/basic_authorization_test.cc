#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "authorization_fixture.h"

namespace sigward::worker {
namespace {

using base::Reason;
using testing::AuthorizationTest;
using testing::Basic;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeCredentials;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kSecret;
using ::testing::Not;
using testing::ScriptedServer;
using testing::Seen;
using testing::ServedReply;
using testing::ServedRequest;

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
  EXPECT_THAT(DetailOf(seen), HasSubstr("refuses what it was shown"));
  // It is not shown at once the next time.
  EXPECT_EQ(Evidence(image_).requests, 6U);
}

TEST_F(AuthorizationTest, TellsWhereNoPasswordIsKnown) {
  WantBasic("user", kSecret);
  const Seen seen = Evidence(image_);
  EXPECT_EQ(ExpectRefused(seen), Reason::kUnauthorized);
  EXPECT_THAT(DetailOf(seen), HasSubstr("no credential is known for " + server_.host()));
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
  EXPECT_THAT(DetailOf(seen), HasSubstr("hosts.toml"));
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

}  // namespace
}  // namespace sigward::worker
