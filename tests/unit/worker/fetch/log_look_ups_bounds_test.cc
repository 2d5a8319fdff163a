// What look-ups may take of a question's time, memory and places, at each bound and one beyond.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "log_look_ups_fixture.h"
#include "scripted_server.h"
#include "worker/fetch/log_look_ups.h"

namespace sigward::worker {
namespace {

using base::Reason;
using testing::AnswerOf;
using testing::DigestOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kLeaf;
using testing::Layer;
using testing::LogLookUpsTest;
using testing::ManifestOf;
using testing::Seen;
using testing::ServedReply;
using testing::ServedRequest;
using ::testing::SizeIs;

// Each entry costs a reading of the manifest, so one of megabytes would keep a thread for seconds
// beyond its time.
TEST_F(LogLookUpsTest, LargeManifestsAreNotLookedUp) {
  const auto of_size = [this](std::size_t size) {
    const auto with = [](std::size_t count) { return Layer("0", kLeaf + std::string(count, ' ')); };
    const std::size_t filler = size - ManifestOf({with(0)}).size();
    const std::string manifest = Sign({with(filler)});
    EXPECT_EQ(manifest.size(), size);
  };
  of_size(kMaxLookedUpManifest);
  EXPECT_THAT(Indices(LookUp({{Url(), ""}})), ElementsAre(7, -1));
  of_size(kMaxLookedUpManifest + 1);
  const Seen seen = LookUp({{Url(), ""}});
  EXPECT_THAT(Indices(seen), ElementsAre(-1));
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.failures[0].first, Reason::kTooLarge);
  EXPECT_THAT(seen.failures[0].second, HasSubstr("1 signatures were not looked up"));
}

// What a log floods with is not taken from the registry's questions, and what is made of entries is
// counted like what the registry sent.
TEST_F(LogLookUpsTest, BytesAreHeldOnTheAccountOfWhoSentThem) {
  Sign({Layer("0")});
  std::size_t held = 0;
  std::size_t most = SIZE_MAX;
  const TakeBytes take = [&](std::size_t count) {
    held += count;
    return held <= most;
  };
  http_.SetAside(&take);
  const Seen unlogged = LookUp({});
  const std::size_t registrys = held;
  held = 0;
  AnswerWith(200, AnswerOf(1, 7) + std::string(100'000, ' '));
  const Seen seen = LookUp({{Url(), "key"}});
  EXPECT_THAT(seen.failures, IsEmpty());
  const std::size_t made = seen.objects.at(0).second.size();
  EXPECT_EQ(held, registrys + made);
  held = 0;
  most = registrys + made - 1;
  const Seen full = LookUp({{Url(), "key"}});
  EXPECT_THAT(Indices(full), ElementsAre(-1));
  ASSERT_THAT(full.failures, SizeIs(1));
  EXPECT_THAT(full.failures[0].second, HasSubstr("1 entries were not looked at"));
  http_.SetAside(nullptr);
}

TEST_F(LogLookUpsTest, EntriesThatHaveNoRoomAreBoundedToo) {
  Sign(std::vector<std::string>(kMaxLookedUpEntries + 1, Layer("0")));
  std::size_t refused = 0;
  std::atomic<bool> is_full = false;
  const TakeBytes take = [&](std::size_t) {
    if (is_full) {
      ++refused;
    }
    return !is_full;
  };
  http_.SetAside(&take);
  answer_ = [&](const ServedRequest&, ServedReply& reply) {
    is_full = true;
    reply.Send(200, AnswerOf(1));
  };
  const Seen seen = LookUp({{Url(), "key"}});
  http_.SetAside(nullptr);
  EXPECT_EQ(refused, kMaxLookedUpEntries);
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_THAT(seen.failures[0].second,
              HasSubstr(std::to_string(kMaxLookedUpEntries + 1) + " entries were not looked at"));
}

TEST_F(LogLookUpsTest, ALogThatFloodsRunsOutOfItsOwnAccount) {
  Sign({Layer("0")});
  const auto place = context_.shares.Enter(Url());
  ASSERT_TRUE(place->TakeBytes(kMaxBytesPerRegistry));
  const Seen seen = LookUp({{Url(), "key"}});
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.failures[0].first, Reason::kOverloaded);
}

TEST_F(LogLookUpsTest, ALogThatTooManyWaitForIsNotWaitedFor) {
  Sign({Layer("0")});
  std::vector<std::unique_ptr<RegistryShares::Place>> places;
  for (std::size_t i = 1; i < kMaxQuestionsPerRegistry; ++i) {
    places.push_back(context_.shares.Enter(Url()));
  }
  EXPECT_THAT(Indices(LookUp({{Url(), "key"}})), ElementsAre(7, -1));
  places.push_back(context_.shares.Enter(Url()));
  const Seen seen = LookUp({{Url(), "key"}});
  EXPECT_THAT(Indices(seen), ElementsAre(-1));
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.failures[0].first, Reason::kOverloaded);
  EXPECT_THAT(asked_, SizeIs(1));
}

TEST_F(LogLookUpsTest, EntriesAreBoundedAndTakenInTurn) {
  Sign({Layer("0"), Layer("1")});
  answer_ = [](const ServedRequest& request, ServedReply& reply) {
    const bool first = request.body.find(DigestOf("0").hex()) != std::string::npos;
    reply.Send(200, first ? AnswerOf(kMaxEntriesPerAnswer + 1) : AnswerOf(1, 100));
  };
  const Seen seen = LookUp({{Url(), "key"}});
  EXPECT_THAT(Indices(seen), ElementsAre(0, 100, 1, 2, 3, -1));
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.failures[0].first, Reason::kTooLarge);
  EXPECT_THAT(seen.failures[0].second, HasSubstr("1 entries"));
}

TEST_F(LogLookUpsTest, LookUpsAndEntriesOfOneQuestionAreBounded) {
  std::vector<std::string> layers;
  for (std::size_t i = 0; i < kMaxLookedUpEntries; ++i) {
    layers.push_back(Layer(std::to_string(i)));
  }
  Sign(layers);
  Seen seen = LookUp({{Url(), "key"}});
  EXPECT_THAT(seen.failures, IsEmpty());
  EXPECT_THAT(Indices(seen), SizeIs(kMaxLookedUpEntries + 1));

  layers.push_back(Layer(std::to_string(kMaxLookedUpEntries)));
  Sign(layers);
  seen = LookUp({{Url(), "key"}});
  EXPECT_THAT(Indices(seen), SizeIs(kMaxLookedUpEntries + 1));
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_THAT(seen.failures[0].second, HasSubstr("1 entries were not looked at"));

  AnswerWith(200, "[]");
  layers.clear();
  for (std::size_t i = 0; i < kMaxLookUps; ++i) {
    layers.push_back(Layer(std::to_string(i)));
  }
  Sign(layers);
  asked_.clear();
  EXPECT_THAT(LookUp({{Url(), "key"}}).failures, IsEmpty());
  EXPECT_THAT(asked_, SizeIs(kMaxLookUps));
  asked_.clear();
  layers.back() = Layer("0", kLeaf);
  layers.push_back(Layer("1", kLeaf));
  Sign(layers);
  seen = LookUp({{Url(), "key"}});
  EXPECT_THAT(asked_, SizeIs(kMaxLookUps));
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_THAT(seen.failures[0].second, HasSubstr("1 signatures were not looked up"));
}

}  // namespace
}  // namespace sigward::worker
