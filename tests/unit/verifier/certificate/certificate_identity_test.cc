#include "verifier/certificate/certificate_identity.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "private_sigstore/certificate_authority.h"
#include "private_sigstore/der_writer.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Reason;
using sigward::testing::CertificatePlan;
using sigward::testing::Element;
using sigward::testing::EmailName;
using sigward::testing::FailsWith;
using sigward::testing::FulcioExtension;
using sigward::testing::IsOk;
using sigward::testing::Joined;
using sigward::testing::kIssuer;
using sigward::testing::kSubjectUri;
using sigward::testing::LeafPlan;
using sigward::testing::MakeCertificate;
using sigward::testing::OtherName;
using sigward::testing::PrivateAuthority;
using sigward::testing::RawExtension;
using sigward::testing::SubjectAltNames;
using sigward::testing::TestKey;
using sigward::testing::UriName;
using sigward::testing::Utf8String;

ByteBuffer Bare(std::string_view text) {
  return {text.begin(), text.end()};
}

/// What OpenSSL already refuses when the certificate is parsed counts as refused.
base::Result<CertificateIdentity> Read(const CertificatePlan& plan) {
  static const PrivateAuthority authority;
  const TestKey& key = TestKey::Shared(KeyType::kEcdsaP256);
  SIGWARD_ASSIGN_OR_RETURN(const Certificate leaf,
                           Certificate::Parse(MakeCertificate(plan, key, &authority.intermediate(),
                                                              authority.intermediate_key())));
  return ReadCertificateIdentity(leaf);
}

// Where LeafPlan keeps them.
constexpr std::size_t kSan = 0;
constexpr std::size_t kIssuerV1 = 1;

base::Result<CertificateIdentity> ReadWithNames(const RawExtension& names) {
  CertificatePlan plan = LeafPlan();
  plan.raw[kSan] = names;
  return Read(plan);
}

base::Result<CertificateIdentity> ReadWith(const RawExtension& extension) {
  CertificatePlan plan = LeafPlan();
  plan.raw.push_back(extension);
  return Read(plan);
}

base::Result<CertificateIdentity> ReadWithIssuers(const std::vector<RawExtension>& issuers) {
  CertificatePlan plan = LeafPlan();
  plan.raw.resize(1);
  plan.raw.insert(plan.raw.end(), issuers.begin(), issuers.end());
  return Read(plan);
}

TEST(CertificateIdentityTest, ReadsEveryKindOfSubject) {
  const auto uri = Read(LeafPlan());
  ASSERT_THAT(uri, IsOk());
  EXPECT_EQ(uri->subject, kSubjectUri);
  EXPECT_EQ(uri->subject_type, SubjectType::kUri);
  EXPECT_EQ(uri->issuer, kIssuer);
  EXPECT_TRUE(uri->claims.empty());
  const auto email = ReadWithNames(SubjectAltNames({EmailName("a@example.com")}));
  ASSERT_THAT(email, IsOk());
  EXPECT_EQ(email->subject, "a@example.com");
  EXPECT_EQ(email->subject_type, SubjectType::kEmail);
  const auto other = ReadWithNames(SubjectAltNames({OtherName("grüße!example.com")}));
  ASSERT_THAT(other, IsOk());
  EXPECT_EQ(other->subject, "grüße!example.com");
  EXPECT_EQ(other->subject_type, SubjectType::kOtherName);
}

TEST(CertificateIdentityTest, ThereIsExactlyOneSubject) {
  EXPECT_THAT(ReadWithNames(SubjectAltNames({})), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ReadWithNames(SubjectAltNames({UriName(kSubjectUri), UriName("https://b.example")})),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(ReadWithNames(SubjectAltNames({UriName(kSubjectUri), EmailName("b@example.com")})),
              FailsWith(Reason::kMalformed));
  CertificatePlan plan = LeafPlan();
  plan.raw.erase(plan.raw.begin());
  EXPECT_THAT(Read(plan), FailsWith(Reason::kMalformed));
}

TEST(CertificateIdentityTest, AnyOtherKindOfNameIsNoSubject) {
  const ByteBuffer dns = Element(0x82, {base::AsBytes("example.com")});
  const ByteBuffer address = Element(0x87, {base::AsBytes("\x7f\x01\x01\x01")});
  const ByteBuffer microsoft_oid =
      Element(0x06, {base::AsBytes("\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03")});
  const ByteBuffer microsoft =
      Element(0xa0, {microsoft_oid, Element(0xa0, {Utf8String("a@example.com")})});
  for (const ByteBuffer& name : {dns, address, microsoft}) {
    EXPECT_THAT(ReadWithNames(SubjectAltNames({name})), FailsWith(Reason::kMalformed));
  }
}

TEST(CertificateIdentityTest, ASubjectIsOneLineOfText) {
  using namespace std::string_view_literals;
  for (const std::string_view name :
       {"https://a.example\0.evil.example"sv, "https://a.example\n"sv, "https://a.example\x7f"sv,
        "https://\xc3\xa9.example"sv, ""sv}) {
    EXPECT_THAT(ReadWithNames(SubjectAltNames({UriName(name)})), FailsWith(Reason::kMalformed));
    EXPECT_THAT(ReadWithNames(SubjectAltNames({EmailName(name)})), FailsWith(Reason::kMalformed));
  }
  for (const std::string_view name : {"a\0b"sv, "a\rb"sv, "\xc3"sv, "\xed\xa0\x80"sv, ""sv}) {
    EXPECT_THAT(ReadWithNames(SubjectAltNames({OtherName(name)})), FailsWith(Reason::kMalformed));
  }
}

TEST(CertificateIdentityTest, NothingStandsBehindASubject) {
  const ByteBuffer null = {0x05, 0x00};
  RawExtension names = SubjectAltNames({UriName(kSubjectUri)});
  const ByteBuffer good = names.value;
  names.value = Joined({good, null});
  EXPECT_THAT(ReadWithNames(names), FailsWith(Reason::kMalformed));
  const ByteBuffer oid = Element(0x06, {base::AsBytes("\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x07")});
  const ByteBuffer behind_text = Element(
      0xa0, {oid, Element(0xa0, {Utf8String("a!example.com"), Utf8String("b!example.com")})});
  EXPECT_THAT(ReadWithNames(SubjectAltNames({behind_text})), FailsWith(Reason::kMalformed));
}

TEST(CertificateIdentityTest, TheIssuerInEitherForm) {
  const RawExtension v1 = FulcioExtension(1, Bare(kIssuer));
  const RawExtension v2 = FulcioExtension(8, Utf8String(kIssuer));
  for (const auto& issuers : {std::vector{v1}, std::vector{v2}, std::vector{v2, v1}}) {
    const auto identity = ReadWithIssuers(issuers);
    ASSERT_THAT(identity, IsOk());
    EXPECT_EQ(identity->issuer, kIssuer);
  }
}

TEST(CertificateIdentityTest, TwoIssuersThatDiffer) {
  CertificatePlan plan = LeafPlan();
  plan.raw[kIssuerV1] = FulcioExtension(1, Bare("https://accounts.example.com"));
  const auto identity = Read(plan);
  ASSERT_THAT(identity, FailsWith(Reason::kMalformed));
  EXPECT_NE(identity.error().detail.find("two issuers that differ"), std::string::npos);
}

TEST(CertificateIdentityTest, NoIssuerThatIsOne) {
  using namespace std::string_view_literals;
  EXPECT_THAT(ReadWithIssuers({}), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ReadWithIssuers({FulcioExtension(1, {})}), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ReadWithIssuers({FulcioExtension(8, Utf8String(""))}), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ReadWithIssuers({FulcioExtension(8, Bare(kIssuer))}), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ReadWithIssuers({FulcioExtension(1, Bare("https://a.example\0"sv))}),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(ReadWithIssuers({FulcioExtension(8, Utf8String("https://a.example\n"))}),
              FailsWith(Reason::kMalformed));
  // An IA5String is another type, whatever stands in it.
  EXPECT_THAT(ReadWithIssuers({FulcioExtension(8, Element(0x16, {base::AsBytes(kIssuer)}))}),
              FailsWith(Reason::kMalformed));
}

TEST(CertificateIdentityTest, ReadsEveryClaimUnderItsName) {
  const std::map<int, std::string> names = {{2, "githubWorkflowTrigger"},
                                            {3, "githubWorkflowSHA"},
                                            {4, "githubWorkflowName"},
                                            {5, "githubWorkflowRepository"},
                                            {6, "githubWorkflowRef"},
                                            {9, "buildSignerURI"},
                                            {10, "buildSignerDigest"},
                                            {11, "runnerEnvironment"},
                                            {12, "sourceRepositoryURI"},
                                            {13, "sourceRepositoryDigest"},
                                            {14, "sourceRepositoryRef"},
                                            {15, "sourceRepositoryIdentifier"},
                                            {16, "sourceRepositoryOwnerURI"},
                                            {17, "sourceRepositoryOwnerIdentifier"},
                                            {18, "buildConfigURI"},
                                            {19, "buildConfigDigest"},
                                            {20, "buildTrigger"},
                                            {21, "runInvocationURI"},
                                            {22, "sourceRepositoryVisibilityAtSigning"},
                                            {23, "deploymentEnvironment"},
                                            {24, "tokenSubject"}};
  CertificatePlan plan = LeafPlan();
  std::map<std::string, std::string, std::less<>> expected;
  for (const auto& [number, name] : names) {
    expected[name] = "claim " + std::to_string(number);
    plan.raw.push_back(
        FulcioExtension(number, number < 8 ? Bare(expected[name]) : Utf8String(expected[name])));
  }
  // Newer Fulcios may write more.
  plan.raw.push_back(FulcioExtension(25, {0xff}));
  const auto identity = Read(plan);
  ASSERT_THAT(identity, IsOk());
  EXPECT_EQ(identity->claims, expected);
}

TEST(CertificateIdentityTest, AnEmptyClaimIsAClaim) {
  const auto identity = ReadWith(FulcioExtension(4, {}));
  ASSERT_THAT(identity, IsOk());
  EXPECT_EQ(identity->claims.at("githubWorkflowName"), "");
}

TEST(CertificateIdentityTest, AClaimIsWhatItsFormSays) {
  using namespace std::string_view_literals;
  EXPECT_THAT(ReadWith(FulcioExtension(9, Bare("bare"))), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ReadWith(FulcioExtension(9, Joined({Utf8String("a"), Utf8String("b")}))),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(ReadWith(FulcioExtension(9, Utf8String("a\0b"sv))), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ReadWith(FulcioExtension(2, Bare("a\0b"sv))), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ReadWith(FulcioExtension(24, Utf8String("\xff"))), FailsWith(Reason::kMalformed));
  // BER: a length that is longer than it must be.
  EXPECT_THAT(ReadWith(FulcioExtension(9, {0x0c, 0x81, 0x01, 'a'})), FailsWith(Reason::kMalformed));
}

TEST(CertificateIdentityTest, AnUnreadableClaimIsNamed) {
  EXPECT_THAT(ReadWith(FulcioExtension(11, Bare("self-hosted"))).error().detail,
              ::testing::StartsWith("its claim runnerEnvironment: "));
  EXPECT_THAT(ReadWith(FulcioExtension(4, Bare("\xff"))).error().detail,
              ::testing::StartsWith("its claim githubWorkflowName: "));
}

TEST(CertificateIdentityTest, TextsOfTheGreatestLength) {
  const std::string longest(kMaxIdentityText, 'a');
  EXPECT_THAT(ReadWithNames(SubjectAltNames({UriName(longest)})), IsOk());
  EXPECT_THAT(ReadWith(FulcioExtension(2, Bare(longest))), IsOk());
  EXPECT_THAT(ReadWith(FulcioExtension(9, Utf8String(longest))), IsOk());
  EXPECT_THAT(ReadWithNames(SubjectAltNames({UriName(longest + "a")})),
              FailsWith(Reason::kTooLarge));
  EXPECT_THAT(ReadWithIssuers({FulcioExtension(8, Utf8String(longest + "a"))}),
              FailsWith(Reason::kTooLarge));
  EXPECT_THAT(ReadWith(FulcioExtension(2, Bare(longest + "a"))), FailsWith(Reason::kTooLarge));
  EXPECT_THAT(ReadWith(FulcioExtension(9, Utf8String(longest + "a"))),
              FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::verifier
