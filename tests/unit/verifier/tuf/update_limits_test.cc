// Each bound of a TUF update at its largest and one beyond.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "result_matchers.h"
#include "tuf/tuf_repository.h"
#include "verifier/tuf/update.h"

namespace sigward::verifier::tuf {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::Feed;
using sigward::testing::FetchTarget;
using sigward::testing::FirstRoot;
using sigward::testing::IsOk;
using sigward::testing::TufFiles;
using Repository = sigward::testing::TufRepository;
using Names = std::vector<std::string>;

base::Result<std::string> FetchEdited(const Repository::Edit& edit) {
  return FetchTarget(Repository::Publish(edit), FirstRoot(), Repository::kNow, Repository::kTarget);
}

/// ROLE with so much of an unknown field that its file has exactly SIZE bytes.
TufFiles Padded(const std::string& padded, const std::string& file, std::size_t size) {
  const auto publish = [&](std::size_t pad) {
    return Repository::Publish([&](std::string_view role, Json& content, Names&) {
      if (role == padded && !(role == "root" && content["version"] == 1)) {
        content["x-pad"] = std::string(pad, 'x');
      }
      // So that lengths do not lower the bound.
      if (role == "timestamp" || role == "snapshot") {
        for (auto& [name, listed] : content["meta"].items()) {
          listed.erase("length");
          listed.erase("hashes");
        }
      }
    });
  };
  // Signatures of P-256 have no fixed length: white space around makes up the rest.
  constexpr std::size_t kSlack = 64;
  TufFiles files = publish(size - publish(0).at(file).size() - kSlack);
  std::string& bytes = files.at(file);
  bytes += std::string(size - bytes.size(), ' ');
  return files;
}

TEST(TufLimitsTest, FilesHaveALargestSize) {
  const std::vector<std::pair<std::pair<const char*, const char*>, std::size_t>> rows = {
      {{"root", "2.root.json"}, kMaxRootBytes},
      {{"timestamp", "timestamp.json"}, kMaxTimestampBytes},
      {{"snapshot", "3.snapshot.json"}, kMaxSnapshotBytes},
      {{"targets", "4.targets.json"}, kMaxTargetsBytes},
      {{"team", "5.team.json"}, kMaxTargetsBytes}};
  for (const auto& [role, size] : rows) {
    TufFiles files = Padded(role.first, role.second, size);
    ASSERT_EQ(files.at(role.second).size(), size);
    EXPECT_THAT(FetchTarget(files, FirstRoot(), Repository::kNow, Repository::kTeamTarget), IsOk())
        << role.second;
    files.at(role.second) += " ";
    EXPECT_THAT(FetchTarget(files, FirstRoot(), Repository::kNow, Repository::kTeamTarget),
                FailsWith(Reason::kTooLarge))
        << role.second;
  }
}

TEST(TufLimitsTest, AListedLengthRaisesNoBound) {
  Update update = Update::Begin(FirstRoot(), Repository::kNow).value();
  const TufFiles files = Repository::Publish([](std::string_view role, Json& content, Names&) {
    if (role == "timestamp") {
      content["meta"]["snapshot.json"]["length"] = 1LL << 40;
    }
  });
  while (update.wanted()->path != "3.snapshot.json") {
    const auto found = files.find(update.wanted()->path);
    ASSERT_THAT(found == files.end() ? update.NotThere() : update.Take(found->second), IsOk());
  }
  EXPECT_EQ(update.wanted()->max_bytes, kMaxSnapshotBytes);
}

TEST(TufLimitsTest, RootsHaveALargestNumberOfKeys) {
  const auto with_keys = [](std::size_t count) {
    return [count](std::string_view role, Json& content, Names&) {
      for (std::size_t i = 0;
           role == "root" && content["version"] == 2 && content["keys"].size() < count; ++i) {
        content["keys"][std::to_string(i)] = {
            {"keytype", "x"}, {"scheme", "x"}, {"keyval", {{"public", ""}}}};
      }
    };
  };
  EXPECT_THAT(FetchEdited(with_keys(kMaxKeys)), IsOk());
  EXPECT_THAT(FetchEdited(with_keys(kMaxKeys + 1)), FailsWith(Reason::kTooLarge));
}

TEST(TufLimitsTest, RolesHaveALargestNumberOfKeys) {
  const auto with_ids = [](std::size_t count) {
    return [count](std::string_view role, Json& content, Names&) {
      if (role == "root" && content["version"] == 2) {
        Json& ids = content["roles"]["timestamp"]["keyids"];
        while (ids.size() < count) {
          ids.push_back(std::to_string(ids.size()));
        }
      }
    };
  };
  EXPECT_THAT(FetchEdited(with_ids(kMaxRoleKeys)), IsOk());
  EXPECT_THAT(FetchEdited(with_ids(kMaxRoleKeys + 1)), FailsWith(Reason::kTooLarge));
}

TEST(TufLimitsTest, NamesHaveALargestLength) {
  const auto with_target = [](std::size_t length) {
    return [length](std::string_view role, Json& content, Names&) {
      if (role == "targets") {
        content["targets"][std::string(length, 'a')] = content["targets"][Repository::kTarget];
      }
    };
  };
  EXPECT_THAT(FetchEdited(with_target(kMaxPathBytes)), IsOk());
  EXPECT_THAT(FetchEdited(with_target(kMaxPathBytes + 1)), FailsWith(Reason::kTooLarge));
}

TEST(TufLimitsTest, OneUpdateGoesThroughSoManyRoots) {
  const TufFiles good = Repository::Publish();
  Json root = Json::parse(good.at("2.root.json"))["signed"];
  Update update = Update::Begin({.root = good.at("2.root.json")}, Repository::kNow).value();
  for (std::size_t i = 0; i < kMaxRootRotations; ++i) {
    root["version"] = 3 + i;
    ASSERT_EQ(update.wanted()->path, std::to_string(3 + i) + ".root.json");
    ASSERT_THAT(update.Take(Repository::Sign(root, {"root1", "root2"})), IsOk());
  }
  EXPECT_EQ(update.wanted()->path, "timestamp.json");
}

/// A chain of delegated roles of which the last lists the target.
base::Result<std::string> SearchThrough(std::size_t roles) {
  const auto delegate = [](Json& content, std::size_t to) {
    content["delegations"]["keys"][Repository::KeyId("team1")] = Repository::KeyJson("team1");
    content["delegations"]["roles"] = Json::array({{{"name", "r" + std::to_string(to)},
                                                    {"keyids", {Repository::KeyId("team1")}},
                                                    {"threshold", 1},
                                                    {"paths", {"team/*"}}}});
  };
  TufFiles files = Repository::Publish([&](std::string_view role, Json& content, Names&) {
    if (role == "targets") {
      delegate(content, 1);
    }
    for (std::size_t i = 1; role == "snapshot" && i <= roles; ++i) {
      content["meta"]["r" + std::to_string(i) + ".json"] = {{"version", 1}};
    }
  });
  for (std::size_t i = 1; i <= roles; ++i) {
    Json role = Json::parse(files.at("5.team.json"))["signed"];
    role["version"] = 1;
    if (i < roles) {
      role["targets"] = Json::object();
      delegate(role, i + 1);
    }
    files["1.r" + std::to_string(i) + ".json"] = Repository::Sign(role, {"team1"});
  }
  return FetchTarget(files, FirstRoot(), Repository::kNow, Repository::kTeamTarget);
}

TEST(TufLimitsTest, OneSearchLooksAtSoManyRoles) {
  EXPECT_THAT(SearchThrough(kMaxDelegatedRoles), IsOk());
  EXPECT_THAT(SearchThrough(kMaxDelegatedRoles + 1), FailsWith(Reason::kPolicyUnavailable));
}

TEST(TufLimitsTest, EndlessArraysEndAtTheNumberOfValues) {
  std::string many = "[";
  for (std::size_t i = 0; i < base::kMaxJsonValues; ++i) {
    many += "0,";
  }
  TufFiles files = Repository::Publish();
  files["timestamp.json"] = R"({"signatures":[],"signed":{}})";
  EXPECT_THAT(FetchTarget(files, FirstRoot(), Repository::kNow, Repository::kTarget),
              FailsWith(Reason::kBadSignature));
  files["2.root.json"] = R"({"signatures":[],"signed":{"x":)" + many + "0]}}";
  EXPECT_THAT(FetchTarget(files, FirstRoot(), Repository::kNow, Repository::kTarget),
              FailsWith(Reason::kTooLarge));
  files["2.root.json"] = std::string(base::kMaxJsonDepth + 1, '[');
  EXPECT_THAT(FetchTarget(files, FirstRoot(), Repository::kNow, Repository::kTarget),
              FailsWith(Reason::kMalformed));
}

TEST(TufLimitsTest, ATargetHasTheLargestSizeThatIsAskedFor) {
  Update update = Update::Begin(FirstRoot(), Repository::kNow).value();
  ASSERT_THAT(Feed(update, Repository::Publish()), IsOk());
  const std::size_t size = std::string(Repository::kTargetText).size();
  EXPECT_THAT(update.AskTarget(Repository::kTarget, size - 1), FailsWith(Reason::kTooLarge));
  EXPECT_THAT(update.AskTarget(Repository::kTarget, size), IsOk());
}

}  // namespace
}  // namespace sigward::verifier::tuf
