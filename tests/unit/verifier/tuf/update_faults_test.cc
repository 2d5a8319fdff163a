// One thing wrong with a repository that is right in all others.

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "result_matchers.h"
#include "tuf/tuf_repository.h"
#include "verifier/digest.h"
#include "verifier/tuf/update.h"

namespace sigward::verifier::tuf {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::FetchTarget;
using sigward::testing::FirstRoot;
using sigward::testing::IsOk;
using sigward::testing::Refuses;
using sigward::testing::TufFiles;
using Repository = sigward::testing::TufRepository;
using Names = std::vector<std::string>;

struct Fault {
  std::string name;
  /// Whose content or signers are changed.
  std::string role;
  std::function<void(Json& content, Names& signers)> change;
  Reason reason;
  std::string text;
  /// For faults after signing.
  std::function<void(TufFiles& files)> damage = {};
  const char* target = Repository::kTarget;
};

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.name;
}

/// Version 1 of the root is what the client begins with: only version 2 is changed.
Repository::Edit EditOf(const Fault& fault) {
  return [&fault](std::string_view role, Json& content, Names& signers) {
    if (fault.change && role == fault.role && !(role == "root" && content["version"] == 1)) {
      fault.change(content, signers);
    }
  };
}

class TufFaultTest : public ::testing::TestWithParam<Fault> {};

TEST_P(TufFaultTest, IsRefused) {
  const Fault& fault = GetParam();
  TufFiles files = Repository::Publish(EditOf(fault));
  if (fault.damage) {
    fault.damage(files);
  }
  EXPECT_THAT(FetchTarget(files, FirstRoot(), Repository::kNow, fault.target),
              Refuses(fault.reason, fault.text));
}

std::function<void(Json&, Names&)> Signers(Names names) {
  return [names](Json&, Names& signers) { signers = names; };
}
std::function<void(Json&, Names&)> Set(const char* pointer, Json value) {
  return [pointer, value](Json& content, Names&) { content[Json::json_pointer(pointer)] = value; };
}
std::function<void(Json&, Names&)> Remove(const char* parent, const char* member) {
  return [parent, member](Json& content, Names&) {
    content[Json::json_pointer(parent)].erase(member);
  };
}
std::function<void(TufFiles&)> Without(const char* file) {
  return [file](TufFiles& files) { ASSERT_EQ(files.erase(file), 1U); };
}
std::function<void(TufFiles&)> SignedAgain(const char* file, Names signers,
                                           std::function<void(Json&)> change) {
  return [file, signers, change](TufFiles& files) {
    Json content = Json::parse(files.at(file))["signed"];
    change(content);
    files[file] = Repository::Sign(content, signers);
  };
}
std::function<void(TufFiles&)> Appended(const std::string& file) {
  return [file](TufFiles& files) { files.at(file) += " "; };
}

std::string TargetFile(const std::string& folder) {
  const Digest digest = Digest::Of(base::AsBytes(Repository::kTargetText));
  return "targets/" + folder + "/" + std::string(digest.hex()) + ".file.txt";
}

const char* const kLate = "2026-01-01T00:00:00Z";
const Json kSha256 = std::string(64, '0');

INSTANTIATE_TEST_SUITE_P(
    Root, TufFaultTest,
    ::testing::Values(
        Fault{"OldKeysOnly", "root", Signers({"root1", "root3"}), Reason::kBadSignature,
              "2.root.json is signed by 1 of the 2"},
        Fault{"NewKeysOnly", "root", Signers({"root2", "root4"}), Reason::kBadSignature,
              "by the root before it: 2.root.json is signed by 1 of the 2"},
        Fault{"BothThresholdsByDifferentKeysMinusOne", "root", Signers({"root1"}),
              Reason::kBadSignature, "signed by 1 of the 2"},
        Fault{"Unsigned", "root", Signers({}), Reason::kBadSignature, "signed by 0 of the 2"},
        Fault{"VersionAgain", "root", Set("/version", 1), Reason::kDescriptorMismatch,
              "2.root.json is version 1"},
        Fault{"VersionSkipped", "root", Set("/version", 3), Reason::kDescriptorMismatch,
              "2.root.json is version 3"},
        Fault{"VersionZero", "root", Set("/version", 0), Reason::kMalformed, "version is below 1"},
        Fault{"VersionIsText", "root", Set("/version", "2"), Reason::kMalformed, "version"},
        Fault{"Expired", "root", Set("/expires", kLate), Reason::kMetadataExpired,
              "root.json expired at 2026-01-01T00:00:00Z"},
        Fault{"ExpiresNever", "root", Set("/expires", "never"), Reason::kMalformed, "expires"},
        Fault{"OfAnotherType", "root", Set("/_type", "targets"), Reason::kMalformed,
              "has the type targets and not root"},
        Fault{"OfAnUnknownType", "root", Set("/_type", "Root"), Reason::kMalformed,
              "has the type Root"},
        Fault{"SpecificationTwo", "root", Set("/spec_version", "2.0.0"), Reason::kUnsupportedFormat,
              "is of TUF 2.0.0"},
        Fault{"SpecificationOddly", "root", Set("/spec_version", "1."), Reason::kUnsupportedFormat,
              "is of TUF 1."},
        Fault{"ThresholdZero", "root", Set("/roles/timestamp/threshold", 0), Reason::kMalformed,
              "threshold is below 1"},
        Fault{"ThresholdNegative", "root", Set("/roles/root/threshold", -1), Reason::kMalformed,
              "threshold is below 1"},
        Fault{"OneKeyIdTwice", "root",
              Set("/roles/root/keyids", Json::array({"id-of-root1", "id-of-root1"})),
              Reason::kMalformed, "has the key id id-of-root1 twice"},
        Fault{"NoTimestampRole", "root", Remove("/roles", "timestamp"), Reason::kMalformed,
              "roles.timestamp is missing"},
        Fault{"ConsistentSnapshotIsText", "root", Set("/consistent_snapshot", "yes"),
              Reason::kMalformed, "consistent_snapshot"},
        Fault{"AKeyIsNone", "root", Set("/keys/id-of-root1", "x"), Reason::kMalformed, "keys"},
        Fault{"TooFewUsableKeys", "root", Set("/keys/id-of-timestamp1/scheme", "rsassa-pss-sha512"),
              Reason::kBadSignature,
              "1 of the role's keys are not ECDSA P-256, Ed25519 or RSA-PSS"},
        Fault{"Missing",
              "",
              {},
              Reason::kMetadataExpired,
              "root.json expired",
              Without("2.root.json")},
        Fault{"NotJson",
              "",
              {},
              Reason::kMalformed,
              "2.root.json",
              [](TufFiles& files) { files["2.root.json"] = "x"; }}),
    ::testing::PrintToStringParamName());

INSTANTIATE_TEST_SUITE_P(
    Timestamp, TufFaultTest,
    ::testing::Values(
        Fault{"Unsigned", "timestamp", Signers({}), Reason::kBadSignature, "signed by 0 of the 1"},
        Fault{"SignedByTargets", "timestamp", Signers({"targets1"}), Reason::kBadSignature,
              "timestamp.json"},
        Fault{"Expired", "timestamp", Set("/expires", kLate), Reason::kMetadataExpired,
              "timestamp.json expired"},
        Fault{"OfAnotherType", "timestamp", Set("/_type", "snapshot"), Reason::kMalformed,
              "has the type snapshot and not timestamp"},
        Fault{"ListsNothing", "timestamp", Remove("/meta", "snapshot.json"), Reason::kMalformed,
              "snapshot.json is missing"},
        Fault{"ListsAnOlderSnapshot", "timestamp", Set("/meta/snapshot.json/version", 2),
              Reason::kPolicyUnavailable, "the repository has no 2.snapshot.json"},
        Fault{"ListsAnotherLength", "timestamp", Set("/meta/snapshot.json/length", 1),
              Reason::kTooLarge, "3.snapshot.json is longer than 1 bytes"},
        Fault{"ListsAnotherHash", "timestamp", Set("/meta/snapshot.json/hashes/sha256", kSha256),
              Reason::kDigestMismatch, "snapshot.json"},
        Fault{"ListsAnotherSecondHash", "timestamp",
              Set("/meta/snapshot.json/hashes/sha512", std::string(128, '0')),
              Reason::kDigestMismatch, "snapshot.json"},
        Fault{"ListsNoHashThatIsKnown", "timestamp",
              Set("/meta/snapshot.json/hashes", {{"md5", "00"}}), Reason::kUnsupportedAlgorithm,
              "has neither sha256 nor sha512"},
        Fault{"ListsAHashThatIsNone", "timestamp", Set("/meta/snapshot.json/hashes/sha256", "00"),
              Reason::kMalformed, "something else than a hash by sha256"},
        Fault{"ListsANegativeLength", "timestamp", Set("/meta/snapshot.json/length", -1),
              Reason::kMalformed, "length is below 0"},
        Fault{"Missing",
              "",
              {},
              Reason::kPolicyUnavailable,
              "the repository has no timestamp.json",
              Without("timestamp.json")}),
    ::testing::PrintToStringParamName());

INSTANTIATE_TEST_SUITE_P(
    Snapshot, TufFaultTest,
    ::testing::Values(Fault{"SignedByTheOldKey", "snapshot", Signers({"snapshot1"}),
                            Reason::kBadSignature, "snapshot.json is signed by 0 of the 1"},
                      Fault{"Expired", "snapshot", Set("/expires", kLate), Reason::kMetadataExpired,
                            "snapshot.json expired"},
                      Fault{"OfAnotherType", "snapshot", Set("/_type", "targets"),
                            Reason::kMalformed, "has the type targets"},
                      Fault{"OfAnotherVersion", "snapshot", Set("/version", 2),
                            Reason::kDescriptorMismatch, "snapshot.json is version 2, listed is 3"},
                      Fault{"DoesNotListTargets", "snapshot", Remove("/meta", "targets.json"),
                            Reason::kMalformed, "does not list targets.json"},
                      Fault{"ListsVersionZero", "snapshot", Set("/meta/targets.json/version", 0),
                            Reason::kMalformed, "version is below 1"},
                      Fault{"ListsAnotherHash", "snapshot",
                            Set("/meta/targets.json/hashes/sha256", kSha256),
                            Reason::kDigestMismatch, "targets.json"},
                      Fault{"ListsALongerLength", "snapshot",
                            Set("/meta/targets.json/length", 100000), Reason::kDescriptorMismatch,
                            "100000 are listed"},
                      Fault{"DoesNotListTheDelegatedRole",
                            "snapshot",
                            Remove("/meta", "team.json"),
                            Reason::kPolicyUnavailable,
                            "does not list the delegated role team",
                            {},
                            Repository::kTeamTarget},
                      Fault{"OneByteMore",
                            "",
                            {},
                            Reason::kTooLarge,
                            "3.snapshot.json",
                            Appended("3.snapshot.json")},
                      Fault{"Missing",
                            "",
                            {},
                            Reason::kPolicyUnavailable,
                            "3.snapshot.json",
                            Without("3.snapshot.json")}),
    ::testing::PrintToStringParamName());

INSTANTIATE_TEST_SUITE_P(
    Targets, TufFaultTest,
    ::testing::Values(
        Fault{"ThresholdMinusOne", "targets", Signers({"targets1", "root1"}), Reason::kBadSignature,
              "targets.json is signed by 1 of the 2"},
        Fault{"Expired", "targets", Set("/expires", kLate), Reason::kMetadataExpired,
              "targets.json expired"},
        Fault{"OfAnotherVersion", "targets", Set("/version", 5), Reason::kDescriptorMismatch,
              "targets.json is version 5, listed is 4"},
        Fault{"ATargetWithoutLength", "targets", Remove("/targets/folder~1file.txt", "length"),
              Reason::kMalformed, "no length or no hashes"},
        Fault{"ATargetWithoutHashes", "targets", Remove("/targets/folder~1file.txt", "hashes"),
              Reason::kMalformed, "no length or no hashes"},
        Fault{"NoSuchTarget", "targets", Remove("/targets", Repository::kTarget),
              Reason::kPolicyUnavailable, "lists no target folder/file.txt"},
        Fault{"ATargetTooLong", "targets", Set("/targets/folder~1file.txt/length", (1 << 20) + 1),
              Reason::kTooLarge, "folder/file.txt is longer than 1048576"},
        Fault{"MixedWithAnotherSnapshots", "snapshot", Remove("/meta/targets.json", "length"),
              Reason::kDigestMismatch, "targets.json",
              SignedAgain("4.targets.json", {"targets1", "targets2"},
                          [](Json& content) { content["expires"] = "2026-02-02T00:00:00Z"; })},
        Fault{"HashBinsOnly", "targets",
              [](Json& content, Names&) {
                content["targets"].clear();
                content["delegations"].erase("roles");
                content["delegations"]["succinct_roles"] = {{"bit_length", 1}};
              },
              Reason::kUnsupportedFormat, "hash bins (succinct_roles) are not read"},
        Fault{"TargetMissing",
              "",
              {},
              Reason::kPolicyUnavailable,
              "the repository has no folder/",
              [](TufFiles& files) { files.erase(TargetFile("folder")); }},
        Fault{"TargetChanged",
              "",
              {},
              Reason::kDigestMismatch,
              "folder/file.txt",
              [](TufFiles& files) { files.at(TargetFile("folder"))[0] = 'T'; }},
        Fault{"TargetShorter",
              "",
              {},
              Reason::kDescriptorMismatch,
              "folder/file.txt has 10 bytes",
              [](TufFiles& files) { files.at(TargetFile("folder")).pop_back(); }},
        Fault{"TargetLonger",
              "",
              {},
              Reason::kTooLarge,
              "is longer than 11 bytes",
              [](TufFiles& files) { files.at(TargetFile("folder")) += "x"; }}),
    ::testing::PrintToStringParamName());

INSTANTIATE_TEST_SUITE_P(
    Delegation, TufFaultTest,
    ::testing::Values(
        Fault{"SignedByTheDelegator",
              "team",
              Signers({"targets1", "targets2"}),
              Reason::kBadSignature,
              "team.json is signed by 0 of the 1",
              {},
              Repository::kTeamTarget},
        Fault{"Expired",
              "team",
              Set("/expires", kLate),
              Reason::kMetadataExpired,
              "team.json expired",
              {},
              Repository::kTeamTarget},
        Fault{"OfAnotherVersion",
              "team",
              Set("/version", 4),
              Reason::kDescriptorMismatch,
              "team.json is version 4, listed is 5",
              {},
              Repository::kTeamTarget},
        Fault{"Missing",
              "",
              {},
              Reason::kPolicyUnavailable,
              "the repository has no 5.team.json",
              Without("5.team.json"),
              Repository::kTeamTarget},
        Fault{"ForOtherPaths",
              "targets",
              Set("/delegations/roles/0/paths", Json::array({"team", "*", "team/*/*"})),
              Reason::kPolicyUnavailable,
              "lists no target team/file.txt",
              {},
              Repository::kTeamTarget},
        Fault{"WithoutPaths", "targets", Remove("/delegations/roles/0", "paths"),
              Reason::kMalformed, "not exactly one of paths and path_hash_prefixes"},
        Fault{"WithBothPaths", "targets",
              Set("/delegations/roles/0/path_hash_prefixes", Json::array({"0"})),
              Reason::kMalformed, "not exactly one of paths and path_hash_prefixes"},
        Fault{"ThresholdZero", "targets", Set("/delegations/roles/0/threshold", 0),
              Reason::kMalformed, "threshold is below 1"},
        Fault{"ToATopLevelRole", "targets", Set("/delegations/roles/0/name", "targets"),
              Reason::kMalformed, "delegates to a top-level role"},
        Fault{"WithoutAName", "targets", Set("/delegations/roles/0/name", ""), Reason::kMalformed,
              "has an empty name"},
        Fault{"ToOneRoleTwice", "targets",
              [](Json& content, Names&) {
                Json& roles = content["delegations"]["roles"];
                roles.push_back(Json(roles[0]));
              },
              Reason::kMalformed, "delegates to one role twice"}),
    ::testing::PrintToStringParamName());

TEST(TufRepositoryTest, IsGoodWithoutAFault) {
  const TufFiles files = Repository::Publish();
  EXPECT_THAT(FetchTarget(files, FirstRoot(), Repository::kNow, Repository::kTarget), IsOk());
  EXPECT_THAT(FetchTarget(files, FirstRoot(), Repository::kNow, Repository::kTeamTarget), IsOk());
}

TEST(TufRepositoryTest, LengthsAndHashesMayBeAbsent) {
  const TufFiles files = Repository::Publish([](std::string_view role, Json& content, Names&) {
    if (role == "timestamp" || role == "snapshot") {
      for (auto& [name, listed] : content["meta"].items()) {
        listed.erase("length");
        listed.erase("hashes");
      }
    }
  });
  EXPECT_THAT(FetchTarget(files, FirstRoot(), Repository::kNow, Repository::kTeamTarget), IsOk());
}

}  // namespace
}  // namespace sigward::verifier::tuf
