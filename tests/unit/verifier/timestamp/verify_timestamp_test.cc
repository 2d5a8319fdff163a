// Each test makes one part of a good time stamp, or of who is trusted, wrong.

#include "verifier/timestamp/verify_timestamp.h"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "timestamp_fixture.h"
#include "verifier/ossl.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::ByteView;
using base::Reason;
using sigward::testing::Algorithm;
using sigward::testing::CertificateIdV2;
using sigward::testing::Certified;
using sigward::testing::ContentTypeAttribute;
using sigward::testing::Element;
using sigward::testing::Encode;
using sigward::testing::IsOk;
using sigward::testing::MessageDigestAttribute;
using sigward::testing::OctetString;
using sigward::testing::Oid;
using sigward::testing::Refuses;
using sigward::testing::Sequence;
using sigward::testing::SigningCertificateV1;
using sigward::testing::SigningCertificateV2;
using sigward::testing::StampPlan;
using sigward::testing::TestKey;
using sigward::testing::TimestampAuthority;

using VerifyTimestampTest = sigward::testing::TimestampTest;

ByteBuffer Der(const Certified& certified) {
  const ByteView der = certified.certificate.der();
  return {der.begin(), der.end()};
}

StampPlan WithCertificate(StampPlan plan, const ByteBuffer& attribute) {
  plan.attributes = [=](const ByteBuffer& info) {
    return std::vector<ByteBuffer>{ContentTypeAttribute(), MessageDigestAttribute(info), attribute};
  };
  return plan;
}

TEST_F(VerifyTimestampTest, SaysWhenAndWho) {
  const std::vector<CertificateAuthority> authorities = {tsa().Trusted()};
  const auto stamp = sigward::testing::VerifyAlone(Encode(Plan()), Signature(), authorities);
  ASSERT_THAT(stamp, IsOk());
  EXPECT_EQ(stamp->time(), TimestampAuthority::kNow);
  EXPECT_EQ(&stamp->authority(), authorities.data());
}

TEST_F(VerifyTimestampTest, FractionsAreCutOff) {
  StampPlan plan = Plan();
  plan.gen_time = "20300101000000.75Z";
  const auto stamp = Verify(plan);
  ASSERT_THAT(stamp, IsOk());
  EXPECT_EQ(stamp->time(), TimestampAuthority::kNow);
}

TEST_F(VerifyTimestampTest, AStampOfAnotherSignatureIsRefused) {
  EXPECT_THAT(Verify(tsa().Plan(base::AsBytes("another signature"))),
              Refuses(Reason::kTimestampInvalid, "another signature"));
  StampPlan plan = Plan();
  plan.imprint.pop_back();
  EXPECT_THAT(Verify(plan), Refuses(Reason::kTimestampInvalid, "another signature"));
}

TEST_F(VerifyTimestampTest, TheImprintMayBeOfAnyStrongHash) {
  const struct {
    const char* oid;
    HashAlgorithm hash;
  } kHashes[] = {{"2.16.840.1.101.3.4.2.2", HashAlgorithm::kSha384},
                 {"2.16.840.1.101.3.4.2.3", HashAlgorithm::kSha512}};
  for (const auto& hash : kHashes) {
    StampPlan plan = Plan();
    plan.imprint_algorithm = Algorithm(hash.oid);
    plan.imprint = HashOf(Signature(), hash.hash);
    EXPECT_THAT(Verify(plan), IsOk());
    plan.imprint = HashOf(Signature(), HashAlgorithm::kSha256);
    EXPECT_THAT(Verify(plan), Refuses(Reason::kTimestampInvalid, "another signature"));
  }
}

TEST_F(VerifyTimestampTest, ChangedAfterSigning) {
  StampPlan plan = Plan();
  // The last digit of the year's last second but one: still a good TSTInfo.
  plan.change_info = [](ByteBuffer& info) { info[info.size() - 2] = '1'; };
  EXPECT_THAT(Verify(plan), Refuses(Reason::kTimestampInvalid, "not what was signed"));
}

TEST_F(VerifyTimestampTest, SignedByAnotherKey) {
  StampPlan plan = Plan();
  plan.other_key = &TestKey::Stranger();
  EXPECT_THAT(Verify(plan), Refuses(Reason::kTimestampInvalid, "not signed by"));
}

TEST_F(VerifyTimestampTest, EveryBitOfAStampCounts) {
  const ByteBuffer good = Encode(Plan());
  ASSERT_THAT(VerifyBytes(good), IsOk());
  const ByteBuffer hashes_ahead = sigward::testing::Set({Plan().digest_algorithm});
  const auto ahead =
      std::search(good.begin(), good.end(), hashes_ahead.begin(), hashes_ahead.end());
  ASSERT_NE(ahead, good.end());
  std::size_t passed = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    ByteBuffer bad = good;
    bad[i] ^= 1;
    if (!VerifyBytes(bad).ok()) {
      continue;
    }
    ++passed;
    // What nobody signs and everybody may change: the status (granted to grantedWithMods), the
    // version of SignedData, and the list of hashes ahead.
    constexpr std::ptrdiff_t kStatus = 8;
    const auto at = static_cast<std::ptrdiff_t>(i);
    const std::ptrdiff_t from = ahead - good.begin();
    EXPECT_TRUE(at == kStatus || at == from - 1 ||
                (at >= from + 2 && at < from + std::ssize(hashes_ahead)))
        << i;
  }
  EXPECT_EQ(passed, 1 + 1 + hashes_ahead.size() - 2);
}

TEST_F(VerifyTimestampTest, SignedWithEveryKindOfKey) {
  const struct {
    KeyType type;
    const char* algorithm;
  } kKinds[] = {{KeyType::kEcdsaP384, "1.2.840.10045.4.3.2"},
                {KeyType::kEcdsaP521, "1.2.840.10045.4.3.2"},
                {KeyType::kRsa, "1.2.840.113549.1.1.1"},
                {KeyType::kRsa, "1.2.840.113549.1.1.11"},
                {KeyType::kEd25519, "1.3.101.112"}};
  for (const auto& kind : kKinds) {
    const Certified leaf =
        Certify(TimestampAuthority::LeafPlan(), TestKey::Shared(kind.type), &tsa().intermediate());
    CertificateAuthority authority = tsa().Trusted();
    authority.chain[0] = leaf.certificate;
    StampPlan plan = TimestampAuthority::PlanBy(leaf, Signature());
    plan.signature_algorithm = Sequence({Oid(kind.algorithm)});
    EXPECT_THAT(VerifyBy(plan, {authority}), IsOk()) << kind.algorithm;
    plan.signature_algorithm = Sequence(
        {Oid(kind.type == KeyType::kRsa ? "1.2.840.10045.4.3.2" : "1.2.840.113549.1.1.1")});
    EXPECT_THAT(VerifyBy(plan, {authority}), Refuses(Reason::kTimestampInvalid, "not signed by"));
  }
}

TEST_F(VerifyTimestampTest, TheSignerMayComeWithTheStamp) {
  StampPlan plan = Plan();
  EXPECT_THAT(VerifyBy(plan, {tsa().TrustedWithoutLeaf()}),
              Refuses(Reason::kUntrustedCertificate, "no trusted authority"));
  plan.carried = {Der(tsa().leaf())};
  EXPECT_THAT(VerifyBy(plan, {tsa().TrustedWithoutLeaf()}), IsOk());
  // Where only the root is trusted, the intermediate comes along too.
  CertificateAuthority root_only = tsa().Trusted();
  root_only.chain = {tsa().root().certificate};
  EXPECT_THAT(VerifyBy(plan, {root_only}), Refuses(Reason::kUntrustedCertificate, "issuer"));
  plan.carried->push_back(Der(tsa().intermediate()));
  EXPECT_THAT(VerifyBy(plan, {root_only}), IsOk());
  plan.carried = {ByteBuffer(Sequence({}))};
  EXPECT_THAT(VerifyBy(plan, {root_only}),
              Refuses(Reason::kUntrustedCertificate, "no trusted authority"));
  plan.carried = {Der(tsa().leaf()), ByteBuffer(Sequence({}))};
  EXPECT_THAT(VerifyBy(plan, {root_only}), sigward::testing::FailsWith(Reason::kMalformed));
}

// Leaving an intermediate out is how it is revoked.
TEST_F(VerifyTimestampTest, WhereIntermediatesAreNamedNoOthersAreTheAuthoritys) {
  const Certified other =
      Certify(TimestampAuthority::IntermediatePlan(), TestKey::Stranger(), &tsa().root());
  const Certified signer =
      Certify(TimestampAuthority::LeafPlan(), TestKey::Shared(KeyType::kEcdsaP256), &other);
  StampPlan plan = TimestampAuthority::PlanBy(signer, Signature());
  plan.carried = {Der(signer), Der(other)};
  EXPECT_THAT(VerifyBy(plan, {tsa().TrustedWithoutLeaf()}),
              sigward::testing::FailsWith(Reason::kUntrustedCertificate));
  CertificateAuthority root_only = tsa().Trusted();
  root_only.chain = {tsa().root().certificate};
  EXPECT_THAT(VerifyBy(plan, {root_only}), IsOk());
}

TEST_F(VerifyTimestampTest, TheSignerMayBeNamedByKeyId) {
  StampPlan plan = Plan();
  plan.signer_version = 3;
  const ASN1_OCTET_STRING* id = X509_get0_subject_key_id(tsa().leaf().certificate.x509());
  const ByteBuffer key_id(ASN1_STRING_get0_data(id),
                          ASN1_STRING_get0_data(id) + ASN1_STRING_length(id));
  plan.signer_name = Element(0x80, key_id);
  EXPECT_THAT(Verify(plan), IsOk());
  plan.signer_name = Element(0x80, ByteBuffer(20));
  EXPECT_THAT(Verify(plan), Refuses(Reason::kUntrustedCertificate, "no trusted authority"));
  plan.signer_name = Element(0x80, ByteBuffer());
  EXPECT_THAT(Verify(plan), Refuses(Reason::kMalformed, "key id"));
}

// CVE-2026-39984, GHSA-xm5m-wgh2-rrg3 (timestamp-authority before 2.0.6): the checks were made on
// the first certificate of the bag, the signature on another.
TEST_F(VerifyTimestampTest, Cve2026_39984_ACertificateInFrontOfTheBagIsNotTheSigner) {
  const Certified forged = Certify(TimestampAuthority::LeafPlan(), TestKey::Stranger(), nullptr);
  sigward::testing::CertificatePlan useless = TimestampAuthority::LeafPlan();
  useless.standard["extendedKeyUsage"] = "critical,codeSigning";
  const Certified signer = tsa().MakeLeaf(useless);
  StampPlan plan = TimestampAuthority::PlanBy(signer, Signature());
  // A good certificate in front does not lend its uses to the signer's.
  plan.carried = {Der(tsa().leaf()), Der(signer)};
  EXPECT_THAT(VerifyBy(plan, {tsa().TrustedWithoutLeaf()}),
              Refuses(Reason::kUntrustedCertificate, "time stamping alone"));
  // And a forged one in front takes nothing away.
  plan = Plan();
  plan.carried = {Der(forged), Der(tsa().leaf())};
  EXPECT_THAT(VerifyBy(plan, {tsa().TrustedWithoutLeaf()}), IsOk());
  EXPECT_THAT(Verify(plan), IsOk());
  // One whose names are the signer's and whose key is another's.
  plan.carried = {Der(forged)};
  EXPECT_THAT(VerifyBy(plan, {tsa().TrustedWithoutLeaf()}),
              Refuses(Reason::kUntrustedCertificate, "no trusted authority"));
}

TEST_F(VerifyTimestampTest, WhereTheLeafIsTrustedNoOtherMaySign) {
  const Certified other = tsa().MakeLeaf(TimestampAuthority::LeafPlan());
  StampPlan plan = TimestampAuthority::PlanBy(other, Signature());
  plan.carried = {Der(other), Der(tsa().intermediate())};
  EXPECT_THAT(VerifyBy(plan, {tsa().TrustedWithoutLeaf()}), IsOk());
  EXPECT_THAT(Verify(plan), Refuses(Reason::kUntrustedCertificate, "no trusted authority"));
}

TEST_F(VerifyTimestampTest, UntrustedAuthority) {
  static const TimestampAuthority stranger;
  StampPlan plan = stranger.Plan(Signature());
  EXPECT_THAT(Verify(plan), Refuses(Reason::kUntrustedCertificate, "no trusted authority"));
  plan.carried = {Der(stranger.leaf()), Der(stranger.intermediate()), Der(stranger.root())};
  EXPECT_THAT(Verify(plan), Refuses(Reason::kUntrustedCertificate, "no trusted authority"));
  EXPECT_THAT(VerifyBy(plan, {tsa().TrustedWithoutLeaf()}),
              sigward::testing::FailsWith(Reason::kUntrustedCertificate));
  EXPECT_THAT(VerifyBy(plan, {}), Refuses(Reason::kUntrustedCertificate, "no trusted authority"));
}

TEST_F(VerifyTimestampTest, TheAuthorityThatKnowsTheSignerIsFound) {
  static const TimestampAuthority stranger;
  CertificateAuthority ended = tsa().Trusted();
  ended.validity.end = TimestampAuthority::kNow - std::chrono::seconds(1);
  EXPECT_THAT(VerifyBy(Plan(), {stranger.Trusted(), ended, tsa().Trusted()}), IsOk());
  EXPECT_THAT(VerifyBy(Plan(), {ended, stranger.Trusted()}),
              Refuses(Reason::kExpired, "not trusted at"));
  EXPECT_THAT(VerifyBy(Plan(), {stranger.Trusted(), ended}),
              Refuses(Reason::kExpired, "not trusted at"));
}

TEST_F(VerifyTimestampTest, TheWindowIncludesBothEnds) {
  using std::chrono::seconds;
  const Time now = TimestampAuthority::kNow;
  const auto within = [&](std::optional<Time> start, std::optional<Time> end) {
    CertificateAuthority authority = tsa().Trusted();
    authority.validity = {start, end};
    return VerifyBy(Plan(), {authority});
  };
  EXPECT_THAT(within(now, now), IsOk());
  EXPECT_THAT(within(std::nullopt, std::nullopt), IsOk());
  EXPECT_THAT(within(now + seconds(1), std::nullopt), Refuses(Reason::kExpired, "not trusted at"));
  EXPECT_THAT(within(std::nullopt, now - seconds(1)), Refuses(Reason::kExpired, "not trusted at"));
}

TEST_F(VerifyTimestampTest, TheSignedAttributesNameTheSigner) {
  const Certified other = tsa().MakeLeaf(TimestampAuthority::LeafPlan());
  const Certificate& leaf = tsa().leaf().certificate;
  const auto refused = Refuses(Reason::kUntrustedCertificate, "no trusted authority");
  EXPECT_THAT(
      Verify(WithCertificate(Plan(), SigningCertificateV2({CertificateIdV2(other.certificate)}))),
      refused);
  EXPECT_THAT(Verify(WithCertificate(Plan(), SigningCertificateV1(leaf))), IsOk());
  EXPECT_THAT(Verify(WithCertificate(Plan(), SigningCertificateV1(other.certificate))), refused);

  const ByteBuffer hash = HashOf(leaf.der(), HashAlgorithm::kSha384);
  const ByteBuffer by_sha384 = Sequence({Algorithm("2.16.840.1.101.3.4.2.2"), OctetString(hash)});
  EXPECT_THAT(Verify(WithCertificate(Plan(), SigningCertificateV2({by_sha384}))), IsOk());
  // The right hash beside the wrong issuer or serial number.
  const ByteBuffer wrong_serial = Sequence({OctetString(HashOf(leaf.der(), HashAlgorithm::kSha256)),
                                            sigward::testing::IssuerSerialOf(other.certificate)});
  EXPECT_THAT(Verify(WithCertificate(Plan(), SigningCertificateV2({wrong_serial}))), refused);
  // Both kinds of attribute, of which one means somebody else.
  StampPlan both = Plan();
  both.attributes = [&](const ByteBuffer& info) {
    return std::vector<ByteBuffer>{ContentTypeAttribute(), MessageDigestAttribute(info),
                                   SigningCertificateV2({CertificateIdV2(leaf)}),
                                   SigningCertificateV1(other.certificate)};
  };
  EXPECT_THAT(Verify(both), refused);
}

TEST_F(VerifyTimestampTest, NamedIssuersAreTheOnesOnTheWay) {
  const ByteBuffer leaf = CertificateIdV2(tsa().leaf().certificate);
  EXPECT_THAT(
      Verify(WithCertificate(
          Plan(), SigningCertificateV2({leaf, CertificateIdV2(tsa().intermediate().certificate)}))),
      IsOk());
  const Certified other = tsa().MakeLeaf(TimestampAuthority::LeafPlan());
  EXPECT_THAT(Verify(WithCertificate(
                  Plan(), SigningCertificateV2({leaf, CertificateIdV2(other.certificate)}))),
              Refuses(Reason::kUntrustedCertificate, "not on the way"));
}

TEST_F(VerifyTimestampTest, AnotherSignersNameIsRefused) {
  StampPlan plan = Plan();
  plan.signer_name = sigward::testing::SignerNameOf(tsa().intermediate().certificate);
  EXPECT_THAT(Verify(plan), Refuses(Reason::kUntrustedCertificate, "no trusted authority"));
}

}  // namespace
}  // namespace sigward::verifier
