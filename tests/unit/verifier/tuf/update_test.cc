// An update as a whole: which files it wants, what it keeps, and what it never goes below.

#include "verifier/tuf/update.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "result_matchers.h"
#include "tuf/tuf_repository.h"
#include "verifier/digest.h"

namespace sigward::verifier::tuf {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::Feed;
using sigward::testing::FetchTarget;
using sigward::testing::FirstRoot;
using sigward::testing::IsOk;
using sigward::testing::IsOkAndHolds;
using sigward::testing::Refuses;
using sigward::testing::TufFiles;
using Repository = sigward::testing::TufRepository;
using Names = std::vector<std::string>;

Update Started(TrustedFiles trusted = FirstRoot()) {
  return Update::Begin(std::move(trusted), Repository::kNow).value();
}

/// What a client has after a whole update.
TrustedFiles Kept(const TufFiles& files) {
  Update update = Started();
  EXPECT_THAT(Feed(update, files), IsOk());
  return update.files();
}

/// ROLE's content with MEMBER set.
Repository::Edit With(const std::string& edited, const char* pointer, Json value) {
  return [edited, pointer, value](std::string_view role, Json& content, Names&) {
    if (role == edited && !(role == "root" && content["version"] == 1)) {
      content[Json::json_pointer(pointer)] = value;
    }
  };
}

/// The same repository later: all versions but the roots' and file names are higher by BY.
Repository::Edit Newer(int by) {
  return [by](std::string_view role, Json& content, Names&) {
    if (role != "root") {
      content["version"] = content["version"].get<int>() + by;
    }
    if (role == "timestamp" || role == "snapshot") {
      for (auto& [name, listed] : content["meta"].items()) {
        listed["version"] = listed["version"].get<int>() + by;
      }
    }
  };
}
/// With the names that consistent snapshots give them then.
TufFiles PublishNewer(int by, const Repository::Edit& edit = {}) {
  const Repository::Edit newer = Newer(by);
  TufFiles files = Repository::Publish([&](std::string_view role, Json& content, Names& signers) {
    newer(role, content, signers);
    if (edit) {
      edit(role, content, signers);
    }
  });
  for (const auto& [version, name] : {std::pair(3, "snapshot"), {4, "targets"}, {5, "team"}}) {
    const std::string end = std::string(".") + name + ".json";
    auto node = files.extract(std::to_string(version) + end);
    node.key() = std::to_string(version + by) + end;
    files.insert(std::move(node));
  }
  return files;
}

TEST(TufUpdateTest, WantsOneFileAfterTheOther) {
  const TufFiles files = Repository::Publish();
  Update update = Started();
  std::vector<std::string> wanted;
  const auto walk = [&] {
    while (update.wanted() != nullptr) {
      const WantedFile& file = *update.wanted();
      const bool target = file.place == WantedFile::Place::kTargets;
      wanted.push_back((target ? "targets/" : "") + file.path + " " +
                       std::to_string(file.max_bytes));
      const auto found = files.find((target ? "targets/" : "") + file.path);
      ASSERT_THAT(found == files.end() ? update.NotThere() : update.Take(found->second), IsOk());
    }
  };
  walk();
  EXPECT_EQ(update.target(), nullptr);
  ASSERT_THAT(update.AskTarget(Repository::kTeamTarget, 100), IsOk());
  walk();
  const std::string hash(Digest::Of(base::AsBytes(Repository::kTargetText)).hex());
  const auto size = [&files](const char* name) { return std::to_string(files.at(name).size()); };
  EXPECT_EQ(
      wanted,
      (std::vector<std::string>{
          "2.root.json 524288", "3.root.json 524288", "timestamp.json 16384",
          "3.snapshot.json " + size("3.snapshot.json"), "4.targets.json " + size("4.targets.json"),
          "5.team.json " + size("5.team.json"), "targets/team/" + hash + ".file.txt 11"}));
  ASSERT_NE(update.target(), nullptr);
  EXPECT_EQ(update.target()->path(), Repository::kTeamTarget);
  EXPECT_EQ(update.target()->bytes(), Repository::kTargetText);
  EXPECT_EQ(update.files().root, files.at("2.root.json"));
  EXPECT_EQ(update.files().timestamp, files.at("timestamp.json"));
  EXPECT_EQ(update.files().snapshot, files.at("3.snapshot.json"));
  EXPECT_EQ(update.files().targets, files.at("4.targets.json"));
}

TEST(TufUpdateTest, WithoutConsistentSnapshotsNamesHaveNoVersions) {
  TufFiles files = Repository::Publish(With("root", "/consistent_snapshot", false));
  files["snapshot.json"] = files.extract("3.snapshot.json").mapped();
  files["targets.json"] = files.extract("4.targets.json").mapped();
  files["team.json"] = files.extract("5.team.json").mapped();
  files[std::string("targets/") + Repository::kTeamTarget] = Repository::kTargetText;
  EXPECT_THAT(FetchTarget(files, FirstRoot(), Repository::kNow, Repository::kTeamTarget),
              IsOkAndHolds(std::string(Repository::kTargetText)));
}

TEST(TufUpdateTest, TheTrustedRootStandsForItself) {
  const std::string root = FirstRoot().root;
  Json document = Json::parse(root);
  document["signed"]["x"] = 1;
  EXPECT_THAT(Update::Begin({.root = document.dump()}, Repository::kNow),
              Refuses(Reason::kBadSignature, "the trusted root is signed by 0 of the 2"));
  EXPECT_THAT(Update::Begin({}, Repository::kNow), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Update::Begin({.root = Repository::Publish().at("timestamp.json")}, Repository::kNow),
              FailsWith(Reason::kMalformed));
}

TEST(TufUpdateTest, OneFailureEndsIt) {
  Update update = Started();
  EXPECT_THAT(update.Take("x"), FailsWith(Reason::kMalformed));
  EXPECT_EQ(update.wanted(), nullptr);
  EXPECT_THAT(update.Take(Repository::Publish().at("2.root.json")), FailsWith(Reason::kInternal));
  EXPECT_THAT(update.NotThere(), FailsWith(Reason::kInternal));
  EXPECT_THAT(update.AskTarget(Repository::kTarget, 100), FailsWith(Reason::kInternal));
}

TEST(TufUpdateTest, ATargetIsAskedForWhenTheMetadataIsComplete) {
  Update update = Started();
  EXPECT_THAT(update.AskTarget(Repository::kTarget, 100), FailsWith(Reason::kInternal));
  ASSERT_THAT(Feed(update, Repository::Publish()), IsOk());
  EXPECT_THAT(update.Take("x"), FailsWith(Reason::kInternal));
}

TEST(TufUpdateTest, ATargetThatFailsLeavesTheMetadata) {
  Update update = Started();
  ASSERT_THAT(Feed(update, Repository::Publish()), IsOk());
  EXPECT_THAT(update.AskTarget("other.txt", 100), FailsWith(Reason::kPolicyUnavailable));
  EXPECT_THAT(update.AskTarget("../other.txt", 100), FailsWith(Reason::kMalformed));
  ASSERT_THAT(update.AskTarget(Repository::kTarget, 100), IsOk());
  EXPECT_THAT(update.Take("THE TARGET\n"), FailsWith(Reason::kDigestMismatch));
  EXPECT_EQ(update.target(), nullptr);
  ASSERT_THAT(update.AskTarget(Repository::kTarget, 100), IsOk());
  ASSERT_THAT(Feed(update, Repository::Publish()), IsOk());
  ASSERT_NE(update.target(), nullptr);
  EXPECT_THAT(update.AskTarget("other.txt", 100), FailsWith(Reason::kPolicyUnavailable));
  EXPECT_EQ(update.target(), nullptr);
}

TEST(TufUpdateTest, ARootThatWasRotatedToIsKeptWhateverFollows) {
  TufFiles files = Repository::Publish();
  files.erase("timestamp.json");
  Update update = Started();
  EXPECT_THAT(Feed(update, files), FailsWith(Reason::kPolicyUnavailable));
  EXPECT_EQ(update.files().root, files.at("2.root.json"));

  files = Repository::Publish(With("root", "/expires", "2026-01-01T00:00:00Z"));
  update = Started();
  EXPECT_THAT(Feed(update, files), FailsWith(Reason::kMetadataExpired));
  EXPECT_EQ(update.files().root, files.at("2.root.json"));
}

TEST(TufUpdateTest, ExpiredMetadataIsTakenOnlyWhereItIsAskedFor) {
  const Time late = Repository::kNow + std::chrono::hours(24 * 365);
  const TufFiles files = Repository::Publish();
  EXPECT_THAT(FetchTarget(files, FirstRoot(), late, Repository::kTeamTarget),
              FailsWith(Reason::kMetadataExpired));
  EXPECT_THAT(
      FetchTarget(files, FirstRoot(), late, Repository::kTeamTarget, ExpiredMetadata::kAccept),
      IsOk());
  // Nothing else becomes lenient.
  TufFiles bad = files;
  bad["timestamp.json"] = Repository::Sign(Json::parse(bad["timestamp.json"])["signed"], {"root1"});
  EXPECT_THAT(FetchTarget(bad, FirstRoot(), late, Repository::kTarget, ExpiredMetadata::kAccept),
              FailsWith(Reason::kBadSignature));
}

TEST(TufUpdateTest, DelegatedRolesExpireToo) {
  Update update = Started();
  const TufFiles files = Repository::Publish(With("team", "/expires", "2026-01-02T00:00:00Z"));
  ASSERT_THAT(Feed(update, files), IsOk());
  EXPECT_NE(update.FirstExpiry().file, "team.json");
  ASSERT_THAT(update.AskTarget(Repository::kTeamTarget, 100), IsOk());
  ASSERT_THAT(Feed(update, files), IsOk());
  EXPECT_EQ(update.FirstExpiry().file, "team.json");
}

// What was trusted before.

TEST(TufRollbackTest, GoesForward) {
  const TrustedFiles kept = Kept(Repository::Publish());
  EXPECT_THAT(FetchTarget(PublishNewer(1), kept, Repository::kNow, Repository::kTeamTarget),
              IsOk());
}

TEST(TufRollbackTest, NoRoleGoesBack) {
  const TrustedFiles kept = Kept(PublishNewer(2));
  const auto fetch = [&kept](const TufFiles& files) {
    return FetchTarget(files, kept, Repository::kNow, Repository::kTarget);
  };
  EXPECT_THAT(
      fetch(PublishNewer(1)),
      Refuses(Reason::kDescriptorMismatch, "timestamp.json is version 10, trusted before was 11"));
  // A newer time stamp of an older snapshot.
  EXPECT_THAT(fetch(PublishNewer(1, With("timestamp", "/version", 20))),
              Refuses(Reason::kDescriptorMismatch,
                      "snapshot.json in timestamp.json is version 4, trusted before was 5"));
  // A newer snapshot of older targets.
  TufFiles files = PublishNewer(3, With("snapshot", "/meta/targets.json/version", 5));
  EXPECT_THAT(fetch(files), Refuses(Reason::kDescriptorMismatch,
                                    "targets.json in snapshot.json is version 5, trusted before"));
  files = PublishNewer(3, With("snapshot", "/meta/team.json/version", 6));
  EXPECT_THAT(fetch(files), Refuses(Reason::kDescriptorMismatch,
                                    "team.json in snapshot.json is version 6, trusted before"));
  files = PublishNewer(3, [](std::string_view role, Json& content, Names&) {
    if (role == "snapshot") {
      content["meta"].erase("team.json");
    }
  });
  EXPECT_THAT(fetch(files), Refuses(Reason::kDescriptorMismatch,
                                    "team.json is not listed in snapshot.json any more"));
}

TEST(TufRollbackTest, ASnapshotAloneIsRemembered) {
  TrustedFiles kept = Kept(PublishNewer(2));
  kept.timestamp.clear();
  EXPECT_THAT(FetchTarget(PublishNewer(1), kept, Repository::kNow, Repository::kTarget),
              Refuses(Reason::kDescriptorMismatch, "snapshot.json is version 4, trusted before"));
  // Even where all that it lists is the same.
  kept.snapshot = PublishNewer(2, [](std::string_view role, Json& content, Names&) {
                    if (role == "snapshot") {
                      content["meta"] =
                          Json::parse(PublishNewer(1).at("4.snapshot.json"))["signed"]["meta"];
                    }
                  }).at("5.snapshot.json");
  EXPECT_THAT(FetchTarget(PublishNewer(1), kept, Repository::kNow, Repository::kTarget),
              Refuses(Reason::kDescriptorMismatch, "snapshot.json is version 4, trusted before"));
}

TEST(TufRollbackTest, ExpiredFilesAreRememberedAsWell) {
  const TrustedFiles kept =
      Kept(PublishNewer(2, With("timestamp", "/expires", "2026-01-01T00:00:01Z")));
  const Time later = Repository::kNow + std::chrono::hours(1);
  EXPECT_THAT(FetchTarget(PublishNewer(1), kept, later, Repository::kTarget),
              FailsWith(Reason::kDescriptorMismatch));
  // The same version once more is the file that is known, and that has expired.
  EXPECT_THAT(FetchTarget(PublishNewer(2), kept, later, Repository::kTarget),
              Refuses(Reason::kMetadataExpired, "timestamp.json expired at 2026-01-01T00:00:01Z"));
}

TEST(TufRollbackTest, OfOneVersionTheKnownFileStays) {
  const TrustedFiles kept = Kept(Repository::Publish());
  Update update = Started(kept);
  const TufFiles other = Repository::Publish(
      With("timestamp", "/meta/snapshot.json/hashes/sha256", std::string(64, '0')));
  EXPECT_THAT(Feed(update, other), IsOk());
  EXPECT_EQ(update.files().timestamp, kept.timestamp);
}

/// The root's next version, by which ROLE's key is another.
TufFiles WithKeyRotated(TufFiles files, const char* role, const char* name) {
  Json root = Json::parse(files.at("2.root.json"))["signed"];
  root["version"] = 3;
  root["keys"][Repository::KeyId(name)] = Repository::KeyJson(name);
  root["roles"][role]["keyids"] = {Repository::KeyId(name)};
  files["3.root.json"] = Repository::Sign(root, {"root1", "root2"});
  return files;
}
Repository::Edit SignedBy(const std::string& signed_role, const std::string& name) {
  return [signed_role, name](std::string_view role, Json&, Names& signers) {
    if (role == signed_role) {
      signers = {name};
    }
  };
}

TEST(TufRollbackTest, RotatedKeysRecoverFromVersionsThatWereDrivenUp) {
  const TrustedFiles kept = Kept(PublishNewer(1000));
  for (const auto& [role, name] :
       {std::pair("timestamp", "timestamp2"), {"snapshot", "snapshot3"}}) {
    const TufFiles files = Repository::Publish(SignedBy(role, name));
    EXPECT_THAT(
        FetchTarget(WithKeyRotated(files, role, name), kept, Repository::kNow, Repository::kTarget),
        IsOk())
        << role;
  }
  // A key beside the old one is no rotation: what the old one signed still counts.
  TufFiles files = Repository::Publish();
  Json root = Json::parse(files.at("2.root.json"))["signed"];
  root["version"] = 3;
  root["roles"]["timestamp"]["keyids"].push_back(Repository::KeyId("root1"));
  files["3.root.json"] = Repository::Sign(root, {"root1", "root2"});
  EXPECT_THAT(FetchTarget(files, kept, Repository::kNow, Repository::kTarget),
              FailsWith(Reason::kDescriptorMismatch));
}

TEST(TufRollbackTest, KeptTargetsOfAnotherVersionAreAskedForAgain) {
  const TufFiles files = Repository::Publish();
  TrustedFiles kept = Kept(files);
  kept.targets = PublishNewer(1).at("5.targets.json");
  Update update = Started(kept);
  ASSERT_THAT(Feed(update, files), IsOk());
  EXPECT_EQ(update.files().targets, files.at("4.targets.json"));
}

}  // namespace
}  // namespace sigward::verifier::tuf
