// Certificates that Sigstore's public instances issued, under the trusted roots that name them.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/strict_json.h"
#include "private_sigstore/test_vectors.h"
#include "result_matchers.h"
#include "verifier/certificate/certificate_identity.h"
#include "verifier/certificate/chain.h"
#include "verifier/certificate/sct.h"
#include "verifier/trust/trusted_root.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::LoadVector;

using namespace std::chrono_literals;

constexpr const char* kProduction = "sigstore-tuf/trusted_root.json";
constexpr const char* kStaging = "sigstore-conformance/rekor2-happy-path.trusted_root.json";
constexpr const char* kMock =
    "sigstore-conformance/intoto-with-custom-trust-root.trusted_root.json";

TrustRoot LoadRoot(const std::string& name) {
  base::Result<TrustRoot> root = TrustRoot::Parse(base::AsBytes(LoadVector(name)));
  EXPECT_THAT(root, IsOk()) << name;
  return std::move(root).value();
}

struct Signed {
  Certificate leaf;
  /// What the log says, where it says a time.
  std::optional<Time> integrated;
};

Signed LoadBundle(const std::string& name) {
  const std::string text = LoadVector("sigstore-conformance/" + name + ".json");
  const auto bundle = base::ParseStrictJson(text, text.size());
  EXPECT_THAT(bundle, IsOk()) << name;
  const Json& material = (*bundle)["verificationMaterial"];
  const Json& certificate = material.contains("certificate")
                                ? material["certificate"]
                                : material["x509CertificateChain"]["certificates"][0];
  const auto der = base::DecodeBase64(certificate["rawBytes"].get<std::string>(), 1 << 20);
  base::Result<Certificate> leaf = Certificate::Parse(*der);
  EXPECT_THAT(leaf, IsOk()) << name;
  Signed out{std::move(leaf).value(), std::nullopt};
  if (const Json& entry = material["tlogEntries"][0]; entry.contains("integratedTime")) {
    out.integrated =
        Time(std::chrono::seconds(std::stoll(entry["integratedTime"].get<std::string>())));
  }
  return out;
}

base::Result<VerifiedChain> Verify(const Signed& bundle, const TrustRoot& root, Time time) {
  ChainMemory memory;
  return VerifyChain(bundle.leaf, {}, root.certificate_authorities(), std::vector<Time>{time},
                     memory);
}

struct Case {
  const char* bundle;
  const char* root;
};

constexpr Case kGood[] = {
    {"bundle-with-sct-with-extensions",
     "sigstore-conformance/bundle-with-sct-with-extensions.trusted_root.json"},
    {"happy-path-intoto-in-dsse-v3", kProduction},
    {"happy-path-v0.1", kProduction},
    {"happy-path-v0.3", kProduction},
    {"integrated-time-in-future_fail", kProduction},
    {"intoto-with-custom-trust-root", kMock},
    {"rekor2-dsse-happy-path", "sigstore-conformance/rekor2-dsse-happy-path.trusted_root.json"},
    {"rekor2-happy-path", kStaging},
    {"rekor2-timestamp-with-embedded-cert", kStaging},
    {"rekor2-timestamp-without-embedded-cert", kStaging},
};

TEST(RealCertificatesTest, ChainAndPromiseVerifyAtTheTimeOfSigning) {
  std::size_t verified = 0;
  for (const Case& real : kGood) {
    const Signed bundle = LoadBundle(real.bundle);
    const TrustRoot root = LoadRoot(real.root);
    const Validity window = bundle.leaf.validity();
    for (const Time time : {*window.start, *window.end}) {
      const auto chain = Verify(bundle, root, time);
      ASSERT_THAT(chain, IsOk()) << real.bundle;
      EXPECT_THAT(VerifyScts(*chain, root.ct_logs(), 1), IsOk()) << real.bundle;
      EXPECT_THAT(VerifyScts(*chain, root.ct_logs(), 2), FailsWith(Reason::kSctInvalid));
    }
    EXPECT_THAT(Verify(bundle, root, *window.start - 1s), FailsWith(Reason::kExpired));
    EXPECT_THAT(Verify(bundle, root, *window.end + 1s), FailsWith(Reason::kExpired));
    EXPECT_EQ(bundle.leaf.Key()->type(), KeyType::kEcdsaP256);
    ++verified;
  }
  EXPECT_EQ(verified, 10U);
}

TEST(RealCertificatesTest, ValidWhereTheLogSaysSo) {
  std::size_t judged = 0;
  for (const char* name : {"happy-path-intoto-in-dsse-v3", "happy-path-v0.1", "happy-path-v0.3"}) {
    const Signed bundle = LoadBundle(name);
    EXPECT_THAT(Verify(bundle, LoadRoot(kProduction), bundle.integrated.value()), IsOk()) << name;
    ++judged;
  }
  const TrustRoot mock = LoadRoot(kMock);
  for (const char* name :
       {"intoto-expired-certificate_fail", "intoto-set-outside-signing-cert-validity_fail"}) {
    const Signed bundle = LoadBundle(name);
    const auto chain = Verify(bundle, mock, bundle.integrated.value());
    // Some of these were signed by a further throw-away authority of the same name.
    ASSERT_FALSE(chain.ok()) << name;
    ++judged;
  }
  EXPECT_EQ(judged, 5U);
}

TEST(RealCertificatesTest, AnotherInstanceDidNotIssueThem) {
  const TrustRoot mock = LoadRoot(kMock);
  const Signed bundle = LoadBundle("happy-path-v0.3");
  EXPECT_THAT(Verify(bundle, mock, *bundle.leaf.validity().start),
              FailsWith(Reason::kUntrustedCertificate));
  // Staging's intermediate has the name of production's.
  const Signed staging = LoadBundle("rekor2-happy-path");
  EXPECT_THAT(Verify(staging, LoadRoot(kProduction), *staging.leaf.validity().start),
              FailsWith(Reason::kUntrustedCertificate));
}

TEST(RealCertificatesTest, SayWhoSigned) {
  const auto identity = ReadCertificateIdentity(LoadBundle("happy-path-v0.3").leaf);
  ASSERT_THAT(identity, IsOk());
  EXPECT_EQ(identity->subject,
            "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"
            ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main");
  EXPECT_EQ(identity->subject_type, SubjectType::kUri);
  EXPECT_EQ(identity->issuer, "https://token.actions.githubusercontent.com");
  EXPECT_EQ(identity->claims.at("githubWorkflowTrigger"), "workflow_dispatch");
  EXPECT_EQ(identity->claims.at("sourceRepositoryURI"),
            "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon");
  EXPECT_EQ(identity->claims.at("runnerEnvironment"), "github-hosted");
  EXPECT_EQ(identity->claims.at("sourceRepositoryVisibilityAtSigning"), "public");
  EXPECT_EQ(identity->claims.size(), 19U);
  const auto email = ReadCertificateIdentity(LoadBundle("integrated-time-in-future_fail").leaf);
  ASSERT_THAT(email, IsOk());
  EXPECT_EQ(email->subject_type, SubjectType::kEmail);
  EXPECT_EQ(email->subject, "untrusted-sa@sigstore-conformance.iam.gserviceaccount.com");
}

TEST(RealCertificatesTest, AuthoritiesAreLearntAhead) {
  const TrustRoot root = LoadRoot(kProduction);
  ChainMemory memory;
  for (const CertificateAuthority& authority : root.certificate_authorities()) {
    EXPECT_THAT(memory.Learn(authority), IsOk());
  }
  for (const CertificateAuthority& authority : root.timestamp_authorities()) {
    EXPECT_THAT(memory.Learn(authority), IsOk());
  }
  // One authority is its root alone.
  EXPECT_EQ(memory.size(), 2U);
}

}  // namespace
}  // namespace sigward::verifier
