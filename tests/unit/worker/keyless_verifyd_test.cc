// What policies say of certificates, logs and time stamps, through a real sigward-verifyd.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "base/strict_json.h"
#include "keyless/image_fixture.h"
#include "scripted_worker.h"
#include "signed_image.h"
#include "verifyd_process.h"
#include "worker/client/verifyd_client.h"

namespace sigward::worker {
namespace {

using base::Json;
using testing::kIssuer;
using testing::kSubjectUri;
using testing::Sigstore;
using testing::Soon;
using testing::TestImage;

/// "mine" has signed everything; "strange" is of the same shape and has signed nothing.
const policy::TrustRoots& TrustRoots() {
  static const auto* const roots = [] {
    const testing::PrivateSigstore strange;
    auto* made = new policy::TrustRoots;
    made->emplace("mine", policy::NamedTrustRoot::Of(Sigstore().root_json().dump()).value());
    made->emplace("strange", policy::NamedTrustRoot::Of(strange.root_json().dump()).value());
    return made;
  }();
  return *roots;
}

/// COMPILED, an authority, with CHANGES to it (a merge patch of RFC 7396).
policy::Authority Changed(Json compiled, const std::string& changes) {
  compiled.merge_patch(Json::parse(changes));
  policy::Authority authority = policy::ParseCompiledAuthority(compiled.dump()).value();
  authority.id = policy::IdOf(authority, TrustRoots()).value();
  return authority;
}

/// The usual keyless authority, with CHANGES.
policy::Authority Keyless(const std::string& changes) {
  return Changed(
      {{"name", "keyless"},
       {"keyless",
        {{"trustRoot", "mine"}, {"identities", {{{"issuer", kIssuer}, {"subject", kSubjectUri}}}}}},
       {"log", {{"use", "required"}, {"trustRoot", "mine"}}}},
      changes);
}

/// The key that plans sign with, and what is demanded beside it.
policy::Authority Keyed(const std::string& demands) {
  return Changed(
      {{"name", "key"},
       {"key", {{"pem", testing::TestKey::Shared(verifier::KeyType::kEcdsaP256).public_pem()}}}},
      demands);
}

/// How the image is signed.
struct Signing {
  bool by_certificate = true;
  bool stamped = false;
  bool with_sct = true;
  bool logged = true;
};

EvidenceSet SignedWith(const Signing& how, bool legacy) {
  testing::SigningPlan plan =
      legacy ? testing::LegacyPlan() : testing::PlanOf(testing::KindNamed("03 dsse"));
  if (!how.by_certificate) {
    plan.leaf.reset();
  } else if (!how.with_sct) {
    plan.leaf->sct_list = nullptr;
  }
  if (plan.leaf.has_value()) {
    plan.leaf->raw.push_back(testing::FulcioExtension(2, {'p', 'u', 's', 'h'}));
  }
  plan.stamped.reset();
  if (how.stamped) {
    plan.stamped = plan.logged;
  }
  testing::SignatureParts parts = Sigstore().Make(plan);
  if (!how.logged) {
    parts.entries.clear();
  }
  testing::ImageEvidence evidence;
  if (legacy) {
    AddLegacySignature(evidence, parts);
  } else {
    AddBundle(evidence, parts);
  }
  return testing::SetOf(evidence);
}

class KeylessVerifydTest : public ::testing::Test {
 protected:
  /// "verified", or the word of the reason why not.
  std::string Ask(const EvidenceSet& evidence, const policy::Authority& authority) {
    const auto answer = VerifydClient(verifyd_.path())
                            .Verify(TestImage(), testing::LinuxAmd64(), evidence,
                                    {{&authority}, TrustRoots()}, Soon());
    if (!answer.ok()) {
      return "no answer: " + answer.error().detail;
    }
    signer_.reset();
    detail_.clear();
    for (const policy::Proof& proof : answer->proofs()) {
      EXPECT_EQ(proof.authority(), *authority.id);
      signer_ = proof.signer();
    }
    if (!answer->proofs().empty()) {
      return "verified";
    }
    detail_ = answer->failures().begin()->second.detail;
    return std::string(base::ReasonWord(answer->failures().begin()->second.reason));
  }
  /// The same answer for both formats, or both.
  std::string Ask(const Signing& how, const policy::Authority& authority) {
    const std::string legacy = Ask(SignedWith(how, true), authority);
    const std::string bundle = Ask(SignedWith(how, false), authority);
    return legacy == bundle ? bundle : legacy + ", bundle " + bundle;
  }

  testing::VerifydProcess verifyd_;
  std::optional<policy::Proof::Signer> signer_;
  std::string detail_;
};

TEST_F(KeylessVerifydTest, SaysWhoHasSigned) {
  EXPECT_EQ(Ask(Signing(), Keyless("{}")), "verified");
  EXPECT_EQ(signer_, (policy::Proof::Signer{std::string(kIssuer), std::string(kSubjectUri)}));
  EXPECT_EQ(Ask({.by_certificate = false}, Keyed("{}")), "verified");
  EXPECT_EQ(signer_, std::nullopt);
}

TEST_F(KeylessVerifydTest, SaysWhoElseHasSigned) {
  EXPECT_EQ(Ask(Signing(), Keyless(R"({"keyless": {"identities": [{"issuer": "i",
                                                                  "subject": "s"}]}})")),
            "identity-mismatch");
  EXPECT_NE(detail_.find(kSubjectUri), std::string::npos) << detail_;
  EXPECT_NE(detail_.find(kIssuer), std::string::npos) << detail_;
}

struct Row {
  const char* name;
  Signing how;
  std::string changes;
  const char* outcome;
};

class KeylessRuleTest : public KeylessVerifydTest, public ::testing::WithParamInterface<Row> {};

TEST_P(KeylessRuleTest, IsKept) {
  const Row& row = GetParam();
  EXPECT_EQ(Ask(row.how, row.how.by_certificate ? Keyless(row.changes) : Keyed(row.changes)),
            row.outcome)
      << detail_;
}

std::string Identity(const std::string& issuer, const std::string& subject) {
  return R"({"keyless": {"identities": [{)" + issuer + ", " + subject + "}]}}";
}

const std::string kRightIssuer = R"("issuer": ")" + std::string(kIssuer) + R"(")";
const std::string kRightSubject = R"("subject": ")" + std::string(kSubjectUri) + R"(")";
std::string WithClaims(const std::string& claims) {
  return Identity(kRightIssuer, kRightSubject + ", " + claims);
}
constexpr const char* kNoLog = R"({"log": {"use": "ignored", "trustRoot": null}})";

INSTANTIATE_TEST_SUITE_P(
    Identities, KeylessRuleTest,
    ::testing::Values(
        Row{"RegExp",
            {},
            Identity(kRightIssuer, R"("subjectRegExp": "^https://github\\.com/.*$")"),
            "verified"},
        Row{"RegExpOfBoth",
            {},
            Identity(R"("issuerRegExp": "actions")", R"("subjectRegExp": "example/app")"),
            "verified"},
        Row{"SubjectOfAnother",
            {},
            Identity(kRightIssuer, R"("subject": "https://x.example")"),
            "identity-mismatch"},
        Row{"SubjectBeginsSo",
            {},
            Identity(kRightIssuer, R"("subject": "https://github.com/example/app")"),
            "identity-mismatch"},
        Row{"RegExpOfAnother",
            {},
            Identity(kRightIssuer, R"("subjectRegExp": "^example/app")"),
            "identity-mismatch"},
        Row{"IssuerOfAnother",
            {},
            Identity(R"("issuer": "https://x.example")", kRightSubject),
            "identity-mismatch"},
        Row{"IssuerRegExpOfAnother",
            {},
            Identity(R"("issuerRegExp": "^x")", kRightSubject),
            "identity-mismatch"},
        Row{"StarIsLiteral",
            {},
            Identity(kRightIssuer, R"("subject": "https://github.com/example/**")"),
            "identity-mismatch"},
        Row{"StarIsAWildcardByName",
            {},
            R"({"keyless": {"identityWildcards": "glob", "identities": [{)" + kRightIssuer +
                R"(, "subject": "https://github.com/example/**"}]}})",
            "verified"},
        Row{"OneOfTwo",
            {},
            R"({"keyless": {"identities": [{"issuer": "i", "subject": "s"}, {)" + kRightIssuer +
                ", " + kRightSubject + "}]}}",
            "verified"},
        Row{"Claim", {}, WithClaims(R"("claims": {"githubWorkflowTrigger": "push"})"), "verified"},
        Row{"ClaimOfAnother",
            {},
            WithClaims(R"("claims": {"githubWorkflowTrigger": "release"})"),
            "identity-mismatch"},
        Row{"ClaimRegExp",
            {},
            WithClaims(R"("claimsRegExp": {"githubWorkflowTrigger": "^p"})"),
            "verified"},
        Row{"ClaimThatIsNotThere",
            {},
            WithClaims(R"("claimsRegExp": {"buildTrigger": ".*"})"),
            "identity-mismatch"},
        Row{"HalfOfEach",
            {},
            R"({"keyless": {"identities": [{)" + kRightIssuer + R"(, "subject": "s"},
                {"issuer": "i", )" +
                kRightSubject + "}]}}",
            "identity-mismatch"}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Trust, KeylessRuleTest,
    ::testing::Values(
        Row{"AnotherAuthority",
            {},
            R"({"keyless": {"trustRoot": "strange"}})",
            "untrusted-certificate"},
        Row{"AnotherLog", {}, R"({"log": {"trustRoot": "strange"}})", "not-logged"},
        Row{"NotLogged", {.logged = false}, "{}", "not-logged"},
        Row{"StampInPlaceOfTheLog", {.stamped = true, .logged = false}, "{}", "not-logged"},
        Row{"LogIgnored", {}, kNoLog, "no-trusted-time"},
        Row{"LogIgnoredAndStamped", {.stamped = true, .logged = false}, kNoLog, "verified"},
        Row{"StampDemanded",
            {.stamped = true, .logged = false},
            R"({"log": {"use": "ignored", "trustRoot": null}, "timestamp": {"trustRoot": "mine"}})",
            "verified"},
        Row{"StampAndLogDemanded",
            {.stamped = true},
            R"({"timestamp": {"trustRoot": "mine"}})",
            "verified"},
        Row{"StampMissing", {}, R"({"timestamp": {"trustRoot": "mine"}})", "no-trusted-time"},
        Row{"StampOfAnother",
            {.stamped = true},
            R"({"timestamp": {"trustRoot": "strange"}})",
            "untrusted-certificate"},
        Row{"NoSct", {.with_sct = false}, "{}", "sct-invalid"},
        Row{"NoSctIgnored",
            {.with_sct = false},
            R"({"keyless": {"insecureIgnoreSCT": true}})",
            "verified"},
        Row{"LegacyAlone", {}, R"({"signatureFormat": "legacy"})", "verified, bundle no-signature"},
        Row{"BundleAlone",
            {},
            R"({"signatureFormat": "bundle"})",
            "no-signature, bundle verified"}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Keys, KeylessRuleTest,
    ::testing::Values(Row{"Logged",
                          {.by_certificate = false},
                          R"({"log": {"use": "required", "trustRoot": "mine"}})",
                          "verified"},
                      Row{"LoggedElsewhere",
                          {.by_certificate = false},
                          R"({"log": {"use": "required", "trustRoot": "strange"}})",
                          "not-logged"},
                      Row{"KeyNotLogged",
                          {.by_certificate = false, .logged = false},
                          R"({"log": {"use": "required", "trustRoot": "mine"}})",
                          "not-logged"},
                      Row{"Stamped",
                          {.by_certificate = false, .stamped = true, .logged = false},
                          R"({"timestamp": {"trustRoot": "mine"}})",
                          "verified"},
                      Row{"NotStamped",
                          {.by_certificate = false},
                          R"({"timestamp": {"trustRoot": "mine"}})",
                          "no-trusted-time"},
                      Row{"KeyOfABundleAlone",
                          {.by_certificate = false},
                          R"({"signatureFormat": "bundle"})",
                          "no-signature, bundle verified"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(KeylessVerifydTest, AnIdIsOfWhatIsDemandedAndNotOfNames) {
  const auto id = [](const std::string& changes) { return *Keyless(changes).id; };
  const auto usual = id("{}");
  EXPECT_EQ(id(R"({"name": "another"})"), usual);
  EXPECT_EQ(id(R"({"source": {"repository": "registry.example/sigs"}})"), usual);
  EXPECT_EQ(id(R"({"log": {"url": "https://rekor.example"}})"), usual);
  for (const char* change :
       {R"({"keyless": {"trustRoot": "strange"}})", R"({"log": {"trustRoot": "strange"}})", kNoLog,
        R"({"timestamp": {"trustRoot": "mine"}})", R"({"signatureFormat": "legacy"})",
        R"({"keyless": {"insecureIgnoreSCT": true}})",
        R"({"keyless": {"identities": [{"issuer": "i", "subject": "s"}]}})"}) {
    EXPECT_NE(id(change), usual) << change;
  }
  // A name that means another root by now, wherever it stands.
  for (const policy::Authority& authority :
       {Keyless(R"({"log": {"trustRoot": "strange"}, "timestamp": {"trustRoot": "strange"}})"),
        Keyless(R"({"keyless": {"trustRoot": "strange"}, "timestamp": {"trustRoot": "strange"}})"),
        Keyless(R"({"keyless": {"trustRoot": "strange"}, "log": {"trustRoot": "strange"},
                    "timestamp": {"trustRoot": "mine"}})"),
        Keyed(R"({"log": {"use": "required", "trustRoot": "mine"}})"),
        Keyed(R"({"timestamp": {"trustRoot": "mine"}})")}) {
    policy::TrustRoots swapped;
    swapped.emplace("mine", TrustRoots().at("strange"));
    swapped.emplace("strange", TrustRoots().at("strange"));
    EXPECT_NE(policy::IdOf(authority, swapped).value(), *authority.id)
        << policy::CompileAuthority(authority);
  }
  EXPECT_FALSE(policy::IdOf(Keyless("{}"), {}).ok());
}

}  // namespace
}  // namespace sigward::worker
