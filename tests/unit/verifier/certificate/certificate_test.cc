#include "verifier/certificate/certificate.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <chrono>
#include <string>
#include <string_view>

#include "private_sigstore/certificate_authority.h"
#include "private_sigstore/der_writer.h"
#include "result_matchers.h"
#include "verifier/certificate/certificate_der.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Reason;
using sigward::testing::CertificatePlan;
using sigward::testing::Element;
using sigward::testing::FailsWith;
using sigward::testing::FulcioExtension;
using sigward::testing::IsOk;
using sigward::testing::IsOkAndHolds;
using sigward::testing::Joined;
using sigward::testing::kSigningTime;
using sigward::testing::LeafPlan;
using sigward::testing::MakeCertificate;
using sigward::testing::PrivateAuthority;
using sigward::testing::RootPlan;
using sigward::testing::TestKey;

ByteBuffer Make(const CertificatePlan& plan,
                const TestKey& key = TestKey::Shared(KeyType::kEcdsaP256)) {
  return MakeCertificate(plan, key, nullptr, key);
}

TEST(CertificateTest, SaysWhatStandsInIt) {
  const PrivateAuthority authority;
  const TestKey& key = TestKey::Shared(KeyType::kEcdsaP256);
  const Certificate leaf = authority.Issue(LeafPlan(), key);
  EXPECT_EQ(ByteBuffer(leaf.spki().begin(), leaf.spki().end()), key.spki());
  EXPECT_EQ(leaf.validity().start, kSigningTime - std::chrono::minutes(1));
  EXPECT_EQ(leaf.validity().end, kSigningTime + std::chrono::minutes(9));
  EXPECT_EQ(base::AsText(leaf.issuer()), base::AsText(authority.intermediate().subject()));
  EXPECT_EQ(leaf.extensions().size(), 7U);
  using namespace std::string_view_literals;
  const Extension* usage = leaf.FindExtension("\x55\x1d\x0f"sv);
  ASSERT_NE(usage, nullptr);
  EXPECT_TRUE(usage->critical);
  EXPECT_EQ(ByteBuffer(usage->value.begin(), usage->value.end()), ByteBuffer({3, 2, 7, 0x80}));
  EXPECT_EQ(leaf.FindExtension("\x55\x1d\x10"sv), nullptr);
}

TEST(CertificateTest, OutlivesWhatItWasParsedFrom) {
  ByteBuffer der = Make(LeafPlan());
  const ByteBuffer copy = der;
  const base::Result<Certificate> certificate = Certificate::Parse(der);
  ASSERT_THAT(certificate, IsOk());
  std::fill(der.begin(), der.end(), std::uint8_t{0});
  EXPECT_EQ(ByteBuffer(certificate->der().begin(), certificate->der().end()), copy);
  EXPECT_EQ(certificate->Key()->type(), KeyType::kEcdsaP256);
}

TEST(CertificateTest, KeysAreHeldToWhatPublicKeyTakes) {
  const auto key_of = [](const TestKey& key) {
    const base::Result<Certificate> certificate = Certificate::Parse(Make(LeafPlan(), key));
    EXPECT_THAT(certificate, IsOk());
    return certificate->Key();
  };
  EXPECT_THAT(key_of(TestKey::Rsa(1024)), FailsWith(Reason::kWeakKey));
  EXPECT_THAT(key_of(TestKey::Ec("P-224")), FailsWith(Reason::kUnsupportedAlgorithm));
}

TEST(CertificateTest, NothingStandsBesideIt) {
  const ByteBuffer der = Make(LeafPlan());
  EXPECT_THAT(Certificate::Parse(der), IsOk());
  EXPECT_THAT(Certificate::Parse(Joined({der, ByteBuffer{0}})), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Certificate::Parse(Joined({der, der})), FailsWith(Reason::kMalformed));
  // Not by OpenSSL's word alone.
  const ByteBuffer longer = Joined({der, ByteBuffer{0}});
  EXPECT_THAT(ReadCertificateDer(longer), FailsWith(Reason::kMalformed));
  for (std::size_t size = 0; size < der.size(); ++size) {
    EXPECT_THAT(Certificate::Parse(base::ByteView(der).first(size)), FailsWith(Reason::kMalformed));
  }
}

TEST(CertificateTest, AnExtensionThatStandsTwice) {
  CertificatePlan plan = LeafPlan();
  plan.raw.push_back(plan.raw[1]);
  const auto certificate = Certificate::Parse(Make(plan));
  ASSERT_THAT(certificate, FailsWith(Reason::kMalformed));
  EXPECT_NE(certificate.error().detail.find("stands twice"), std::string::npos);
}

TEST(CertificateTest, AnExtensionThatOpenSslCannotRead) {
  CertificatePlan plan = LeafPlan();
  plan.standard.erase("keyUsage");
  plan.raw.push_back({"2.5.29.15", {0x05, 0x00}, true});
  EXPECT_THAT(Certificate::Parse(Make(plan)), FailsWith(Reason::kMalformed));
}

TEST(CertificateTest, AsManyExtensionsAsThereMayBe) {
  CertificatePlan plan = LeafPlan();
  while (plan.raw.size() + plan.standard.size() < kMaxExtensions) {
    plan.raw.push_back({"1.2.3." + std::to_string(plan.raw.size()), {}, false});
  }
  const auto certificate = Certificate::Parse(Make(plan));
  ASSERT_THAT(certificate, IsOk());
  EXPECT_EQ(certificate->extensions().size(), kMaxExtensions);
  plan.raw.push_back({"1.2.4", {}, false});
  EXPECT_THAT(Certificate::Parse(Make(plan)), FailsWith(Reason::kTooLarge));
}

TEST(CertificateTest, ACertificateOfTheGreatestLength) {
  CertificatePlan plan = LeafPlan();
  plan.raw.push_back({"1.2.3.4", ByteBuffer(kMaxCertificateBytes - 2000), false});
  // A key whose signatures have one length, so that the padding can be worked out.
  const TestKey& key = TestKey::Shared(KeyType::kEd25519);
  const std::size_t size = Make(plan, key).size();
  plan.raw.back().value.resize(plan.raw.back().value.size() + kMaxCertificateBytes - size);
  const ByteBuffer longest = Make(plan, key);
  ASSERT_EQ(longest.size(), kMaxCertificateBytes);
  EXPECT_THAT(Certificate::Parse(longest), IsOk());
  plan.raw.back().value.push_back(0);
  EXPECT_THAT(Certificate::Parse(Make(plan, key)), FailsWith(Reason::kTooLarge));
}

TEST(CertificateTest, IsOfVersion3) {
  using namespace std::string_view_literals;
  const ByteBuffer der = Make(LeafPlan());
  const std::string text(base::AsText(der));
  const std::size_t at = text.find("\xa0\x03\x02\x01\x02"sv);
  ASSERT_NE(at, std::string::npos);
  ByteBuffer version2 = der;
  version2[at + 4] = 1;
  EXPECT_THAT(Certificate::Parse(version2), FailsWith(Reason::kMalformed));
}

TEST(CertificateTest, TimesInTheFormsOfRfc5280) {
  const auto time = [](DerTag tag, std::string_view text) {
    return ReadCertificateTime(
        {static_cast<std::uint8_t>(tag), base::AsBytes(text), base::AsBytes(text)});
  };
  using std::chrono::sys_days;
  using namespace std::chrono_literals;
  EXPECT_THAT(time(DerTag::kUtcTime, "700101000001Z"), IsOkAndHolds(Time(1s)));
  EXPECT_THAT(time(DerTag::kUtcTime, "491231235959Z"),
              IsOkAndHolds(Time(sys_days(2050y / 1 / 1)) - 1s));
  EXPECT_THAT(time(DerTag::kUtcTime, "500101000000Z"), IsOkAndHolds(Time(sys_days(1950y / 1 / 1))));
  EXPECT_THAT(time(DerTag::kGeneralizedTime, "99991231235959Z"),
              IsOkAndHolds(Time(sys_days(9999y / 12 / 31)) + 24h - 1s));
  EXPECT_THAT(time(DerTag::kUtcTime, "240229000000Z"),
              IsOkAndHolds(Time(sys_days(2024y / 2 / 29))));
  for (const char* text :
       {"", "Z", "230229000000Z", "231301000000Z", "230001000000Z", "230100000000Z",
        "230132000000Z", "230101240000Z", "230101006000Z", "230101000060Z", "2301010000Z",
        "230101000000", "230101000000+0000", "230101000000z", "23010100000 Z", "-30101000000Z",
        "2301010000001Z", "20230101000000Z"}) {
    EXPECT_THAT(time(DerTag::kUtcTime, text), FailsWith(Reason::kMalformed)) << text;
  }
  for (const char* text : {"20230101000000.5Z", "230101000000Z", "2023010100000Z",
                           "-0230101000000Z", "2x230101000000Z", "20230101000000"}) {
    EXPECT_THAT(time(DerTag::kGeneralizedTime, text), FailsWith(Reason::kMalformed)) << text;
  }
  EXPECT_THAT(time(DerTag::kUtf8String, "230101000000Z"), FailsWith(Reason::kMalformed));
}

TEST(CertificateTest, TheTbsWithoutOneExtensionIsWhatOpenSslWrites) {
  const auto certificate = Certificate::Parse(Make(LeafPlan()));
  ASSERT_THAT(certificate, IsOk());
  for (int at = 0; at < X509_get_ext_count(certificate->x509()); ++at) {
    X509* copy = X509_dup(certificate->x509());
    X509_EXTENSION_free(X509_delete_ext(copy, at));
    unsigned char* der = nullptr;
    const int size = i2d_re_X509_tbs(copy, &der);
    const base::ByteView oid = certificate->extensions()[static_cast<std::size_t>(at)].oid;
    EXPECT_EQ(certificate->TbsWithout(base::AsText(oid)), ByteBuffer(der, der + size));
    OPENSSL_free(der);
    X509_free(copy);
  }
}

TEST(CertificateTest, TheOnlyExtensionLeftOutLeavesNoEmptyList) {
  CertificatePlan plan = RootPlan();
  plan.standard = {{"basicConstraints", "critical,CA:TRUE"}};
  const auto certificate = Certificate::Parse(Make(plan));
  ASSERT_THAT(certificate, IsOk());
  const ByteBuffer tbs = certificate->TbsWithout(base::AsText(certificate->extensions()[0].oid));
  DerReader reader(tbs);
  DerReader contents(*reader.Read(DerTag::kSequence));
  while (!contents.AtEnd()) {
    const auto item = contents.ReadAny();
    ASSERT_THAT(item, IsOk());
    EXPECT_FALSE(item->Is(DerTag::kContext3));
  }
}

}  // namespace
}  // namespace sigward::verifier
