// Sigstore's own repository, with every root it ever had.

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/rfc3339.h"
#include "private_sigstore/test_vectors.h"
#include "result_matchers.h"
#include "tuf/tuf_repository.h"
#include "verifier/tuf/update.h"

namespace sigward::verifier::tuf {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::FetchTarget;
using sigward::testing::IsOk;
using sigward::testing::IsOkAndHolds;
using sigward::testing::LoadVector;
using sigward::testing::Refuses;
using sigward::testing::SigstoreTufFiles;
using sigward::testing::TufFiles;

constexpr int kRoots = 15;

Time At(const char* text) {
  return base::ParseRfc3339(text)->seconds;
}
const Time kNow = At("2026-08-24T00:00:00Z");

TrustedFiles Root(int version) {
  const TufFiles files = SigstoreTufFiles(1);
  return {.root = files.at(std::to_string(version) + ".root.json")};
}

TEST(SigstoreRootSigningTest, EveryRootLeadsToTheTrustedRoot) {
  const std::string expected = LoadVector("sigstore-tuf/trusted_root.json");
  for (int version = 1; version <= kRoots; ++version) {
    EXPECT_THAT(FetchTarget(SigstoreTufFiles(1), Root(version), kNow, "trusted_root.json"),
                IsOkAndHolds(expected))
        << version;
  }
}

TEST(SigstoreRootSigningTest, FollowsItsDelegation) {
  EXPECT_THAT(FetchTarget(SigstoreTufFiles(1), Root(kRoots), kNow, "registry.npmjs.org/keys.json"),
              IsOkAndHolds(LoadVector("sigstore-tuf/targets/registry.npmjs.org/keys.json")));
  EXPECT_THAT(FetchTarget(SigstoreTufFiles(1), Root(kRoots), kNow, "registry.npmjs.org/other.json"),
              Refuses(Reason::kPolicyUnavailable, "lists no target registry.npmjs.org/other.json"));
}

TEST(SigstoreRootSigningTest, ExpiresToTheSecond) {
  const auto fetch = [](const char* now, ExpiredMetadata expired = ExpiredMetadata::kRefuse) {
    return FetchTarget(SigstoreTufFiles(1), Root(1), At(now), "trusted_root.json", expired);
  };
  EXPECT_THAT(fetch("2026-08-28T19:25:55Z"), IsOk());
  EXPECT_THAT(fetch("2026-08-28T19:25:56Z"),
              Refuses(Reason::kMetadataExpired, "timestamp.json expired at 2026-08-28T19:25:56Z"));
  EXPECT_THAT(fetch("2026-11-20T13:58:18Z"),
              Refuses(Reason::kMetadataExpired, "root.json expired at 2026-11-20T13:58:18Z"));
  EXPECT_THAT(fetch("2040-01-01T00:00:00Z", ExpiredMetadata::kAccept), IsOk());
}

TEST(SigstoreRootSigningTest, SaysWhatExpiresFirst) {
  auto update = Update::Begin(Root(kRoots), kNow);
  ASSERT_THAT(update, IsOk());
  EXPECT_EQ(update->FirstExpiry().file, "root.json");
  ASSERT_THAT(sigward::testing::Feed(*update, SigstoreTufFiles(1)), IsOk());
  EXPECT_EQ(update->FirstExpiry().file, "timestamp.json");
  EXPECT_EQ(update->FirstExpiry().when, At("2026-08-28T19:25:56Z"));
}

/// FILE with its signatures beyond the first COUNT that are not empty taken away.
std::string WithSignatures(const std::string& file, std::size_t count) {
  Json document = Json::parse(file);
  Json kept = Json::array();
  for (const Json& signature : document["signatures"]) {
    if (kept.size() < count && signature["sig"] != "") {
      kept.push_back(signature);
    }
  }
  document["signatures"] = kept;
  return document.dump();
}

TEST(SigstoreRootSigningTest, NoFileStandsOnFewerSignaturesThanItsThreshold) {
  constexpr std::size_t kThreshold = 3;
  TufFiles good = SigstoreTufFiles(1);
  for (int version = 2; version <= kRoots; ++version) {
    const std::string name = std::to_string(version) + ".root.json";
    TufFiles files = good;
    files[name] = WithSignatures(files[name], kThreshold - 1);
    EXPECT_THAT(FetchTarget(files, Root(version - 1), kNow, "trusted_root.json"),
                Refuses(Reason::kBadSignature, name))
        << name;
  }
  TufFiles files = good;
  files["14.targets.json"] = WithSignatures(files["14.targets.json"], kThreshold);
  EXPECT_THAT(FetchTarget(files, Root(kRoots), kNow, "trusted_root.json"), IsOk());
  files["14.targets.json"] = WithSignatures(files["14.targets.json"], kThreshold - 1);
  EXPECT_THAT(FetchTarget(files, Root(kRoots), kNow, "trusted_root.json"),
              Refuses(Reason::kBadSignature,
                      "targets.json is signed by 2 of the 3 keys that its role takes"));
  for (const char* name : {"timestamp.json", "165.snapshot.json", "8.registry.npmjs.org.json"}) {
    files = good;
    files[name] = WithSignatures(files[name], 0);
    EXPECT_THAT(FetchTarget(files, Root(kRoots), kNow, "registry.npmjs.org/keys.json"),
                FailsWith(Reason::kBadSignature))
        << name;
  }
}

TEST(SigstoreRootSigningTest, ARootThatIsMissingEndsTheLine) {
  TufFiles files = SigstoreTufFiles(1);
  files.erase("7.root.json");
  EXPECT_THAT(FetchTarget(files, Root(5), kNow, "trusted_root.json"),
              Refuses(Reason::kMetadataExpired, "root.json expired at 2023-08-28T07:54:10Z"));
}

TEST(SigstoreRootSigningTest, ARootOutOfOrderIsRefused) {
  TufFiles files = SigstoreTufFiles(1);
  files["12.root.json"] = files["13.root.json"];
  EXPECT_THAT(FetchTarget(files, Root(11), kNow, "trusted_root.json"),
              Refuses(Reason::kDescriptorMismatch,
                      "12.root.json is version 13, after the root before it comes 12"));
  files["12.root.json"] = files["11.root.json"];
  EXPECT_THAT(FetchTarget(files, Root(11), kNow, "trusted_root.json"),
              FailsWith(Reason::kDescriptorMismatch));
}

TEST(SigstoreRootSigningTest, WhatIsSignedCannotBeChanged) {
  const TufFiles good = SigstoreTufFiles(14);
  for (const char* name : {"15.root.json", "timestamp.json", "165.snapshot.json", "14.targets.json",
                           "8.registry.npmjs.org.json"}) {
    TufFiles files = good;
    Json document = Json::parse(files[name]);
    document["signed"]["x-unknown"] = 1;
    files[name] = document.dump();
    EXPECT_THAT(FetchTarget(files, Root(14), kNow, "registry.npmjs.org/keys.json"),
                FailsWith(Reason::kBadSignature))
        << name;
  }
}

TEST(SigstoreRootSigningTest, WhatIsNotSignedMayBeSpelledOtherwise) {
  TufFiles files = SigstoreTufFiles(14);
  for (auto& [name, bytes] : files) {
    if (name.ends_with(".json") && !name.starts_with("targets/")) {
      Json document = Json::parse(bytes);
      document["x-unknown"] = {{"a", 1}};
      bytes = document.dump(3);
    }
  }
  EXPECT_THAT(FetchTarget(files, Root(14), kNow, "trusted_root.json"), IsOk());
}

TEST(SigstoreRootSigningTest, KeptFilesAreNotAskedForAgain) {
  auto first = Update::Begin(Root(1), kNow);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(sigward::testing::Feed(*first, SigstoreTufFiles(1)), IsOk());
  EXPECT_EQ(first->files().root, SigstoreTufFiles(1).at("15.root.json"));

  auto second = Update::Begin(first->files(), kNow);
  ASSERT_THAT(second, IsOk());
  ASSERT_EQ(second->wanted()->path, "16.root.json");
  ASSERT_THAT(second->NotThere(), IsOk());
  ASSERT_EQ(second->wanted()->path, "timestamp.json");
  ASSERT_THAT(second->Take(SigstoreTufFiles(1).at("timestamp.json")), IsOk());
  EXPECT_EQ(second->wanted(), nullptr);
  EXPECT_EQ(second->files().targets, first->files().targets);
  EXPECT_THAT(second->AskTarget("trusted_root.json", 1 << 20), IsOk());
}

}  // namespace
}  // namespace sigward::verifier::tuf
