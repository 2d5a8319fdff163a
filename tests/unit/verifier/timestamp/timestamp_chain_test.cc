// Each test makes one certificate of a good time stamp authority wrong.

#include "verifier/timestamp/timestamp_chain.h"

#include <gtest/gtest.h>

#include <chrono>

#include "timestamp_fixture.h"

namespace sigward::verifier {
namespace {

base::Result<std::vector<Certificate>> FollowAlone(const Certificate& signer,
                                                   const std::vector<Certificate>& carried,
                                                   const CertificateAuthority& authority,
                                                   Time time) {
  ChainMemory memory;
  StampChecks checks(memory);
  return FollowTimestampChain(signer, carried, authority, time, checks);
}

using base::Reason;
using sigward::testing::CertificatePlan;
using sigward::testing::Certified;
using sigward::testing::IsOk;
using sigward::testing::Refuses;
using sigward::testing::TestKey;
using sigward::testing::TimestampAuthority;
using std::chrono::seconds;

const Time kNow = TimestampAuthority::kNow;

/// A chain whose certificates are made by these plans, with the leaf in it.
struct Chain {
  CertificatePlan root = TimestampAuthority::RootPlan();
  CertificatePlan intermediate = TimestampAuthority::IntermediatePlan();
  CertificatePlan leaf = TimestampAuthority::LeafPlan();

  base::Result<std::vector<Certificate>> Follow(Time time = kNow) const {
    const Certified made_root = Certify(root, TestKey::Shared(KeyType::kEcdsaP384), nullptr);
    const Certified made_intermediate = Certify(intermediate, TestKey::Stranger(), &made_root);
    const Certified made_leaf =
        Certify(leaf, TestKey::Shared(KeyType::kEcdsaP256), &made_intermediate);
    const CertificateAuthority authority = {
        "", {made_leaf.certificate, made_intermediate.certificate, made_root.certificate}, {}, ""};
    return FollowAlone(made_leaf.certificate, {}, authority, time);
  }
};

TEST(TimestampChainTest, LeadsFromTheSignerToTheAnchor) {
  const auto way = Chain().Follow();
  ASSERT_THAT(way, IsOk());
  EXPECT_EQ(way->size(), 3U);
}

TEST(TimestampChainTest, EveryCertificateIsValidAtThatTime) {
  for (CertificatePlan Chain::*which : {&Chain::leaf, &Chain::intermediate, &Chain::root}) {
    Chain chain;
    (chain.*which).validity = {kNow, kNow};
    EXPECT_THAT(chain.Follow(), IsOk());
    EXPECT_THAT(chain.Follow(kNow - seconds(1)), Refuses(Reason::kExpired, "not yet valid"));
    EXPECT_THAT(chain.Follow(kNow + seconds(1)), Refuses(Reason::kExpired, "expired"));
  }
}

TEST(TimestampChainTest, TheSignerIsNoAuthority) {
  Chain chain;
  chain.leaf.standard["basicConstraints"] = "critical,CA:FALSE";
  EXPECT_THAT(chain.Follow(), IsOk());
  chain.leaf.standard["basicConstraints"] = "critical,CA:TRUE";
  EXPECT_THAT(chain.Follow(), Refuses(Reason::kUntrustedCertificate, "is an authority's"));
  chain.leaf.standard["basicConstraints"] = "";
  chain.leaf.standard["keyUsage"] = "critical,digitalSignature,keyCertSign";
  EXPECT_THAT(chain.Follow(), Refuses(Reason::kUntrustedCertificate, "is an authority's"));
}

TEST(TimestampChainTest, TheSignerIsForTimeStampingAlone) {
  Chain chain;
  for (const char* uses :
       {"", "critical,codeSigning", "critical,timeStamping,codeSigning",
        "critical,timeStamping,1.3.6.1.4.1.99999.2", "critical,anyExtendedKeyUsage"}) {
    chain.leaf.standard["extendedKeyUsage"] = uses;
    EXPECT_THAT(chain.Follow(), Refuses(Reason::kUntrustedCertificate, "time stamping alone"))
        << uses;
  }
  chain.leaf.standard["extendedKeyUsage"] = "timeStamping";
  EXPECT_THAT(chain.Follow(), Refuses(Reason::kUntrustedCertificate, "critically"));
}

TEST(TimestampChainTest, TheSignersKeyIsForSignatures) {
  Chain chain;
  chain.leaf.standard["keyUsage"] = "critical,keyAgreement";
  EXPECT_THAT(chain.Follow(), Refuses(Reason::kUntrustedCertificate, "purpose"));
  chain.leaf.standard["keyUsage"] = "critical,digitalSignature,keyEncipherment";
  EXPECT_THAT(chain.Follow(), Refuses(Reason::kUntrustedCertificate, "purpose"));
}

TEST(TimestampChainTest, AuthoritiesAreForTimeStampingWhereTheySayWhatTheyAreFor) {
  for (CertificatePlan Chain::*which : {&Chain::intermediate, &Chain::root}) {
    Chain chain;
    for (const char* uses :
         {"", "timeStamping", "codeSigning,timeStamping", "anyExtendedKeyUsage"}) {
      (chain.*which).standard["extendedKeyUsage"] = uses;
      EXPECT_THAT(chain.Follow(), IsOk()) << uses;
    }
    (chain.*which).standard["extendedKeyUsage"] = "codeSigning";
    EXPECT_THAT(chain.Follow(), Refuses(Reason::kUntrustedCertificate, "on the way"));
  }
}

TEST(TimestampChainTest, AuthoritiesMayIssue) {
  Chain chain;
  chain.intermediate.standard["basicConstraints"] = "critical,CA:FALSE";
  EXPECT_THAT(chain.Follow(), Refuses(Reason::kUntrustedCertificate, "invalid CA"));
  chain.intermediate.standard["basicConstraints"] = "critical,CA:TRUE";
  chain.intermediate.standard["keyUsage"] = "critical,digitalSignature";
  EXPECT_THAT(chain.Follow(), sigward::testing::FailsWith(Reason::kUntrustedCertificate));
  chain = Chain();
  chain.root.standard["basicConstraints"] = "critical,CA:TRUE,pathlen:0";
  EXPECT_THAT(chain.Follow(), Refuses(Reason::kUntrustedCertificate, "path length"));
}

TEST(TimestampChainTest, UnknownCriticalExtensionsAreRefused) {
  for (CertificatePlan Chain::*which : {&Chain::leaf, &Chain::intermediate, &Chain::root}) {
    Chain chain;
    (chain.*which).raw.push_back({"1.3.6.1.4.1.99999.1", {}, true});
    EXPECT_THAT(chain.Follow(), Refuses(Reason::kUntrustedCertificate, "critical extension"));
  }
}

TEST(TimestampChainTest, Sha1IsRefusedExceptOnTheAnchorWhoseSignatureSaysNothing) {
  for (CertificatePlan Chain::*which : {&Chain::leaf, &Chain::intermediate}) {
    Chain chain;
    (chain.*which).digest = "SHA1";
    EXPECT_THAT(chain.Follow(), Refuses(Reason::kUntrustedCertificate, "too weak"));
  }
}

TEST(TimestampChainTest, TheAnchorMayBeAnIntermediateOrTheSignerItself) {
  const TimestampAuthority tsa;
  CertificateAuthority authority = tsa.Trusted();
  authority.chain.pop_back();
  EXPECT_THAT(FollowAlone(tsa.leaf().certificate, {}, authority, kNow), IsOk());
  authority.chain.pop_back();
  EXPECT_THAT(FollowAlone(tsa.leaf().certificate, {}, authority, kNow), IsOk());
  EXPECT_THAT(FollowAlone(tsa.leaf().certificate, {}, authority, kNow + std::chrono::days(101)),
              Refuses(Reason::kExpired, "expired"));
}

TEST(TimestampChainTest, WhatIsCarriedIsNoAnchor) {
  const TimestampAuthority tsa;
  const TimestampAuthority stranger;
  const std::vector<Certificate> carried = {stranger.intermediate().certificate,
                                            stranger.root().certificate};
  EXPECT_THAT(FollowAlone(stranger.leaf().certificate, carried, tsa.TrustedWithoutLeaf(), kNow),
              sigward::testing::FailsWith(Reason::kUntrustedCertificate));
}

TEST(TimestampChainTest, AnIssuerOfTheSameNameIsNotTheIssuer) {
  const TimestampAuthority tsa;
  const TimestampAuthority stranger;
  CertificateAuthority authority = tsa.Trusted();
  authority.chain[1] = stranger.intermediate().certificate;
  EXPECT_THAT(FollowAlone(tsa.leaf().certificate, {}, authority, kNow),
              sigward::testing::FailsWith(Reason::kUntrustedCertificate));
}

}  // namespace
}  // namespace sigward::verifier
