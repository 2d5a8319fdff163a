// Which role is asked about a target, and where the target lies.

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "result_matchers.h"
#include "tuf/tuf_repository.h"
#include "verifier/digest.h"
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

Json Role(const std::string& name, const std::string& pattern, bool terminating) {
  return {{"name", name},
          {"keyids", {Repository::KeyId("team1")}},
          {"threshold", 1},
          {"terminating", terminating},
          {"paths", {pattern}}};
}

struct Delegating {
  std::string name;
  bool terminating = false;
  /// "targets" for the top.
  std::string by = "targets";
};

using Asked = std::vector<std::string>;
struct Outcome {
  bool found = false;
  /// Which roles were asked for.
  Asked asked;
  bool operator==(const Outcome&) const = default;
};
void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << (outcome.found ? "found" : "not found");
  for (const std::string& name : outcome.asked) {
    *out << " " << name;
  }
}

Json Roles(const std::vector<Delegating>& delegations, const std::string& by) {
  Json roles = Json::array();
  for (const Delegating& delegation : delegations) {
    if (delegation.by == by) {
      roles.push_back(Role(delegation.name, "d/*", delegation.terminating));
    }
  }
  return roles;
}

TufFiles PublishRoles(const std::vector<Delegating>& delegations, const std::string& lister) {
  TufFiles files = Repository::Publish([&](std::string_view role, Json& content, Names&) {
    if (role == "targets") {
      content["delegations"]["roles"] = Roles(delegations, "targets");
    } else if (role == "snapshot") {
      for (const Delegating& delegation : delegations) {
        content["meta"][delegation.name + ".json"] = {{"version", 1}};
      }
    }
  });
  for (const Delegating& delegation : delegations) {
    Json role = Json::parse(files.at("5.team.json"))["signed"];
    role["version"] = 1;
    role["delegations"]["keys"][Repository::KeyId("team1")] = Repository::KeyJson("team1");
    role["delegations"]["roles"] = Roles(delegations, delegation.name);
    const Json target = role["targets"][Repository::kTeamTarget];
    role["targets"] = Json::object();
    if (delegation.name == lister) {
      role["targets"]["d/file.txt"] = target;
    }
    files["1." + delegation.name + ".json"] = Repository::Sign(role, {"team1"});
  }
  return files;
}

/// A search for d/file.txt, which the role LISTER lists.
Outcome SearchAmong(const std::vector<Delegating>& delegations, const std::string& lister) {
  const TufFiles files = PublishRoles(delegations, lister);
  Update update = std::move(Update::Begin(FirstRoot(), Repository::kNow)).value();
  EXPECT_THAT(Feed(update, files), IsOk());
  Outcome outcome;
  base::Status status = update.AskTarget("d/file.txt", 100);
  while (status.ok() && update.wanted()->place == WantedFile::Place::kMetadata) {
    const std::string path = update.wanted()->path;
    outcome.asked.push_back(path.substr(2, path.size() - std::string("1..json").size()));
    status = update.Take(files.at(path));
  }
  outcome.found = status.ok();
  return outcome;
}

TEST(TufDelegationTest, RolesAreAskedInOrder) {
  EXPECT_EQ(SearchAmong({{"a"}, {"b"}}, "a"), (Outcome{true, {"a"}}));
  EXPECT_EQ(SearchAmong({{"a"}, {"b"}}, "b"), (Outcome{true, {"a", "b"}}));
  EXPECT_EQ(SearchAmong({{"a"}, {"b"}}, "c"), (Outcome{false, {"a", "b"}}));
}

/// CVE-2024-47534 asked in another order.
TEST(TufDelegationTest, DepthComesFirst) {
  const std::vector<Delegating> roles = {
      {"a"}, {"b"}, {"deep", false, "a"}, {"deeper", false, "deep"}, {"other", false, "a"}};
  EXPECT_EQ(SearchAmong(roles, "b"), (Outcome{true, {"a", "deep", "deeper", "other", "b"}}));
  EXPECT_EQ(SearchAmong(roles, "deeper"), (Outcome{true, {"a", "deep", "deeper"}}));
  EXPECT_EQ(SearchAmong({{"a"}, {"b"}, {"c", false, "b"}}, "none"),
            (Outcome{false, {"a", "b", "c"}}));
}

/// A terminating role has the last word, however deep it is.
TEST(TufDelegationTest, ATerminatingRoleEndsTheSearch) {
  EXPECT_EQ(SearchAmong({{"a", true}, {"b"}}, "b"), (Outcome{false, {"a"}}));
  EXPECT_EQ(SearchAmong({{"a"}, {"b", true}, {"c"}}, "c"), (Outcome{false, {"a", "b"}}));
  EXPECT_EQ(SearchAmong({{"a", true}, {"deep", false, "a"}, {"b"}}, "deep"),
            (Outcome{true, {"a", "deep"}}));
  EXPECT_EQ(SearchAmong({{"a"}, {"deep", true, "a"}, {"b"}}, "b"), (Outcome{false, {"a", "deep"}}));
  // It has it too where the role was asked before.
  EXPECT_EQ(SearchAmong({{"a"}, {"b"}, {"a", true, "a"}}, "b"), (Outcome{false, {"a"}}));
}

TEST(TufDelegationTest, ARoleIsAskedOnce) {
  EXPECT_EQ(SearchAmong({{"a"}, {"b"}, {"b", false, "a"}}, "none"), (Outcome{false, {"a", "b"}}));
}

TEST(TufDelegationTest, ACycleEnds) {
  // team delegates to itself.
  const TufFiles files = Repository::Publish([](std::string_view role, Json& content, Names&) {
    if (role == "team") {
      content["targets"] = Json::object();
      content["delegations"]["keys"][Repository::KeyId("team1")] = Repository::KeyJson("team1");
      content["delegations"]["roles"] = Json::array({Role("team", "team/*", false)});
    }
  });
  EXPECT_THAT(FetchTarget(files, FirstRoot(), Repository::kNow, Repository::kTeamTarget),
              FailsWith(Reason::kPolicyUnavailable));
}

TEST(TufDelegationTest, ADeeperRoleIsSignedByItsDelegatorsKeys) {
  const auto publish = [](const Names& signers) {
    TufFiles files = Repository::Publish([](std::string_view role, Json& content, Names&) {
      if (role == "team") {
        content["targets"] = Json::object();
        content["delegations"]["keys"][Repository::KeyId("deep1")] = Repository::KeyJson("deep1");
        Json deep = Role("deep/../er", "team/*", false);
        deep["keyids"] = {Repository::KeyId("deep1")};
        content["delegations"]["roles"] = Json::array({deep});
      } else if (role == "snapshot") {
        content["meta"]["deep/../er.json"] = {{"version", 1}};
      }
    });
    Json deep = Json::parse(Repository::Publish().at("5.team.json"))["signed"];
    deep["version"] = 1;
    files["1.deep%2F..%2Fer.json"] = Repository::Sign(deep, signers);
    return files;
  };
  EXPECT_THAT(
      FetchTarget(publish({"deep1"}), FirstRoot(), Repository::kNow, Repository::kTeamTarget),
      IsOk());
  EXPECT_THAT(
      FetchTarget(publish({"team1"}), FirstRoot(), Repository::kNow, Repository::kTeamTarget),
      FailsWith(Reason::kBadSignature));
}

/// The hash stands before the file's name, not before its folders' (TUF §6.2).
TEST(TufDelegationTest, ATargetMayLieDeep) {
  const std::string deep = "folder/in/folder/file.txt";
  TufFiles files = Repository::Publish([&deep](std::string_view role, Json& content, Names&) {
    if (role == "targets") {
      content["targets"][deep] = content["targets"][Repository::kTarget];
    }
  });
  const Digest digest = Digest::Of(base::AsBytes(Repository::kTargetText));
  files["targets/folder/in/folder/" + std::string(digest.hex()) + ".file.txt"] =
      Repository::kTargetText;
  EXPECT_THAT(FetchTarget(files, FirstRoot(), Repository::kNow, deep), IsOk());
}

}  // namespace
}  // namespace sigward::verifier::tuf
