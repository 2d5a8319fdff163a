// How times, windows and validities meet in one bundle.

#include <gtest/gtest.h>

#include <chrono>

#include "base/base64.h"
#include "keyless/bundle_kinds.h"

namespace sigward::verifier {
namespace {

using base::Json;
using sigward::testing::Ask;
using sigward::testing::KindNamed;
using sigward::testing::PartsOf;
using sigward::testing::PlanOf;
using sigward::testing::PrivateSigstore;
using sigward::testing::Question;
using sigward::testing::QuestionFor;
using sigward::testing::SignatureParts;
using sigward::testing::SigningPlan;
using sigward::testing::Sigstore;
using sigward::testing::TimestampAuthority;
using std::chrono::seconds;

constexpr auto kV03 = BundleVersion::kV03;
const Time kNow = TimestampAuthority::kNow;
/// The last second of a leaf.
const Time kLast = kNow + PrivateSigstore::kValidFor;
const Time kFirst = kNow - std::chrono::minutes(1);

std::string AskTimed(std::string_view kind, Time logged, std::optional<Time> stamped) {
  SigningPlan plan = PlanOf(KindNamed(kind));
  plan.logged = logged;
  plan.stamped = stamped;
  return Ask(PartsOf(KindNamed(kind), plan), kV03);
}

std::string AskRooted(std::string_view kind, const Json& root) {
  const TrustRoot parsed = PrivateSigstore::RootOf(root);
  Question question = QuestionFor(KindNamed(kind));
  question.root = &parsed;
  return Ask(PartsOf(KindNamed(kind)), kV03, question);
}

/// A trusted root whose log at INDEX is trusted from START to END.
Json LogWindow(std::size_t index, const char* start, const char* end) {
  Json root = Sigstore().root_json();
  root["tlogs"][index]["publicKey"]["validFor"] = {{"start", start}, {"end", end}};
  return root;
}

TEST(TimesTest, LeafIsValidWhenTheLogPromised) {
  EXPECT_EQ(AskTimed("03 message", kFirst, {}), "verified");
  EXPECT_EQ(AskTimed("03 message", kLast, {}), "verified");
  EXPECT_EQ(AskTimed("03 message", kFirst - seconds(1), {}), "expired-certificate");
  EXPECT_EQ(AskTimed("03 message", kLast + seconds(1), {}), "expired-certificate");
}

TEST(TimesTest, LeafIsValidWhenItWasStamped) {
  for (const char* kind : {"03 message v2", "03 envelope v2", "03 message stamped"}) {
    EXPECT_EQ(AskTimed(kind, kNow, kFirst), "verified");
    EXPECT_EQ(AskTimed(kind, kNow, kLast), "verified");
    EXPECT_EQ(AskTimed(kind, kNow, kFirst - seconds(1)), "expired-certificate");
    EXPECT_EQ(AskTimed(kind, kNow, kLast + seconds(1)), "expired-certificate");
  }
}

TEST(TimesTest, LeafIsValidAtBothTimesNotAtOneOnly) {
  EXPECT_EQ(AskTimed("03 message twice timed", kFirst, kLast), "verified");
  EXPECT_EQ(AskTimed("03 message twice timed", kNow, kLast + seconds(1)), "expired-certificate");
  EXPECT_EQ(AskTimed("03 message twice timed", kLast + seconds(1), kNow), "expired-certificate");
  EXPECT_EQ(AskTimed("03 message twice timed", kFirst - seconds(1), kNow), "expired-certificate");
}

TEST(TimesTest, LeafIsValidAtEachStamp) {
  SignatureParts parts = PartsOf(KindNamed("03 message v2"));
  parts.stamps.push_back(Sigstore().Stamp(parts.logged.signature, kLast));
  EXPECT_EQ(Ask(parts, kV03), "verified");
  parts.stamps.back() = Sigstore().Stamp(parts.logged.signature, kLast + seconds(1));
  EXPECT_EQ(Ask(parts, kV03), "expired-certificate");
}

TEST(TimesTest, LeafIsValidWhenAnEntryClaimsToBeMadeThoughNothingProvesIt) {
  EXPECT_EQ(AskTimed("03 message stamped", kFirst, kNow), "verified");
  EXPECT_EQ(AskTimed("03 message stamped", kLast, kNow), "verified");
  EXPECT_EQ(AskTimed("03 message stamped", kFirst - seconds(1), kNow), "expired-certificate");
  EXPECT_EQ(AskTimed("03 message stamped", kLast + seconds(1), kNow), "expired-certificate");
}

TEST(TimesTest, EachClaimCountsWhereThereAreMany) {
  SignatureParts parts = PartsOf(KindNamed("03 message twice timed"));
  parts.entries.push_back(
      Sigstore().Log(parts.logged, EntryKind::kHashedRekordV001, kLast + seconds(1)));
  parts.entries.back().signed_entry_timestamp.reset();
  EXPECT_EQ(Ask(parts, kV03), "expired-certificate");
  parts.entries.back().integrated_time = kLast;
  EXPECT_EQ(Ask(parts, kV03), "verified");
}

TEST(TimesTest, AKeyHasNoValidity) {
  SigningPlan plan = PlanOf(KindNamed("03 message by key"));
  plan.logged = kNow + std::chrono::years(1);
  EXPECT_EQ(Ask(PartsOf(KindNamed("03 message by key"), plan), kV03,
                QuestionFor(KindNamed("03 message by key"))),
            "verified");
}

TEST(TimesTest, NoTimeIsNoneWhateverIsClaimed) {
  SignatureParts parts = PartsOf(KindNamed("03 message v2"));
  parts.stamps.clear();
  EXPECT_EQ(Ask(parts, kV03), "no-trusted-time");
  parts.entries.front().integrated_time = kNow;
  EXPECT_EQ(Ask(parts, kV03), "no-trusted-time");

  parts = PartsOf(KindNamed("03 message"));
  parts.entries.front().signed_entry_timestamp.reset();
  EXPECT_EQ(Ask(parts, kV03), "no-trusted-time");
}

TEST(TimesTest, AStampOfAnotherSignatureIsNoTime) {
  const SignatureParts other = PartsOf(KindNamed("03 message v2"));
  SignatureParts parts = PartsOf(KindNamed("03 message v2"));
  ASSERT_NE(parts.logged.signature, other.logged.signature);
  parts.stamps = other.stamps;
  EXPECT_EQ(Ask(parts, kV03), "timestamp-invalid");
  parts.stamps.push_back(Sigstore().Stamp(parts.logged.signature));
  EXPECT_EQ(Ask(parts, kV03), "verified");
}

TEST(TimesTest, AStampOfAnUnknownAuthorityIsNoTime) {
  PrivateSigstore stranger;
  SignatureParts parts = PartsOf(KindNamed("03 message v2"));
  parts.stamps = {stranger.Stamp(parts.logged.signature)};
  EXPECT_EQ(Ask(parts, kV03), "untrusted-certificate");
  // Where the log gives the time, it spoils nothing; what it says is not believed either.
  parts = PartsOf(KindNamed("03 message"));
  parts.stamps = {stranger.Stamp(parts.logged.signature, kLast + seconds(1))};
  EXPECT_EQ(Ask(parts, kV03), "verified");
}

TEST(TimesTest, WithoutATimeStampAuthorityThereAreNoStamps) {
  Json root = Sigstore().root_json();
  root.erase("timestampAuthorities");
  EXPECT_EQ(AskRooted("03 message v2", root), "untrusted-certificate");
  EXPECT_EQ(AskRooted("03 message twice timed", root), "verified");
}

TEST(TimesTest, ALogThatPromisedWasInUseThen) {
  EXPECT_EQ(AskRooted("03 message", LogWindow(0, "2029-01-01T00:00:00Z", "2030-01-01T00:00:00Z")),
            "verified");
  EXPECT_EQ(AskRooted("03 message", LogWindow(0, "2029-01-01T00:00:00Z", "2029-12-31T23:59:59Z")),
            "not-logged");
  EXPECT_EQ(AskRooted("03 message", LogWindow(0, "2030-01-01T00:00:01Z", "2031-01-01T00:00:00Z")),
            "not-logged");
}

TEST(TimesTest, ALogWithoutPromisesWasInUseWhenItWasStamped) {
  for (const auto& [kind, log] :
       {std::pair("03 message v2", 1U), std::pair("03 envelope v2", 1U),
        std::pair("03 message stamped", 0U), std::pair("03 message v2 by key stamped", 1U)}) {
    EXPECT_EQ(AskRooted(kind, LogWindow(log, "2029-01-01T00:00:00Z", "2030-01-01T00:00:00Z")),
              "verified")
        << kind;
    EXPECT_EQ(AskRooted(kind, LogWindow(log, "2029-01-01T00:00:00Z", "2029-12-31T23:59:59Z")),
              "not-logged")
        << kind;
    EXPECT_EQ(AskRooted(kind, LogWindow(log, "2030-01-01T00:00:01Z", "2031-01-01T00:00:00Z")),
              "not-logged")
        << kind;
  }
}

TEST(TimesTest, APromiseIsATimeOfItsOwn) {
  SigningPlan plan = PlanOf(KindNamed("03 message twice timed"));
  plan.stamped = kNow + seconds(5);
  const TrustRoot root =
      PrivateSigstore::RootOf(LogWindow(0, "2029-01-01T00:00:00Z", "2030-01-01T00:00:00Z"));
  Question question;
  question.root = &root;
  EXPECT_EQ(Ask(PartsOf(KindNamed("03 message twice timed"), plan), kV03, question), "verified");
}

TEST(TimesTest, ALogMayBeNamedOncePerWindow) {
  for (const auto& [kind, log] :
       {std::pair("03 message", 0U), std::pair("03 message v2", 1U),
        std::pair("03 message stamped", 0U), std::pair("03 message v2 by key stamped", 1U)}) {
    Json root = LogWindow(log, "2029-01-01T00:00:00Z", "2029-06-01T00:00:00Z");
    root["tlogs"].push_back(Sigstore().root_json()["tlogs"][log]);
    EXPECT_EQ(AskRooted(kind, root), "verified") << kind;
    root["tlogs"].back()["publicKey"]["validFor"] = {{"start", "2030-06-01T00:00:00Z"}};
    EXPECT_EQ(AskRooted(kind, root), "not-logged") << kind;
  }
}

TEST(TimesTest, AuthoritiesWereInUse) {
  Json root = Sigstore().root_json();
  root["certificateAuthorities"][0]["validFor"] = {{"end", "2029-12-31T23:59:59Z"}};
  EXPECT_EQ(AskRooted("03 message", root), "expired-certificate");
  EXPECT_EQ(AskRooted("03 message v2", root), "expired-certificate");
  root = Sigstore().root_json();
  root["timestampAuthorities"][0]["validFor"] = {{"start", "2030-01-01T00:00:01Z"}};
  EXPECT_EQ(AskRooted("03 message v2", root), "expired-certificate");
  EXPECT_EQ(AskRooted("03 message twice timed", root), "verified");
}

}  // namespace
}  // namespace sigward::verifier
