#include "worker/credentials/provider_cache.h"

#include <gtest/gtest.h>

#include <string>

#include "fake_clock.h"

namespace sigward::worker {
namespace {

using namespace std::chrono_literals;
using testing::FakeClock;

ProviderResponse Of(CacheKeyType type, std::optional<std::chrono::milliseconds> duration) {
  return {.cache_key_type = type,
          .cache_duration = duration,
          .auths = {{*ImagePattern::Parse("r.example"), "u", "p"}}};
}

TEST(ProviderCache, KeepsByTheKindOfKey) {
  const FakeClock clock;
  ProviderCache cache(clock);
  cache.Keep("image", "r.example/app", Of(CacheKeyType::kImage, 1h), 0ms);
  EXPECT_TRUE(cache.Find("image", "r.example/app"));
  EXPECT_FALSE(cache.Find("image", "r.example/other"));
  cache.Keep("registry", "r.example/app", Of(CacheKeyType::kRegistry, 1h), 0ms);
  EXPECT_TRUE(cache.Find("registry", "r.example/other"));
  EXPECT_FALSE(cache.Find("registry", "r.example:5000/app"));
  cache.Keep("global", "r.example/app", Of(CacheKeyType::kGlobal, 1h), 0ms);
  EXPECT_TRUE(cache.Find("global", "elsewhere.example/app"));
  EXPECT_FALSE(cache.Find("another", "r.example/app"));
}

TEST(ProviderCache, KeepsForAsLongAsWasSaid) {
  FakeClock clock;
  ProviderCache cache(clock);
  cache.Keep("said", "r.example/app", Of(CacheKeyType::kImage, 10s), 1h);
  cache.Keep("default", "r.example/app", Of(CacheKeyType::kImage, std::nullopt), 20s);
  cache.Keep("never", "r.example/app", Of(CacheKeyType::kImage, 0s), 1h);
  cache.Keep("never either", "r.example/app", Of(CacheKeyType::kImage, std::nullopt), 0s);
  EXPECT_EQ(cache.size(), 2U);
  clock.Advance(10s - 1ms);
  EXPECT_TRUE(cache.Find("said", "r.example/app"));
  clock.Advance(1ms);
  EXPECT_FALSE(cache.Find("said", "r.example/app"));
  EXPECT_TRUE(cache.Find("default", "r.example/app"));
  clock.Advance(10s);
  EXPECT_FALSE(cache.Find("default", "r.example/app"));
  EXPECT_EQ(cache.size(), 0U);
}

TEST(ProviderCache, ForgetsWhatWasRefused) {
  const FakeClock clock;
  ProviderCache cache(clock);
  for (const CacheKeyType type :
       {CacheKeyType::kImage, CacheKeyType::kRegistry, CacheKeyType::kGlobal}) {
    cache.Keep("p", "r.example/app", Of(type, 1h), 0ms);
  }
  cache.Keep("p", "r.example/other", Of(CacheKeyType::kImage, 1h), 0ms);
  cache.Forget("p", "r.example/app");
  EXPECT_FALSE(cache.Find("p", "r.example/app"));
  EXPECT_TRUE(cache.Find("p", "r.example/other"));
  cache.Clear();
  EXPECT_EQ(cache.size(), 0U);
}

TEST(ProviderCache, WhatEndsSoonestGoesFirst) {
  const FakeClock clock;
  ProviderCache cache(clock);
  cache.Keep("p", "r.example/soon", Of(CacheKeyType::kImage, 1s), 0ms);
  for (std::size_t i = 1; i < kMaxCachedResponses; ++i) {
    cache.Keep("p", "r.example/" + std::to_string(i), Of(CacheKeyType::kImage, 1h), 0ms);
  }
  EXPECT_TRUE(cache.Find("p", "r.example/soon"));
  cache.Keep("p", "r.example/more", Of(CacheKeyType::kImage, 1h), 0ms);
  EXPECT_EQ(cache.size(), kMaxCachedResponses);
  EXPECT_FALSE(cache.Find("p", "r.example/soon"));
  EXPECT_TRUE(cache.Find("p", "r.example/more"));
}

}  // namespace
}  // namespace sigward::worker
