#include <gtest/gtest.h>

#include <string>

#include "fake_clock.h"
#include "worker/fetch/authorization_memory.h"
#include "worker/fetch/insecure_notices.h"

namespace sigward::worker {
namespace {

using std::chrono::seconds;

TEST(AuthorizationMemory, KeepsNothingBeyondItsLife) {
  testing::FakeClock clock;
  AuthorizationMemory memory(clock);
  const auto asked = memory.Now();
  clock.Advance(seconds(2));
  memory.Remember("a", "x", asked, seconds(10));
  clock.Advance(seconds(8) - std::chrono::nanoseconds(1));
  EXPECT_EQ(memory.Find("a"), "x");
  EXPECT_EQ(memory.Find("b"), std::nullopt);
  clock.Advance(std::chrono::nanoseconds(1));
  EXPECT_EQ(memory.Find("a"), std::nullopt);
  memory.Remember("a", "y", memory.Now(), seconds(0));
  EXPECT_EQ(memory.Find("a"), std::nullopt);
}

TEST(AuthorizationMemory, ForgetsWhatWasRefusedAndNothingNewer) {
  testing::FakeClock clock;
  AuthorizationMemory memory(clock);
  memory.Remember("a", "old", memory.Now(), seconds(10));
  memory.Remember("a", "new", memory.Now(), seconds(10));
  memory.Forget("a", "old");
  EXPECT_EQ(memory.Find("a"), "new");
  memory.Forget("a", "new");
  EXPECT_EQ(memory.Find("a"), std::nullopt);
  memory.Forget("a", "new");
}

TEST(AuthorizationMemory, HoldsABoundedNumberOfPlaces) {
  testing::FakeClock clock;
  AuthorizationMemory memory(clock);
  for (std::size_t i = 0; i < kMaxRememberedAuthorizations; ++i) {
    memory.Remember(std::to_string(i), "x", memory.Now(), seconds(i == 7 ? 5 : 10));
  }
  EXPECT_EQ(memory.Find("7"), "x");
  memory.Remember("one more", "x", memory.Now(), seconds(10));
  EXPECT_EQ(memory.Find("7"), std::nullopt);
  EXPECT_EQ(memory.Find("0"), "x");
  EXPECT_EQ(memory.Find("one more"), "x");
}

TEST(AuthorizationMemory, HoldsABoundedNumberOfBytes) {
  testing::FakeClock clock;
  AuthorizationMemory memory(clock);
  const std::string half(kMaxRememberedAuthorizationBytes / 2 - 1, 'x');
  memory.Remember("a", half, memory.Now(), seconds(5));
  memory.Remember("b", half, memory.Now(), seconds(10));
  EXPECT_TRUE(memory.Find("a").has_value());
  memory.Remember("c", "x", memory.Now(), seconds(10));
  EXPECT_FALSE(memory.Find("a").has_value());
  EXPECT_TRUE(memory.Find("b").has_value());
  memory.Remember("b", half + half + "xyz", memory.Now(), seconds(10));
  EXPECT_FALSE(memory.Find("b").has_value());
  EXPECT_TRUE(memory.Find("c").has_value());
}

TEST(InsecureNotices, TellsOnceOfEachHost) {
  InsecureNotices notices;
  Endpoint endpoint;
  endpoint.origin = {"https", "r.example", "443"};
  EXPECT_FALSE(notices.Note(endpoint));
  endpoint.insecure = InsecureTransport::kUnverifiedTls;
  EXPECT_TRUE(notices.Note(endpoint));
  EXPECT_FALSE(notices.Note(endpoint));
  endpoint.origin.port = "5000";
  EXPECT_TRUE(notices.Note(endpoint));
}

TEST(InsecureNotices, FillsNoLog) {
  InsecureNotices notices;
  Endpoint endpoint;
  endpoint.insecure = InsecureTransport::kPlainHttp;
  std::size_t told = 0;
  for (std::size_t port = 1; port <= kMaxInsecureNotices + 10; ++port) {
    endpoint.origin = {"http", "127.0.0.1", std::to_string(port)};
    told += notices.Note(endpoint) ? 1U : 0U;
  }
  EXPECT_EQ(told, kMaxInsecureNotices);
}

}  // namespace
}  // namespace sigward::worker
