#include "verifier/certificate/chain.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "private_sigstore/certificate_authority.h"
#include "private_sigstore/der_writer.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::CertificatePlan;
using sigward::testing::FailsWith;
using sigward::testing::IntermediatePlan;
using sigward::testing::IsOk;
using sigward::testing::kSigningTime;
using sigward::testing::LeafPlan;
using sigward::testing::MakeCertificate;
using sigward::testing::ParseCertificate;
using sigward::testing::PrivateAuthority;
using sigward::testing::Refuses;
using sigward::testing::RootPlan;
using sigward::testing::TestKey;

using namespace std::chrono_literals;

const PrivateAuthority& Shared() {
  static const PrivateAuthority authority;
  return authority;
}

base::Result<VerifiedChain> Verify(const Certificate& leaf,
                                   const std::vector<CertificateAuthority>& authorities,
                                   const std::vector<Certificate>& intermediates = {},
                                   const std::vector<Time>& times = {kSigningTime}) {
  ChainMemory memory;
  base::Result<VerifiedChain> chain = VerifyChain(leaf, intermediates, authorities, times, memory);
  // What is remembered never changes an answer.
  const base::Result<VerifiedChain> again =
      VerifyChain(leaf, intermediates, authorities, times, memory);
  EXPECT_EQ(chain.ok(), again.ok());
  return chain;
}

/// The chain of LEAF to the shared authority.
base::Result<VerifiedChain> VerifyLeaf(const CertificatePlan& leaf) {
  return Verify(Shared().Issue(leaf), {Shared().trusted()});
}

/// A good leaf under an authority that was made to these plans.
base::Result<VerifiedChain> VerifyUnder(const CertificatePlan& root,
                                        const CertificatePlan& intermediate,
                                        const CertificatePlan& leaf = LeafPlan()) {
  const PrivateAuthority authority(root, intermediate);
  return Verify(authority.Issue(leaf), {authority.trusted()});
}

TEST(ChainTest, LeadsFromTheLeafToTheAuthority) {
  const std::vector<CertificateAuthority> authorities = {Shared().trusted()};
  ChainMemory memory;
  const Certificate leaf = Shared().Issue(LeafPlan());
  const auto chain = VerifyChain(leaf, {}, authorities, std::vector<Time>{kSigningTime}, memory);
  ASSERT_THAT(chain, IsOk());
  EXPECT_EQ(base::AsText(chain->leaf().der()), base::AsText(leaf.der()));
  EXPECT_EQ(base::AsText(chain->issuer().der()), base::AsText(Shared().intermediate().der()));
  EXPECT_EQ(&chain->authority(), authorities.data());
}

TEST(ChainTest, LeavesHaveKeysOfEveryKind) {
  for (const KeyType type : {KeyType::kEcdsaP256, KeyType::kEcdsaP384, KeyType::kEcdsaP521,
                             KeyType::kRsa, KeyType::kEd25519}) {
    const Certificate leaf = Shared().Issue(LeafPlan(), TestKey::Shared(type));
    EXPECT_THAT(Verify(leaf, {Shared().trusted()}), IsOk());
    EXPECT_EQ(leaf.Key()->type(), type);
  }
}

TEST(ChainTest, TheAnchorNeedNotBeSelfSigned) {
  CertificateAuthority authority = Shared().trusted();
  authority.chain.pop_back();
  EXPECT_THAT(Verify(Shared().Issue(LeafPlan()), {authority}), IsOk());
}

TEST(ChainTest, TheAuthorityThatIssuedIsFoundAmongOthers) {
  const PrivateAuthority other;
  const std::vector<CertificateAuthority> authorities = {other.trusted(), Shared().trusted()};
  ChainMemory memory;
  const auto chain = VerifyChain(Shared().Issue(LeafPlan()), {}, authorities,
                                 std::vector<Time>{kSigningTime}, memory);
  ASSERT_THAT(chain, IsOk());
  EXPECT_EQ(&chain->authority(), &authorities[1]);
}

// --- Times.

TEST(ChainTest, EveryCertificateIsValidAtBothItsEnds) {
  const Certificate leaf = Shared().Issue(LeafPlan());
  const Time first = *leaf.validity().start;
  const Time last = *leaf.validity().end;
  EXPECT_THAT(Verify(leaf, {Shared().trusted()}, {}, {first, last}), IsOk());
  EXPECT_THAT(Verify(leaf, {Shared().trusted()}, {}, {first - 1s}),
              Refuses(Reason::kExpired, "signing certificate"));
  EXPECT_THAT(Verify(leaf, {Shared().trusted()}, {}, {last + 1s}),
              Refuses(Reason::kExpired, "signing certificate"));
}

TEST(ChainTest, EveryTimeCounts) {
  const Certificate leaf = Shared().Issue(LeafPlan());
  EXPECT_THAT(Verify(leaf, {Shared().trusted()}, {}, {kSigningTime, kSigningTime + 1s}), IsOk());
  EXPECT_THAT(Verify(leaf, {Shared().trusted()}, {}, {kSigningTime, kSigningTime + 1h}),
              FailsWith(Reason::kExpired));
  EXPECT_THAT(Verify(leaf, {Shared().trusted()}, {}, {kSigningTime + 1h, kSigningTime}),
              FailsWith(Reason::kExpired));
}

TEST(ChainTest, NoTimeIsNoAnswer) {
  EXPECT_THAT(Verify(Shared().Issue(LeafPlan()), {Shared().trusted()}, {}, {}),
              FailsWith(Reason::kNoTrustedTime));
}

// CVE-2026-24122: the leaf alone was looked at.
TEST(ChainTest, Cve202624122AnExpiredIntermediate) {
  for (const bool early : {false, true}) {
    CertificatePlan intermediate = IntermediatePlan();
    (early ? intermediate.validity.start : intermediate.validity.end) =
        kSigningTime + (early ? 1s : -1s);
    EXPECT_THAT(VerifyUnder(RootPlan(), intermediate), Refuses(Reason::kExpired, "an authority's"));
  }
}

TEST(ChainTest, AnExpiredRoot) {
  for (const bool early : {false, true}) {
    CertificatePlan root = RootPlan();
    (early ? root.validity.start : root.validity.end) = kSigningTime + (early ? 1s : -1s);
    EXPECT_THAT(VerifyUnder(root, IntermediatePlan()), Refuses(Reason::kExpired, "an authority's"));
  }
}

TEST(ChainTest, TheAuthoritysWindowHoldsBothItsEnds) {
  const Certificate leaf = Shared().Issue(LeafPlan());
  CertificateAuthority authority = Shared().trusted();
  authority.validity = {kSigningTime, kSigningTime};
  EXPECT_THAT(Verify(leaf, {authority}), IsOk());
  authority.validity = {kSigningTime + 1s, {}};
  EXPECT_THAT(Verify(leaf, {authority}), Refuses(Reason::kExpired, "not trusted at the time"));
  authority.validity = {{}, kSigningTime - 1s};
  EXPECT_THAT(Verify(leaf, {authority}), Refuses(Reason::kExpired, "not trusted at the time"));
}

TEST(ChainTest, AnExpiredAuthorityIsNamedBeforeOneThatDidNotIssue) {
  const PrivateAuthority other;
  CertificateAuthority authority = Shared().trusted();
  authority.validity = {{}, kSigningTime - 1s};
  EXPECT_THAT(Verify(Shared().Issue(LeafPlan()), {authority, other.trusted()}),
              FailsWith(Reason::kExpired));
  EXPECT_THAT(Verify(Shared().Issue(LeafPlan()), {other.trusted(), authority}),
              FailsWith(Reason::kExpired));
}

// --- Who issued.

TEST(ChainTest, NoAuthorityIsTrusted) {
  EXPECT_THAT(Verify(Shared().Issue(LeafPlan()), {}),
              Refuses(Reason::kUntrustedCertificate, "no cert"));
}

TEST(ChainTest, AnotherAuthorityOfTheSameName) {
  const PrivateAuthority other;
  EXPECT_THAT(Verify(other.Issue(LeafPlan()), {Shared().trusted()}),
              FailsWith(Reason::kUntrustedCertificate));
  // Without the hint to the issuer's key the signature alone tells them apart.
  CertificatePlan plan = LeafPlan();
  plan.standard.erase("authorityKeyIdentifier");
  EXPECT_THAT(Verify(other.Issue(plan), {Shared().trusted()}),
              Refuses(Reason::kUntrustedCertificate, "signature is not by its issuer"));
}

TEST(ChainTest, AnIntermediateThatTheRootDidNotSign) {
  const PrivateAuthority other;
  const Certificate forged = ParseCertificate(MakeCertificate(
      IntermediatePlan(), Shared().intermediate_key(), &Shared().root(), other.root_key()));
  CertificateAuthority authority = Shared().trusted();
  authority.chain[0] = forged;
  EXPECT_THAT(Verify(Shared().Issue(LeafPlan()), {authority}),
              Refuses(Reason::kUntrustedCertificate, "signature is not by its issuer"));
}

TEST(ChainTest, ALeafThatTrustsItself) {
  const TestKey& key = TestKey::Shared(KeyType::kEcdsaP256);
  const Certificate leaf = ParseCertificate(MakeCertificate(LeafPlan(), key, nullptr, key));
  EXPECT_THAT(Verify(leaf, {Shared().trusted()}, {leaf}), FailsWith(Reason::kUntrustedCertificate));
  CertificateAuthority authority;
  authority.chain = {leaf};
  EXPECT_THAT(Verify(leaf, {authority}), Refuses(Reason::kUntrustedCertificate, "does not end"));
}

TEST(ChainTest, ASelfSignedRootThatTheEvidenceBrings) {
  const PrivateAuthority other;
  EXPECT_THAT(
      Verify(other.Issue(LeafPlan()), {Shared().trusted()}, {other.intermediate(), other.root()}),
      FailsWith(Reason::kUntrustedCertificate));
}

TEST(ChainTest, TheEvidenceMayBringWhatStandsBetween) {
  CertificateAuthority root_only = Shared().trusted();
  root_only.chain.erase(root_only.chain.begin());
  const Certificate leaf = Shared().Issue(LeafPlan());
  EXPECT_THAT(Verify(leaf, {root_only}), FailsWith(Reason::kUntrustedCertificate));
  EXPECT_THAT(Verify(leaf, {root_only}, {Shared().intermediate()}), IsOk());
  // The root beside it is neither needed nor in the way.
  EXPECT_THAT(Verify(leaf, {root_only}, {Shared().root(), Shared().intermediate()}), IsOk());
  const PrivateAuthority other;
  EXPECT_THAT(Verify(leaf, {root_only}, {other.intermediate()}),
              FailsWith(Reason::kUntrustedCertificate));
}

TEST(ChainTest, ASecondLeafBelowALeaf) {
  const TestKey& middle_key = TestKey::Shared(KeyType::kEcdsaP384);
  CertificatePlan middle_plan = LeafPlan();
  middle_plan.subject = "a leaf that would be more";
  const Certificate middle = Shared().Issue(middle_plan, middle_key);
  CertificatePlan plan = LeafPlan();
  const Certificate leaf = ParseCertificate(
      MakeCertificate(plan, TestKey::Shared(KeyType::kEcdsaP256), &middle, middle_key));
  EXPECT_THAT(Verify(leaf, {Shared().trusted()}, {middle}),
              FailsWith(Reason::kUntrustedCertificate));
}

// --- What the leaf is for.

TEST(ChainTest, ALeafThatIsAnAuthority) {
  CertificatePlan plan = LeafPlan();
  plan.standard["basicConstraints"] = "critical,CA:TRUE";
  EXPECT_THAT(VerifyLeaf(plan),
              Refuses(Reason::kUntrustedCertificate, "is a certificate authority's"));
  plan.standard["basicConstraints"] = "critical,CA:FALSE";
  EXPECT_THAT(VerifyLeaf(plan), IsOk());
  plan.standard["keyUsage"] = "critical,digitalSignature,keyCertSign";
  plan.standard.erase("basicConstraints");
  EXPECT_THAT(VerifyLeaf(plan),
              Refuses(Reason::kUntrustedCertificate, "is a certificate authority's"));
}

TEST(ChainTest, ALeafThatIsNotForSignatures) {
  CertificatePlan plan = LeafPlan();
  plan.standard["keyUsage"] = "critical,keyEncipherment";
  EXPECT_THAT(VerifyLeaf(plan), Refuses(Reason::kUntrustedCertificate, "digitalSignature"));
  plan.standard.erase("keyUsage");
  EXPECT_THAT(VerifyLeaf(plan), Refuses(Reason::kUntrustedCertificate, "digitalSignature"));
}

TEST(ChainTest, ALeafThatIsNotForCode) {
  CertificatePlan plan = LeafPlan();
  for (const char* usage : {"serverAuth", "timeStamping", "anyExtendedKeyUsage", "1.2.3.4"}) {
    plan.standard["extendedKeyUsage"] = usage;
    EXPECT_THAT(VerifyLeaf(plan), Refuses(Reason::kUntrustedCertificate, "codeSigning"));
  }
  plan.standard.erase("extendedKeyUsage");
  EXPECT_THAT(VerifyLeaf(plan), Refuses(Reason::kUntrustedCertificate, "codeSigning"));
}

TEST(ChainTest, APreCertificate) {
  CertificatePlan plan = LeafPlan();
  for (const bool critical : {false, true}) {
    plan.raw.push_back({"1.3.6.1.4.1.11129.2.4.3", {0x05, 0x00}, critical});
    EXPECT_THAT(VerifyLeaf(plan), Refuses(Reason::kUntrustedCertificate, "pre-certificate"));
    plan.raw.pop_back();
  }
}

TEST(ChainTest, AnUnknownExtensionThatIsCritical) {
  CertificatePlan plan = LeafPlan();
  plan.raw.push_back({"1.2.3.4", {0x05, 0x00}, false});
  EXPECT_THAT(VerifyLeaf(plan), IsOk());
  plan.raw.back().critical = true;
  EXPECT_THAT(VerifyLeaf(plan), Refuses(Reason::kUntrustedCertificate, "critical extension"));
  CertificatePlan intermediate = IntermediatePlan();
  intermediate.raw.push_back({"1.2.3.4", {0x05, 0x00}, true});
  EXPECT_THAT(VerifyUnder(RootPlan(), intermediate),
              Refuses(Reason::kUntrustedCertificate, "critical extension"));
}

// --- What the authorities may do.

TEST(ChainTest, AnIntermediateThatIsNotForCode) {
  CertificatePlan intermediate = IntermediatePlan();
  intermediate.standard["extendedKeyUsage"] = "serverAuth";
  EXPECT_THAT(VerifyUnder(RootPlan(), intermediate),
              Refuses(Reason::kUntrustedCertificate, "not for code signing"));
  intermediate.standard["extendedKeyUsage"] = "anyExtendedKeyUsage";
  EXPECT_THAT(VerifyUnder(RootPlan(), intermediate), IsOk());
  intermediate.standard.erase("extendedKeyUsage");
  EXPECT_THAT(VerifyUnder(RootPlan(), intermediate), IsOk());
  CertificatePlan root = RootPlan();
  root.standard["extendedKeyUsage"] = "timeStamping";
  EXPECT_THAT(VerifyUnder(root, IntermediatePlan()),
              Refuses(Reason::kUntrustedCertificate, "not for code signing"));
}

TEST(ChainTest, AnIntermediateThatIsNoAuthority) {
  CertificatePlan intermediate = IntermediatePlan();
  intermediate.standard["basicConstraints"] = "critical,CA:FALSE";
  EXPECT_THAT(VerifyUnder(RootPlan(), intermediate), FailsWith(Reason::kUntrustedCertificate));
  intermediate.standard.erase("basicConstraints");
  EXPECT_THAT(VerifyUnder(RootPlan(), intermediate), FailsWith(Reason::kUntrustedCertificate));
}

TEST(ChainTest, AnIntermediateThatMayNotSignCertificates) {
  CertificatePlan intermediate = IntermediatePlan();
  intermediate.standard["keyUsage"] = "critical,digitalSignature";
  EXPECT_THAT(VerifyUnder(RootPlan(), intermediate), FailsWith(Reason::kUntrustedCertificate));
}

TEST(ChainTest, APathThatIsTooLong) {
  CertificatePlan root = RootPlan();
  root.standard["basicConstraints"] = "critical,CA:TRUE,pathlen:0";
  EXPECT_THAT(VerifyUnder(root, IntermediatePlan()),
              Refuses(Reason::kUntrustedCertificate, "path length"));
}

TEST(ChainTest, ANameThatTheAuthorityMayNotGive) {
  CertificatePlan root = RootPlan();
  root.standard["nameConstraints"] = "critical,permitted;email:example.com";
  CertificatePlan leaf = LeafPlan();
  leaf.raw[0] = sigward::testing::SubjectAltNames({sigward::testing::EmailName("a@example.com")});
  EXPECT_THAT(VerifyUnder(root, IntermediatePlan(), leaf), IsOk());
  leaf.raw[0] = sigward::testing::SubjectAltNames({sigward::testing::EmailName("a@example.org")});
  EXPECT_THAT(VerifyUnder(root, IntermediatePlan(), leaf),
              Refuses(Reason::kUntrustedCertificate, "permitted subtree"));
  root.standard["nameConstraints"] = "critical,excluded;URI:github.com";
  EXPECT_THAT(VerifyUnder(root, IntermediatePlan()),
              Refuses(Reason::kUntrustedCertificate, "excluded subtree"));
}

TEST(ChainTest, APolicyThatTheAuthorityDemands) {
  // certificatePolicies of 1.2.3.4.
  const sigward::testing::RawExtension policies = {
      "2.5.29.32", {0x30, 0x07, 0x30, 0x05, 0x06, 0x03, 0x2a, 0x03, 0x04}, false};
  CertificatePlan intermediate = IntermediatePlan();
  intermediate.standard["policyConstraints"] = "critical,requireExplicitPolicy:0";
  // Where it has none itself, OpenSSL 3.0 forgets to free the constraints.
  intermediate.raw.push_back(policies);
  EXPECT_THAT(VerifyUnder(RootPlan(), intermediate),
              Refuses(Reason::kUntrustedCertificate, "policy"));
  CertificatePlan leaf = LeafPlan();
  leaf.raw.push_back(policies);
  EXPECT_THAT(VerifyUnder(RootPlan(), intermediate, leaf), IsOk());
}

TEST(ChainTest, ASignatureWithSha1) {
  CertificatePlan leaf = LeafPlan();
  leaf.digest = "SHA1";
  EXPECT_THAT(VerifyLeaf(leaf), FailsWith(Reason::kUntrustedCertificate));
  CertificatePlan intermediate = IntermediatePlan();
  intermediate.digest = "SHA1";
  EXPECT_THAT(VerifyUnder(RootPlan(), intermediate), FailsWith(Reason::kUntrustedCertificate));
}

TEST(ChainTest, AnIntermediateWithAShortKey) {
  const TestKey short_key = TestKey::Rsa(1024);
  const Certificate intermediate = ParseCertificate(
      MakeCertificate(IntermediatePlan(), short_key, &Shared().root(), Shared().root_key()));
  const Certificate leaf = ParseCertificate(
      MakeCertificate(LeafPlan(), TestKey::Shared(KeyType::kEcdsaP256), &intermediate, short_key));
  EXPECT_THAT(Verify(leaf, {Shared().trusted()}, {intermediate}),
              FailsWith(Reason::kUntrustedCertificate));
}

// --- Bounds.

/// A leaf below as many authorities as LENGTH says, anchor included.
base::Result<VerifiedChain> VerifyLongChain(std::size_t length) {
  const TestKey& key = TestKey::Shared(KeyType::kEcdsaP256);
  CertificatePlan plan = RootPlan();
  plan.standard["basicConstraints"] = "critical,CA:TRUE";
  std::vector<Certificate> made = {ParseCertificate(MakeCertificate(plan, key, nullptr, key))};
  while (made.size() < length) {
    plan.subject = "authority " + std::to_string(made.size());
    made.push_back(ParseCertificate(MakeCertificate(plan, key, &made.back(), key)));
  }
  const Certificate leaf = ParseCertificate(MakeCertificate(LeafPlan(), key, &made.back(), key));
  CertificateAuthority authority;
  authority.chain = {made.front()};
  return Verify(leaf, {authority}, {made.begin() + 1, made.end()});
}

TEST(ChainTest, AChainOfTheGreatestLength) {
  EXPECT_THAT(VerifyLongChain(kMaxChainLength), IsOk());
  EXPECT_THAT(VerifyLongChain(kMaxChainLength + 1), FailsWith(Reason::kUntrustedCertificate));
}

TEST(ChainTest, AsManyIntermediatesAndTimesAsThereMayBe) {
  const Certificate leaf = Shared().Issue(LeafPlan());
  std::vector<Certificate> intermediates(kMaxEvidenceIntermediates, Shared().intermediate());
  std::vector<Time> times(kMaxTrustedTimes, kSigningTime);
  EXPECT_THAT(Verify(leaf, {Shared().trusted()}, intermediates, times), IsOk());
  times.push_back(kSigningTime);
  EXPECT_THAT(Verify(leaf, {Shared().trusted()}, intermediates, times),
              FailsWith(Reason::kTooLarge));
  times.pop_back();
  intermediates.push_back(Shared().intermediate());
  EXPECT_THAT(Verify(leaf, {Shared().trusted()}, intermediates, times),
              FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::verifier
