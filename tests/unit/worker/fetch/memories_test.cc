#include <gtest/gtest.h>

#include <string>

#include "fake_clock.h"
#include "worker/fetch/insecure_notices.h"
#include "worker/fetch/referrers_memory.h"

namespace sigward::worker {
namespace {

TEST(ReferrersMemory, ForgetsAfterItsTime) {
  testing::FakeClock clock;
  ReferrersMemory memory(clock);
  EXPECT_EQ(memory.Recall("https://r/v2/a"), ReferrersSupport::kUnknown);
  memory.Note("https://r/v2/a", ReferrersSupport::kAbsent);
  memory.Note("https://r/v2/b", ReferrersSupport::kPresent);
  clock.Advance(kReferrersMemory - std::chrono::milliseconds(1));
  EXPECT_EQ(memory.Recall("https://r/v2/a"), ReferrersSupport::kAbsent);
  EXPECT_EQ(memory.Recall("https://r/v2/b"), ReferrersSupport::kPresent);
  EXPECT_EQ(memory.Recall("https://r/v2/c"), ReferrersSupport::kUnknown);
  clock.Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(memory.Recall("https://r/v2/a"), ReferrersSupport::kUnknown);
}

TEST(ReferrersMemory, HoldsABoundedNumberOfRepositories) {
  testing::FakeClock clock;
  ReferrersMemory memory(clock);
  for (std::size_t i = 0; i < kMaxRememberedRepositories; ++i) {
    memory.Note(std::to_string(i), ReferrersSupport::kPresent);
  }
  EXPECT_EQ(memory.Recall("0"), ReferrersSupport::kPresent);
  memory.Note("one more", ReferrersSupport::kPresent);
  EXPECT_EQ(memory.Recall("0"), ReferrersSupport::kUnknown);
  EXPECT_EQ(memory.Recall("one more"), ReferrersSupport::kPresent);
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
