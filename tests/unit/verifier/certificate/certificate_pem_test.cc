#include "verifier/certificate/certificate_pem.h"

#include <gtest/gtest.h>

#include <string>

#include "private_sigstore/certificate_authority.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::PemOf;
using sigward::testing::PrivateAuthority;
using sigward::testing::TestKey;

const PrivateAuthority& Authority() {
  static const PrivateAuthority authority;
  return authority;
}

std::string Root() {
  return PemOf("CERTIFICATE", Authority().root().der());
}

std::string Intermediate() {
  return PemOf("CERTIFICATE", Authority().intermediate().der());
}

TEST(CertificatePemTest, ReadsAChainInItsOrder) {
  const auto chain = ParseCertificatesPem("\n" + Intermediate() + "\r\n \n" + Root() + "\n\n");
  ASSERT_THAT(chain, IsOk());
  ASSERT_EQ(chain->size(), 2U);
  EXPECT_EQ(base::AsText((*chain)[0].der()), base::AsText(Authority().intermediate().der()));
  EXPECT_EQ(base::AsText((*chain)[1].der()), base::AsText(Authority().root().der()));
}

TEST(CertificatePemTest, NothingElseStandsBesideTheBlocks) {
  for (const std::string& text :
       {std::string(), std::string(" \n"), "subject=CN = x\n" + Root(),
        Intermediate() + "text between\n" + Root(), Root() + "text behind",
        Root() + "-----BEGIN CERTIFICATE-----\n", Root() + TestKey::Stranger().public_pem(),
        TestKey::Stranger().public_pem() + Root(),
        PemOf("TRUSTED CERTIFICATE", Authority().root().der()),
        PemOf("CERTIFICATE", base::AsBytes("no certificate"))}) {
    EXPECT_THAT(ParseCertificatesPem(text), FailsWith(Reason::kMalformed)) << text;
  }
}

TEST(CertificatePemTest, AsManyAsThereMayBe) {
  std::string text;
  for (std::size_t i = 0; i < kMaxPemCertificates; ++i) {
    text += Root();
  }
  EXPECT_EQ(ParseCertificatesPem(text)->size(), kMaxPemCertificates);
  EXPECT_THAT(ParseCertificatesPem(text + Root()), FailsWith(Reason::kTooLarge));
}

TEST(CertificatePemTest, ATextOfTheGreatestLength) {
  std::string text = Root();
  text.resize(kMaxCertificatePem, '\n');
  EXPECT_THAT(ParseCertificatesPem(text), IsOk());
  EXPECT_THAT(ParseCertificatesPem(text + "\n"), FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::verifier
