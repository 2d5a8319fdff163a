#include "verifier/certificate/chain_memory.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "private_sigstore/certificate_authority.h"
#include "result_matchers.h"
#include "verifier/certificate/chain.h"

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
using sigward::testing::RootPlan;
using sigward::testing::TestKey;

using namespace std::chrono_literals;

const std::vector<Time> kTimes = {kSigningTime};

TEST(ChainMemoryTest, RemembersWhatWasVerifiedButNoLeaf) {
  const PrivateAuthority authority;
  const std::vector<CertificateAuthority> trusted = {authority.trusted()};
  ChainMemory memory;
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(VerifyChain(authority.Issue(LeafPlan()), {}, trusted, kTimes, memory), IsOk());
    EXPECT_EQ(memory.size(), 1U);
  }
  EXPECT_TRUE(memory.Knows(authority.intermediate(), authority.root()));
}

TEST(ChainMemoryTest, WhatIsRememberedIsNotVerifiedAgain) {
  const PrivateAuthority authority;
  const PrivateAuthority other;
  // The root did not sign this one; that it did is what the memory is told.
  const Certificate forged = ParseCertificate(MakeCertificate(
      IntermediatePlan(), authority.intermediate_key(), &authority.root(), other.root_key()));
  std::vector<CertificateAuthority> trusted = {authority.trusted()};
  trusted[0].chain[0] = forged;
  const Certificate leaf = authority.Issue(LeafPlan());
  ChainMemory memory;
  EXPECT_THAT(VerifyChain(leaf, {}, trusted, kTimes, memory),
              FailsWith(Reason::kUntrustedCertificate));
  EXPECT_EQ(memory.size(), 0U);
  memory.Remember(forged, authority.root());
  EXPECT_THAT(VerifyChain(leaf, {}, trusted, kTimes, memory), IsOk());
}

TEST(ChainMemoryTest, ALeafsOwnSignatureIsAlwaysVerified) {
  const PrivateAuthority authority;
  const PrivateAuthority other;
  CertificatePlan plan = LeafPlan();
  plan.standard.erase("authorityKeyIdentifier");
  const Certificate leaf = other.Issue(plan);
  ChainMemory memory;
  memory.Remember(leaf, authority.intermediate());
  EXPECT_THAT(VerifyChain(leaf, {}, std::vector{authority.trusted()}, kTimes, memory),
              FailsWith(Reason::kUntrustedCertificate));
}

TEST(ChainMemoryTest, WindowsAndRulesAreJudgedAnew) {
  const PrivateAuthority authority;
  std::vector<CertificateAuthority> trusted = {authority.trusted()};
  ChainMemory memory;
  const Certificate leaf = authority.Issue(LeafPlan());
  ASSERT_THAT(VerifyChain(leaf, {}, trusted, kTimes, memory), IsOk());
  trusted[0].validity.end = kSigningTime - 1s;
  EXPECT_THAT(VerifyChain(leaf, {}, trusted, kTimes, memory), FailsWith(Reason::kExpired));
  const std::vector<Time> later = {kSigningTime + std::chrono::months(2)};
  CertificatePlan plan = LeafPlan();
  plan.validity.end = later[0];
  trusted[0].validity = {};
  EXPECT_THAT(VerifyChain(authority.Issue(plan), {}, trusted, later, memory),
              FailsWith(Reason::kExpired));
  // A link says nothing about another root.
  const PrivateAuthority other;
  EXPECT_THAT(VerifyChain(leaf, {}, std::vector{other.trusted()}, kTimes, memory),
              FailsWith(Reason::kUntrustedCertificate));
}

TEST(ChainMemoryTest, AChainThatIsRefusedLeavesNothing) {
  CertificatePlan intermediate = IntermediatePlan();
  intermediate.standard["extendedKeyUsage"] = "serverAuth";
  const PrivateAuthority authority(RootPlan(), intermediate);
  ChainMemory memory;
  EXPECT_THAT(VerifyChain(authority.Issue(LeafPlan()), {}, std::vector{authority.trusted()}, kTimes,
                          memory),
              FailsWith(Reason::kUntrustedCertificate));
  EXPECT_EQ(memory.size(), 0U);
}

TEST(ChainMemoryTest, LearnsAnAuthorityAhead) {
  const PrivateAuthority authority;
  ChainMemory memory;
  EXPECT_THAT(memory.Learn(authority.trusted()), IsOk());
  EXPECT_TRUE(memory.Knows(authority.intermediate(), authority.root()));
  EXPECT_FALSE(memory.Knows(authority.root(), authority.intermediate()));
  EXPECT_THAT(memory.Learn(authority.trusted()), IsOk());
  EXPECT_EQ(memory.size(), 1U);
}

TEST(ChainMemoryTest, LearnsNothingThatIsNotSigned) {
  const PrivateAuthority authority;
  const PrivateAuthority other;
  CertificateAuthority mixed = authority.trusted();
  mixed.chain[1] = other.root();
  ChainMemory memory;
  EXPECT_THAT(memory.Learn(mixed), FailsWith(Reason::kUntrustedCertificate));
  EXPECT_EQ(memory.size(), 0U);
}

TEST(ChainMemoryTest, ForgetsTheOldestBeyondItsBound) {
  const TestKey& key = TestKey::Shared(KeyType::kEcdsaP256);
  const Certificate root = ParseCertificate(MakeCertificate(RootPlan(), key, nullptr, key));
  std::vector<Certificate> made;
  ChainMemory memory;
  for (std::size_t i = 0; i < kMaxRememberedLinks; ++i) {
    made.push_back(ParseCertificate(MakeCertificate(IntermediatePlan(), key, &root, key)));
    memory.Remember(made.back(), root);
    memory.Remember(made.back(), root);
  }
  EXPECT_EQ(memory.size(), kMaxRememberedLinks);
  EXPECT_TRUE(memory.Knows(made.front(), root));
  for (int i = 0; i < 2; ++i) {
    made.push_back(ParseCertificate(MakeCertificate(IntermediatePlan(), key, &root, key)));
    memory.Remember(made.back(), root);
    EXPECT_EQ(memory.size(), kMaxRememberedLinks);
  }
  EXPECT_TRUE(memory.Knows(made[kMaxRememberedLinks], root));
  EXPECT_TRUE(memory.Knows(made[kMaxRememberedLinks + 1], root));
  EXPECT_FALSE(memory.Knows(made[0], root));
  EXPECT_FALSE(memory.Knows(made[1], root));
  EXPECT_TRUE(memory.Knows(made[2], root));
}

}  // namespace
}  // namespace sigward::verifier
