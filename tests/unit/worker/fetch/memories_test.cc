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
  EXPECT_FALSE(memory.HasApi("https://r/v2/a"));
  memory.NoteApi("https://r/v2/a");
  clock.Advance(kReferrersMemory - std::chrono::milliseconds(1));
  EXPECT_TRUE(memory.HasApi("https://r/v2/a"));
  EXPECT_FALSE(memory.HasApi("https://r/v2/b"));
  clock.Advance(std::chrono::milliseconds(1));
  EXPECT_FALSE(memory.HasApi("https://r/v2/a"));
}

TEST(ReferrersMemory, HoldsABoundedNumberOfRepositories) {
  testing::FakeClock clock;
  ReferrersMemory memory(clock);
  for (std::size_t i = 0; i < kMaxRememberedRepositories; ++i) {
    memory.NoteApi(std::to_string(i));
  }
  EXPECT_TRUE(memory.HasApi("0"));
  memory.NoteApi("one more");
  EXPECT_FALSE(memory.HasApi("0"));
  EXPECT_TRUE(memory.HasApi("one more"));
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
