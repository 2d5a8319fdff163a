// Every kind of complete bundle, as its whole: parsed, and held against an artifact, a signer and a
// trusted root.

#include "keyless/bundle_kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image_evidence.h"

namespace sigward::verifier {
namespace {

using sigward::testing::Artifact;
using sigward::testing::Ask;
using sigward::testing::BundleKind;
using sigward::testing::BundleKinds;
using sigward::testing::BundleOf;
using sigward::testing::KindNamed;
using sigward::testing::PartsOf;
using sigward::testing::Question;
using sigward::testing::QuestionFor;
using sigward::testing::SigstoreRoot;
using sigward::testing::TimestampAuthority;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Time> TimesOf(std::string_view kind_name) {
  const BundleKind& kind = KindNamed(kind_name);
  ChainMemory memory;
  const auto verified =
      VerifyBundle(ParseBundle(base::AsBytes(BundleOf(PartsOf(kind), kind.version).dump())).value(),
                   Artifact(), QuestionFor(kind).signer, SigstoreRoot(), memory);
  return verified.value().times();
}

TEST(BundleKindsTest, EachVerifies) {
  for (const BundleKind& kind : BundleKinds()) {
    EXPECT_EQ(Ask(PartsOf(kind), kind.version, QuestionFor(kind)), "verified") << kind.name;
  }
  EXPECT_EQ(BundleKinds().size(), 25U);
}

TEST(BundleKindsTest, EachByAnArtifactsOneDigest) {
  for (const BundleKind& kind : BundleKinds()) {
    Question question = QuestionFor(kind);
    question.artifact = ArtifactDigests::Of(sigward::testing::TestImage());
    const bool other_hash =
        kind.content == sigward::testing::Content::kMessage && kind.key == KeyType::kEcdsaP384;
    EXPECT_EQ(Ask(PartsOf(kind), kind.version, question),
              !other_hash                                  ? "verified"
              : kind.entry == EntryKind::kHashedRekordV002 ? "unsupported-algorithm"
                                                           : "bad-signature")
        << kind.name;
  }
}

TEST(BundleKindsTest, TimesAreThoseThatArePromisedOrStamped) {
  const Time now = TimestampAuthority::kNow;
  EXPECT_THAT(TimesOf("03 message"), ElementsAre(now));
  EXPECT_THAT(TimesOf("03 message stamped"), ElementsAre(now));
  EXPECT_THAT(TimesOf("03 message v2"), ElementsAre(now));
  EXPECT_THAT(TimesOf("03 message twice timed"), ElementsAre(now, now));
  EXPECT_THAT(TimesOf("03 message by key"), ElementsAre(now));
  EXPECT_THAT(TimesOf("03 message v2 by key stamped"), ElementsAre(now));
  EXPECT_THAT(TimesOf("03 message v2 by key"), IsEmpty());
}

TEST(BundleKindsTest, WhatAVersionAsksOfAnEntry) {
  const auto entry_with = [](std::string_view kind, BundleVersion version, bool promise,
                             bool proof) {
    auto parts = PartsOf(KindNamed(kind));
    if (!promise) {
      parts.entries.front().signed_entry_timestamp.reset();
    }
    if (!proof) {
      parts.entries.front().inclusion_proof.reset();
    }
    return Ask(parts, version);
  };
  EXPECT_EQ(entry_with("03 message", BundleVersion::kV01, true, true), "verified");
  EXPECT_EQ(entry_with("03 message", BundleVersion::kV01, true, false), "verified");
  EXPECT_EQ(entry_with("03 message stamped", BundleVersion::kV01, false, true), "malformed");
  for (const BundleVersion version : {BundleVersion::kV02, BundleVersion::kV03}) {
    EXPECT_EQ(entry_with("03 message", version, true, true), "verified");
    EXPECT_EQ(entry_with("03 message", version, true, false), "malformed");
    EXPECT_EQ(entry_with("03 message stamped", version, false, true), "verified");
  }
}

}  // namespace
}  // namespace sigward::verifier
