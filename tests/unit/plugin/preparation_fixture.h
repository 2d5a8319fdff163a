#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/files.h"
#include "fake_node.h"
#include "gate_fixture.h"
#include "plugin/preparation.h"

namespace sigward::testing {

/// Registries that do not answer while they are silent.
class SilentRegistries {
 public:
  /// All that FETCHER asks.
  void Begin(FakeFetcher& fetcher) {
    fetcher.on_ask = [this, gone = go_.get_future().share()]() -> std::optional<base::Error> {
      if (silent) {
        ++asked;
        gone.wait();
      }
      return std::nullopt;
    };
    silent = true;
  }
  /// Whoever was asked answers now.
  void End() {
    silent = false;
    if (!std::exchange(ended_, true)) {
      go_.set_value();
    }
  }

  std::atomic<bool> silent = false;
  /// Questions that had no answer at once.
  std::atomic<std::size_t> asked = 0;

 private:
  std::promise<void> go_;
  bool ended_ = false;
};

/// A node whose images are judged in the background.
class PreparationFixture : public GateFixture {
 protected:
  static constexpr const char* kApp = "registry.example/app:v1";

  void SetUp() override {
    GateFixture::SetUp();
    UsePolicy("signed");
  }
  void TearDown() override { registries_.End(); }
  void UsePolicy(const std::string& name) {
    ASSERT_THAT(
        base::WriteNewFile(folder_ / "policy.json", policy::Compile({PolicyOf(name, {Key(kKeyA)})},
                                                                    policy::NoMatch::kDeny, "")),
        IsOk());
    ASSERT_THAT(policy_.Reload(), IsOk());
  }
  void StartAndListen() {
    preparation_.Start();
    ASSERT_TRUE(Comes([&] { return preparation_.progress().listening; }));
  }
  /// True as soon as DONE is, which may take a while.
  template <typename Done>
  static bool Comes(const Done& done) {
    for (int i = 0; i < 1000 && !done(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return done();
  }
  static Preparation::Item ItemOf(const std::string& name, int number) {
    return {verifier::ImageRef::Parse(name).value(), DigestNumber(10 * number),
            "application/vnd.oci.image.manifest.v1+json", ""};
  }
  /// A create that waits for an image in the background, for a long time.
  void AwaitMeanwhile(const std::string& name, int number) {
    waiters_.push_back(std::async(std::launch::async, [this, name, number] {
      return preparation_.Await(ItemOf(name, number),
                                base::Deadline::After(std::chrono::seconds(60)));
    }));
  }
  void Sign() { fetcher_.image = {{verifier::ObjectKind::kLegacyManifest, "signed", ""}}; }
  bool MayRun(int number) {
    return gate_
               .Decide(policy_.Current(),
                       {policy::Origin::kRuntime, verifier::ImageRef::Parse(kApp).value(),
                        DigestNumber(10 * number)},
                       Soon())
               .verdict == policy::Verdict::kAllow;
  }

  SilentRegistries registries_;
  FakeNode node_;
  sync::ActivePolicy policy_{folder_ / "policy.json", folder_ / "state.json"};
  FakeClock rate_clock_;
  Preparation preparation_{node_.containerd, node_.contents, gate_, store_, policy_, rate_clock_};
  std::vector<std::future<std::optional<base::Error>>> waiters_;
};

}  // namespace sigward::testing
