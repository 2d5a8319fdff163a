#include "worker/fetch/back_off.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "fake_clock.h"
#include "fetch_task_fixture.h"

namespace sigward::worker {
namespace {

using base::Reason;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ScriptedServer;
using testing::Seen;
using testing::ServedReply;
using testing::ServedRequest;
using ::testing::SizeIs;

constexpr const char* kHost = "https://r.example";

TEST(RetryAfter, IsSecondsOrADate) {
  EXPECT_EQ(ParseRetryAfter("0", ""), seconds(0));
  EXPECT_EQ(ParseRetryAfter("7", ""), seconds(7));
  const std::string date = "Sat, 28 Nov 2026 10:00:00 GMT";
  EXPECT_EQ(ParseRetryAfter("Sat, 28 Nov 2026 10:01:30 GMT", date), seconds(90));
  EXPECT_EQ(ParseRetryAfter("Sat, 28 Nov 2026 09:00:00 GMT", date), seconds(0));
  EXPECT_EQ(ParseRetryAfter("Sat, 28 Nov 2026 10:01:30 GMT", ""), std::nullopt);
  for (const char* neither : {"", "-1", "1.5", "soon", " 7"}) {
    EXPECT_EQ(ParseRetryAfter(neither, date), std::nullopt) << neither;
  }
}

TEST(RetryAfter, IsBounded) {
  const auto longest = kLongestRetryAfter.count();
  EXPECT_EQ(ParseRetryAfter(std::to_string(longest), ""), kLongestRetryAfter);
  EXPECT_EQ(ParseRetryAfter(std::to_string(longest + 1), ""), kLongestRetryAfter);
  EXPECT_EQ(ParseRetryAfter(std::string(40, '9'), ""), kLongestRetryAfter);
  EXPECT_EQ(ParseRetryAfter("Sat, 28 Nov 2027 10:00:00 GMT", "Sat, 28 Nov 2026 10:00:00 GMT"),
            kLongestRetryAfter);
  EXPECT_EQ(ParseRetryAfter(std::string(65, 'x'), "Sat, 28 Nov 2026 10:00:00 GMT"), std::nullopt);
}

TEST(BackOff, PausesAsLongAsTheHostWants) {
  testing::FakeClock clock;
  BackOff back_off(clock);
  EXPECT_FALSE(back_off.PauseOf(kHost).has_value());
  back_off.NoteRefusal(kHost, Reason::kRateLimited, seconds(7));
  ASSERT_TRUE(back_off.PauseOf(kHost).has_value());
  EXPECT_EQ(back_off.PauseOf(kHost)->left, seconds(7));
  EXPECT_EQ(back_off.PauseOf(kHost)->reason, Reason::kRateLimited);
  EXPECT_FALSE(back_off.PauseOf("https://r.example:444").has_value());
  // Neither a shorter wish nor an answer that was under way ends it.
  back_off.NoteRefusal(kHost, Reason::kRateLimited, seconds(1));
  back_off.NoteAnswer(kHost);
  clock.Advance(milliseconds(6999));
  EXPECT_EQ(back_off.PauseOf(kHost)->left, milliseconds(1));
  clock.Advance(milliseconds(1));
  EXPECT_FALSE(back_off.PauseOf(kHost).has_value());
}

TEST(BackOff, GrowsByItselfAndForgetsAtAnAnswer) {
  testing::FakeClock clock;
  BackOff back_off(clock);
  const auto refuse = [&] {
    back_off.NoteRefusal(kHost, Reason::kRegistryError, std::nullopt);
    const auto pause = back_off.PauseOf(kHost);
    EXPECT_TRUE(pause.has_value());
    const milliseconds left = pause.has_value() ? pause->left : milliseconds(0);
    clock.Advance(left);
    return left;
  };
  auto whole = kFirstPause;
  for (int i = 0; i < 20; ++i) {
    const milliseconds pause = refuse();
    EXPECT_GE(pause, whole / 2) << i;
    EXPECT_LE(pause, whole) << i;
    whole = std::min(whole * 2, kLongestPause);
  }
  back_off.NoteAnswer(kHost);
  EXPECT_LE(refuse(), kFirstPause);
}

TEST(BackOff, TakesManyRefusalsAtOnceForOne) {
  testing::FakeClock clock;
  BackOff back_off(clock);
  for (int i = 0; i < 32; ++i) {
    back_off.NoteRefusal(kHost, Reason::kRateLimited, std::nullopt);
  }
  EXPECT_LE(back_off.PauseOf(kHost)->left, kFirstPause);
  clock.Advance(kFirstPause);
  back_off.NoteRefusal(kHost, Reason::kRateLimited, std::nullopt);
  EXPECT_LE(back_off.PauseOf(kHost)->left, 2 * kFirstPause);
}

TEST(BackOff, HoldsABoundedNumberOfPlaces) {
  testing::FakeClock clock;
  BackOff back_off(clock);
  const auto host = [](std::size_t i) { return "https://r" + std::to_string(i); };
  for (std::size_t i = 0; i < kMaxPausingPlaces; ++i) {
    back_off.NoteRefusal(host(i), Reason::kRateLimited, seconds(i == 3 ? 10 : 20));
  }
  EXPECT_TRUE(back_off.PauseOf(host(3)).has_value());
  back_off.NoteRefusal(kHost, Reason::kRateLimited, seconds(20));
  EXPECT_FALSE(back_off.PauseOf(host(3)).has_value());
  EXPECT_TRUE(back_off.PauseOf(host(0)).has_value());
  EXPECT_TRUE(back_off.PauseOf(kHost).has_value());
}

// ---- Questions ----------------------------------------------------------------------------------

class BackOffTaskTest : public testing::FetchTaskTest {
 protected:
  void Refuse(int status, const std::string& headers) {
    server_.Before([=](const ServedRequest&, ServedReply& reply) {
      reply.Send(status, "", headers);
      return true;
    });
  }
};

TEST_F(BackOffTaskTest, AnswersAtOnceWhereThePauseOutlastsTheQuestion) {
  registry_.SignLegacy(image_, "payload");
  Refuse(429, "Retry-After: 60\r\n");
  EXPECT_THAT(Evidence(image_).failures, SizeIs(1));
  server_.Before(nullptr);
  const Seen seen = Evidence(image_);
  EXPECT_EQ(seen.requests, 0U);
  EXPECT_THAT(server_.requests(), IsEmpty());
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.failures[0].first, Reason::kRateLimited);
  EXPECT_THAT(seen.failures[0].second, HasSubstr(server_.host() + " is overloaded"));
  EXPECT_EQ(Resolve("v1").answer.reason(), static_cast<std::uint32_t>(Reason::kRateLimited));
}

TEST_F(BackOffTaskTest, SaysOfAnUnavailableHostThatItFails) {
  Refuse(503,
         "Date: Sat, 28 Nov 2026 10:00:00 GMT\r\nRetry-After: Sat, 28 Nov 2026 10:01:00 GMT\r\n");
  Evidence(image_);
  const Seen seen = Evidence(image_);
  EXPECT_EQ(seen.requests, 0U);
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.failures[0].first, Reason::kRegistryError);
}

TEST_F(BackOffTaskTest, LetsNoRepositorySilenceAnother) {
  server_.On("/v2/app/manifests/v1", [](const ServedRequest&, ServedReply& reply) {
    reply.Send(503, "", "Retry-After: 60\r\n");
  });
  server_.On("/v2/limited/manifests/v1", [](const ServedRequest&, ServedReply& reply) {
    reply.Send(429, "", "Retry-After: 60\r\n");
  });
  const auto reason_for = [this](const std::string& repository) {
    rpc::FetchQuestion question = Question(rpc::FetchQuestion::RESOLVE);
    question.set_repository(repository);
    question.set_tag("v1");
    return static_cast<Reason>(Ask(question).answer.reason());
  };
  EXPECT_EQ(reason_for("app"), Reason::kRegistryError);
  EXPECT_EQ(reason_for("other"), Reason::kNotFound);
  EXPECT_EQ(reason_for("app"), Reason::kRegistryError);
  EXPECT_THAT(server_.requests(), IsEmpty());
  // What a host does not want from this node, it does not want for any repository.
  EXPECT_EQ(reason_for("limited"), Reason::kRateLimited);
  EXPECT_EQ(reason_for("other"), Reason::kRateLimited);
}

TEST_F(BackOffTaskTest, TakesTheRefusalOfWhereARedirectLedForNoneOfTheHost) {
  ScriptedServer store(nullptr, "127.0.0.2");
  store.Otherwise(
      [](const ServedRequest&, ServedReply& reply) { reply.Send(429, "", "Retry-After: 60\r\n"); });
  server_.On("/v2/app/manifests/v1", [&](const ServedRequest&, ServedReply& reply) {
    reply.Send(307, "", "Location: http://" + store.host() + "/x\r\n");
  });
  const auto reason_for = [this](const std::string& repository) {
    rpc::FetchQuestion question = Question(rpc::FetchQuestion::RESOLVE);
    question.set_repository(repository);
    question.set_tag("v1");
    return static_cast<Reason>(Ask(question).answer.reason());
  };
  EXPECT_EQ(reason_for("app"), Reason::kRateLimited);
  EXPECT_EQ(reason_for("other"), Reason::kNotFound);
  EXPECT_EQ(reason_for("app"), Reason::kRateLimited);
  EXPECT_THAT(store.requests(), SizeIs(1));
}

TEST_F(BackOffTaskTest, WaitsForAPauseThatEndsInTime) {
  registry_.SignLegacy(image_, "payload");
  Refuse(429, "Retry-After: 1\r\n");
  Evidence(image_);
  server_.Before(nullptr);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(Evidence(image_).objects, SizeIs(2));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(700));
}

TEST_F(BackOffTaskTest, PassesAPausingMirrorOver) {
  ScriptedServer mirror;
  mirror.Otherwise(
      [](const ServedRequest&, ServedReply& reply) { reply.Send(429, "", "Retry-After: 60\r\n"); });
  registry_.SignLegacy(image_, "payload");
  WriteHosts("server = \"http://" + server_.host() + "\"\n[host.\"http://" + mirror.host() +
             "\"]\n");
  EXPECT_THAT(Evidence(image_).objects, SizeIs(2));
  EXPECT_THAT(mirror.requests(), SizeIs(3));
  EXPECT_THAT(Evidence(image_).objects, SizeIs(2));
  EXPECT_THAT(mirror.requests(), SizeIs(3));
}

TEST_F(BackOffTaskTest, TellsThePauseOfARegistryThatStandsAmongItsOwnMirrors) {
  WriteHosts("server = \"http://" + server_.host() + "\"\n[host.\"http://" + server_.host() +
             "\"]\nheader = {x-key = \"y\"}\n");
  Refuse(429, "Retry-After: 60\r\n");
  for (int i = 0; i < 2; ++i) {
    const Seen seen = Evidence(image_);
    ASSERT_THAT(seen.failures, SizeIs(1));
    EXPECT_EQ(seen.failures[0].first, Reason::kRateLimited);
  }
}

TEST_F(BackOffTaskTest, LeavesATokenServerAloneToo) {
  ScriptedServer tokens(nullptr, "127.0.0.2");
  tokens.Otherwise(
      [](const ServedRequest&, ServedReply& reply) { reply.Send(429, "", "Retry-After: 60\r\n"); });
  Refuse(401, "WWW-Authenticate: Bearer realm=\"http://" + tokens.host() + "/token\"\r\n");
  for (int i = 0; i < 2; ++i) {
    const Seen seen = Evidence(image_);
    ASSERT_THAT(seen.failures, SizeIs(1));
    EXPECT_EQ(seen.failures[0].first, Reason::kRateLimited);
  }
  EXPECT_THAT(tokens.requests(), SizeIs(1));
}

}  // namespace
}  // namespace sigward::worker
