#include "verifier/certificate/certificate_signature.h"

#include <gtest/gtest.h>

#include <string>

#include "private_sigstore/certificate_authority.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::CertificatePlan;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::LeafPlan;
using sigward::testing::MakeCertificate;
using sigward::testing::ParseCertificate;
using sigward::testing::PrivateAuthority;
using sigward::testing::RootPlan;
using sigward::testing::TestKey;

/// Whether an issuer that was made to PLAN may have issued what its key signed.
base::Status VerifyBy(const CertificatePlan& plan) {
  const TestKey& key = TestKey::Shared(KeyType::kEcdsaP384);
  const Certificate issuer = ParseCertificate(MakeCertificate(plan, key, nullptr, key));
  const Certificate subject = ParseCertificate(
      MakeCertificate(LeafPlan(), TestKey::Shared(KeyType::kEcdsaP256), &issuer, key));
  return VerifyIssued(subject, issuer);
}

TEST(CertificateSignatureTest, TheIssuersKeySigned) {
  const PrivateAuthority authority;
  const PrivateAuthority other;
  EXPECT_THAT(VerifyIssued(authority.intermediate(), authority.root()), IsOk());
  EXPECT_THAT(VerifyIssued(authority.root(), authority.root()), IsOk());
  EXPECT_THAT(VerifyIssued(authority.intermediate(), other.root()),
              FailsWith(Reason::kUntrustedCertificate));
  EXPECT_THAT(VerifyIssued(authority.root(), authority.intermediate()),
              FailsWith(Reason::kUntrustedCertificate));
}

TEST(CertificateSignatureTest, EveryBitOfTheSignature) {
  const PrivateAuthority authority;
  base::ByteBuffer der(authority.intermediate().der().begin(),
                       authority.intermediate().der().end());
  der.back() ^= 1;
  EXPECT_THAT(VerifyIssued(ParseCertificate(der), authority.root()),
              FailsWith(Reason::kUntrustedCertificate));
}

TEST(CertificateSignatureTest, TheIssuerIsAnAuthority) {
  CertificatePlan plan = RootPlan();
  EXPECT_THAT(VerifyBy(plan), IsOk());
  plan.standard.erase("keyUsage");
  EXPECT_THAT(VerifyBy(plan), IsOk());
  for (const char* usage : {"digitalSignature", "cRLSign"}) {
    plan.standard["keyUsage"] = usage;
    EXPECT_THAT(VerifyBy(plan), FailsWith(Reason::kUntrustedCertificate)) << usage;
  }
  plan = RootPlan();
  plan.standard["basicConstraints"] = "critical,CA:FALSE";
  EXPECT_THAT(VerifyBy(plan), FailsWith(Reason::kUntrustedCertificate));
  // OpenSSL alone would guess from the key usage.
  plan.standard.erase("basicConstraints");
  EXPECT_THAT(VerifyBy(plan), FailsWith(Reason::kUntrustedCertificate));
}

}  // namespace
}  // namespace sigward::verifier
