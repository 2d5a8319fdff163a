// The compiled form of keyless authorities, of what is demanded of logs and time stamps, and of
// trust roots.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "base/strict_json.h"
#include "policies_for_testing.h"
#include "policy/evaluate.h"
#include "policy/snapshot.h"
#include "result_matchers.h"

namespace sigward::policy {
namespace {

using base::Json;
using base::Reason;
using testing::FailsWith;
using testing::IsOk;

const Json& PublicGood() {
  static const Json root = [] {
    std::ifstream file(SIGWARD_SOURCE_DIR "/policy/sigstore/trusted_root.json");
    return Json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
  }();
  return root;
}

/// A document with every field, for the tests to break.
Json Document() {
  const Json full = {
      {"name", "full"},
      {"keyless",
       {{"trustRoot", "mine"},
        {"identities",
         {{{"issuer", "https://issuer.example"},
           {"subject", "https://github.com/me/**"},
           {"claims", {{"buildTrigger", "push"}, {"sourceRepositoryURI", "https://*"}}},
           {"claimsRegExp", {{"sourceRepositoryRef", "^refs/tags/"}}}},
          {{"issuerRegExp", "^https://i$"}, {"subjectRegExp", "^s$"}}}},
        {"identityWildcards", "glob"},
        {"insecureIgnoreSCT", true}}},
      {"source", {{"repository", "docker.io/team/sigs"}}},
      {"log", {{"use", "required"}, {"trustRoot", "@public-good"}, {"url", "https://r.example"}}},
      {"timestamp", {{"trustRoot", "mine"}}},
      {"signatureFormat", "bundle"}};
  const Json small = {
      {"name", "small"},
      {"keyless",
       {{"trustRoot", "@public-good"},
        {"identities", {{{"issuer", "https://issuer.example"}, {"subject", "a*"}}}}}},
      {"log", {{"use", "ignored"}}}};
  const Json key = {{"name", "key"},
                    {"key", {{"pem", testing::kKeyA}}},
                    {"log", {{"use", "required"}, {"trustRoot", "@public-good"}}},
                    {"timestamp", {{"trustRoot", "@public-good"}}},
                    {"signatureFormat", "legacy"}};
  return {{"format", "sigward.policy/v1"},
          {"noMatch", "deny"},
          {"trustRoots", {{"@public-good", PublicGood()}, {"mine", PublicGood()}}},
          {"policies",
           {{{"name", "p"},
             {"mode", "enforce"},
             {"images", {"**"}},
             {"authorities", {full, small, key}}}}}};
}

TEST(CompiledKeylessTest, ReadsEveryField) {
  const auto snapshot = PolicySnapshot::Parse(Document().dump(), 1).value();
  ASSERT_EQ(snapshot->trust_roots().size(), 2U);
  EXPECT_EQ(snapshot->trust_roots().find("mine")->second.root().timestamp_authorities().size(), 1U);
  const std::vector<Authority>& authorities = snapshot->policies().at(0).authorities;
  const Authority& full = authorities.at(0);
  const auto& rule = std::get<KeylessRule>(full.rule);
  EXPECT_EQ(rule.trust_root, "mine");
  EXPECT_TRUE(rule.ignore_sct);
  ASSERT_EQ(rule.identities.size(), 2U);
  EXPECT_TRUE(rule.identities[0].subject.Matches("https://github.com/me/a/b"));
  EXPECT_EQ(rule.identities[0].issuer.text(), "https://issuer.example");
  EXPECT_EQ(rule.identities[0].subject.kind(), IdentityKind::kWildcards);
  ASSERT_EQ(rule.identities[0].claims.size(), 3U);
  EXPECT_EQ(rule.identities[0].claims.at("buildTrigger").kind(), IdentityKind::kWildcards);
  EXPECT_EQ(rule.identities[0].claims.at("sourceRepositoryRef").kind(), IdentityKind::kRegExp);
  EXPECT_TRUE(rule.identities[1].claims.empty());
  EXPECT_EQ(rule.identities[1].issuer.kind(), IdentityKind::kRegExp);
  EXPECT_EQ(full.source, SignatureSource::Of("team/sigs", "").value());
  EXPECT_EQ(full.log.trust_root, "@public-good");
  EXPECT_EQ(full.log.url, "https://r.example");
  EXPECT_EQ(full.timestamp.trust_root, "mine");
  EXPECT_EQ(full.forms, SignatureForms::kBundle);

  const Authority& small = authorities.at(1);
  EXPECT_EQ(std::get<KeylessRule>(small.rule).identities[0].subject.kind(), IdentityKind::kExact);
  EXPECT_FALSE(std::get<KeylessRule>(small.rule).ignore_sct);
  EXPECT_EQ(small.log, LogRule());
  EXPECT_EQ(small.timestamp, TimestampRule());
  EXPECT_EQ(small.forms, SignatureForms::kAny);

  EXPECT_EQ(authorities.at(2).log.trust_root, "@public-good");
  EXPECT_EQ(authorities.at(2).forms, SignatureForms::kLegacy);
}

TEST(CompiledKeylessTest, WritesOneSpelling) {
  const auto snapshot = PolicySnapshot::Parse(Document().dump(), 1).value();
  const std::string text =
      Compile(snapshot->policies(), snapshot->no_match(), "", {}, snapshot->trust_roots());
  EXPECT_EQ(Json::parse(text), Document());
  const auto again = PolicySnapshot::Parse(text, 1).value();
  EXPECT_EQ(Compile(again->policies(), again->no_match(), "", {}, again->trust_roots()), text);
  EXPECT_EQ(again->trust_roots().find("mine")->second.root().hash(),
            snapshot->trust_roots().find("mine")->second.root().hash());
}

TEST(CompiledKeylessTest, ClaimsAloneSayThatStarsAreMeant) {
  Json document = Document();
  Json& keyless = document["policies"][0]["authorities"][0]["keyless"];
  keyless["identities"] = {{{"issuerRegExp", "^i$"},
                            {"subjectRegExp", "^s$"},
                            {"claims", {{"sourceRepositoryURI", "https://*"}}}}};
  const auto snapshot = PolicySnapshot::Parse(document.dump(), 1).value();
  EXPECT_EQ(Json::parse(Compile(snapshot->policies(), snapshot->no_match(), "", {},
                                snapshot->trust_roots())),
            document);
}

TEST(CompiledKeylessTest, EachDemandBesideAKeyIsPartOfItsId) {
  const auto id_with = [](const Json& demands) {
    Json document = Document();
    Json authority = {{"name", "key"}, {"key", document["policies"][0]["authorities"][2]["key"]}};
    authority.update(demands);
    document["policies"][0]["authorities"] = Json::array({authority});
    return *PolicySnapshot::Parse(document.dump(), 1).value()->policies()[0].authorities[0].id;
  };
  const Json full = Document()["policies"][0]["authorities"][2];
  const auto plain = id_with(Json::object());
  for (const char* demand : {"log", "timestamp", "signatureFormat"}) {
    EXPECT_NE(id_with({{demand, full[demand]}}), plain) << demand;
  }
  EXPECT_EQ(id_with(Json::object()), plain);
}

TEST(CompiledKeylessTest, AnAuthorityAloneIsReadBack) {
  const auto snapshot = PolicySnapshot::Parse(Document().dump(), 1).value();
  for (const Authority& authority : snapshot->policies()[0].authorities) {
    std::string text = CompileAuthority(authority);
    const auto again = ParseCompiledAuthority(text);
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(CompileAuthority(*again), text);
    EXPECT_EQ(IdOf(*again, snapshot->trust_roots()).value(), *authority.id);
    text.append(kMaxAuthorityText - text.size(), ' ');
    EXPECT_THAT(ParseCompiledAuthority(text), IsOk());
    EXPECT_THAT(ParseCompiledAuthority(text + " "), FailsWith(Reason::kTooLarge));
  }
  EXPECT_THAT(ParseCompiledAuthority("{}"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ParseCompiledAuthority(R"({"name":"a"})"), FailsWith(Reason::kPolicyInvalid));
}

struct Breakage {
  std::string name;
  std::function<void(Json&)> breaks;
  /// What the text must name.
  std::string where;
  Reason reason = Reason::kPolicyInvalid;
};

class CompiledKeylessBreakageTest : public ::testing::TestWithParam<Breakage> {};

TEST_P(CompiledKeylessBreakageTest, RefusesTheWhole) {
  Json document = Document();
  GetParam().breaks(document);
  const auto parsed = PolicySnapshot::Parse(document.dump(), 1);
  ASSERT_THAT(parsed, FailsWith(GetParam().reason));
  EXPECT_NE(parsed.error().detail.find(GetParam().where), std::string::npos)
      << parsed.error().detail;
}

Json& Full(Json& d) {
  return d["policies"][0]["authorities"][0];
}
Json& Keyless(Json& d) {
  return Full(d)["keyless"];
}
Json& Key(Json& d) {
  return d["policies"][0]["authorities"][2];
}
Json& First(Json& d) {
  return Keyless(d)["identities"][0];
}

void Identities(Json& d, std::size_t count) {
  const Json one = First(d);
  Keyless(d)["identities"] = std::vector<Json>(count, one);
}

const std::vector<Breakage> kBreakages = {
    {"KeyBesideKeyless", [](Json& d) { Full(d)["key"] = Key(d)["key"]; }, "exactly one of"},
    {"UnknownField", [](Json& d) { Keyless(d)["url"] = "x"; }, "unknown field url"},
    {"NoTrustRoot", [](Json& d) { Keyless(d).erase("trustRoot"); }, "keyless.trustRoot"},
    {"TrustRootOfABadName", [](Json& d) { Keyless(d)["trustRoot"] = "A"; }, "keyless.trustRoot"},
    {"TrustRootIsNotThere", [](Json& d) { Keyless(d)["trustRoot"] = "x"; }, "trust root x"},
    {"TrustRootOfTheLogIsNotThere", [](Json& d) { Full(d)["log"]["trustRoot"] = "x"; },
     "trust root x"},
    {"TrustRootOfTheTimestampIsNotThere", [](Json& d) { Key(d)["timestamp"]["trustRoot"] = "x"; },
     "trust root x"},
    {"NoIdentities", [](Json& d) { Keyless(d).erase("identities"); }, "identities"},
    {"IdentitiesAreEmpty", [](Json& d) { Keyless(d)["identities"] = Json::array(); },
     "identities is empty"},
    {"TooManyIdentities", [](Json& d) { Identities(d, kMaxIdentities + 1); }, "more than 64",
     Reason::kTooLarge},
    {"NoIssuer", [](Json& d) { First(d).erase("issuer"); }, "identities[0] has not exactly one"},
    {"NoSubject", [](Json& d) { First(d).erase("subject"); }, "identities[0] has not exactly one"},
    {"BothIssuers", [](Json& d) { First(d)["issuerRegExp"] = "x"; }, "not exactly one of issuer"},
    {"BothSubjects", [](Json& d) { First(d)["subjectRegExp"] = "x"; },
     "not exactly one of subject"},
    {"EmptyIssuer", [](Json& d) { First(d)["issuer"] = ""; }, "identities[0].issuer: empty"},
    {"SubjectIsNull", [](Json& d) { First(d)["subject"] = nullptr; }, "identities[0].subject"},
    {"BadRegExp", [](Json& d) { Keyless(d)["identities"][1]["subjectRegExp"] = "("; },
     "identities[1].subjectRegExp: no regular expression"},
    {"UnknownIdentityField", [](Json& d) { First(d)["email"] = "x"; }, "unknown field email"},
    {"ClaimsAreAList", [](Json& d) { First(d)["claims"] = Json::array(); }, "[0].claims"},
    {"ClaimsAreEmpty", [](Json& d) { First(d)["claims"] = Json::object(); }, "[0].claims"},
    {"ClaimsAreNull", [](Json& d) { First(d)["claimsRegExp"] = nullptr; }, "[0].claimsRegExp"},
    {"UnknownClaim", [](Json& d) { First(d)["claims"]["trigger"] = "x"; }, "no claim of Fulcio"},
    {"IssuerAsAClaim", [](Json& d) { First(d)["claims"]["issuer"] = "x"; }, "no claim of Fulcio"},
    {"ClaimIsANumber", [](Json& d) { First(d)["claims"]["buildTrigger"] = 1; }, "no text"},
    {"EmptyClaim", [](Json& d) { First(d)["claims"]["buildTrigger"] = ""; }, "buildTrigger: empty"},
    {"BadClaimRegExp", [](Json& d) { First(d)["claimsRegExp"]["sourceRepositoryRef"] = "("; },
     "claimsRegExp.sourceRepositoryRef: no regular expression"},
    {"ClaimInBoth", [](Json& d) { First(d)["claimsRegExp"]["buildTrigger"] = "x"; },
     "claimsRegExp.buildTrigger is demanded twice"},
    {"OtherWildcards", [](Json& d) { Keyless(d)["identityWildcards"] = "literal"; },
     "identityWildcards"},
    {"SctIsAString", [](Json& d) { Keyless(d)["insecureIgnoreSCT"] = "true"; },
     "insecureIgnoreSCT is neither"},
    {"NoLog", [](Json& d) { Full(d).erase("log"); }, "log is missing"},
    {"OtherUse", [](Json& d) { Full(d)["log"]["use"] = "maybe"; }, "log.use"},
    {"NoUse", [](Json& d) { Full(d)["log"].erase("use"); }, "log.use"},
    {"RequiredWithoutTrustRoot", [](Json& d) { Full(d)["log"].erase("trustRoot"); },
     "log.trustRoot"},
    {"IgnoredWithTrustRoot", [](Json& d) { Full(d)["log"]["use"] = "ignored"; }, "unknown field"},
    {"BadLogUrl", [](Json& d) { Full(d)["log"]["url"] = "ftp://x"; }, "log.url"},
    {"IgnoredLogOfAKey",
     [](Json& d) {
       Key(d)["log"] = {{"use", "ignored"}};
     },
     "log of a key"},
    {"TimestampOfNothing", [](Json& d) { Full(d)["timestamp"] = Json::object(); },
     "timestamp.trustRoot"},
    {"UnknownTimestampField", [](Json& d) { Full(d)["timestamp"]["url"] = "x"; }, "unknown field"},
    {"OtherFormat", [](Json& d) { Full(d)["signatureFormat"] = "cosign"; }, "signatureFormat"},
    {"EmptyFormat", [](Json& d) { Full(d)["signatureFormat"] = ""; }, "signatureFormat"},
    {"LogOfAStatic",
     [](Json& d) {
       Key(d) = {{"name", "s"}, {"static", {{"action", "pass"}}}, {"log", {{"use", "ignored"}}}};
     },
     "unknown field log"},
    {"TrustRootsIsAList", [](Json& d) { d["trustRoots"] = Json::array(); }, "policy.trustRoots"},
    {"TrustRootIsAString", [](Json& d) { d["trustRoots"]["mine"] = "x"; }, "trustRoots.mine"},
    {"TrustRootIsBroken", [](Json& d) { d["trustRoots"]["mine"].erase("mediaType"); },
     "trustRoots.mine"},
    {"TrustRootNameIsBroken", [](Json& d) { d["trustRoots"]["A b"] = PublicGood(); },
     "policy.trustRoots"},
    {"TooManyTrustRoots",
     [](Json& d) {
       for (std::size_t i = 0; i < kMaxTrustRoots; ++i) {
         d["trustRoots"]["r" + std::to_string(i)] = PublicGood();
       }
     },
     "more than 64", Reason::kTooLarge},
};

INSTANTIATE_TEST_SUITE_P(All, CompiledKeylessBreakageTest, ::testing::ValuesIn(kBreakages),
                         [](const auto& tested) { return tested.param.name; });

/// A policy of COUNT identities with all claims, each text of LENGTH bytes.
Json WithLongIdentities(std::size_t count, std::size_t length) {
  Json document = Document();
  Json& keyless = document["policies"][0]["authorities"][1]["keyless"];
  Json one = {{"issuer", std::string(length, 'i')}, {"subject", std::string(length, 's')}};
  for (const char* claim : {"buildTrigger", "sourceRepositoryURI", "sourceRepositoryRef",
                            "buildConfigURI", "runInvocationURI", "githubWorkflowName"}) {
    one["claims"][claim] = std::string(length, 'c');
  }
  keyless["identities"] = std::vector<Json>(count, one);
  return document;
}

TEST(CompiledKeylessTest, AnAuthorityFitsIntoAQuestion) {
  EXPECT_THAT(PolicySnapshot::Parse(WithLongIdentities(60, kMaxIdentityText).dump(), 1), IsOk());
  const auto parsed = PolicySnapshot::Parse(WithLongIdentities(64, kMaxIdentityText).dump(), 1);
  ASSERT_THAT(parsed, FailsWith(Reason::kTooLarge));
  EXPECT_THAT(parsed.error().detail, ::testing::HasSubstr("policy p: authority small is"));
}

TEST(CompiledKeylessTest, APolicyFitsIntoAQuestion) {
  const auto with = [](std::size_t authorities) {
    Json document = WithLongIdentities(50, kMaxIdentityText);
    Json& list = document["policies"][0]["authorities"];
    const Json one = list[1];
    for (std::size_t i = 1; i < authorities; ++i) {
      list.push_back(one);
      list.back()["name"] = "small-" + std::to_string(i);
    }
    return PolicySnapshot::Parse(document.dump(), 1);
  };
  EXPECT_THAT(with(3), IsOk());
  const auto parsed = with(4);
  ASSERT_THAT(parsed, FailsWith(Reason::kTooLarge));
  EXPECT_THAT(parsed.error().detail, ::testing::HasSubstr("their trust roots are"));
}

TEST(CompiledKeylessTest, ExpressionsAreCompiledInTime) {
  const auto with = [](std::size_t count) {
    Json document = Document();
    Json& authority = document["policies"][0]["authorities"][1];
    Json one = {
        {"issuer", "i"}, {"subject", "s"}, {"claimsRegExp", {{"buildTrigger", "^.{1,900}$"}}}};
    one["claimsRegExp"]["sourceRepositoryRef"] = "^.{1,400}$";
    authority["keyless"]["identities"] = std::vector<Json>(count, one);
    return PolicySnapshot::Parse(document.dump(), 1);
  };
  EXPECT_THAT(with(16), IsOk());
  const auto parsed = with(18);
  ASSERT_THAT(parsed, FailsWith(Reason::kTooLarge));
  EXPECT_THAT(parsed.error().detail,
              ::testing::HasSubstr("policy p: its regular expressions are "));
}

TEST(CompiledKeylessTest, TrustRootsFitIntoAQuestion) {
  Json document = Document();
  Json& authorities = document["policies"][0]["authorities"];
  const Json small = authorities[1];
  Json root = PublicGood();
  // A log that cannot be used is left out of what is trusted, and is part of the text.
  root["ctlogs"].push_back(root["ctlogs"][0]);
  root["ctlogs"].back()["publicKey"]["rawBytes"] = std::string(700'000, 'A');
  root["ctlogs"].back()["publicKey"]["keyDetails"] = "ML_DSA_65";
  const auto with = [&](std::size_t roots) {
    Json changed = document;
    for (std::size_t i = 0; i < roots; ++i) {
      const std::string name = "r" + std::to_string(i);
      changed["trustRoots"][name] = root;
      Json authority = small;
      authority["name"] = name;
      authority["keyless"]["trustRoot"] = name;
      changed["policies"][0]["authorities"].push_back(authority);
    }
    return PolicySnapshot::Parse(changed.dump(), 1);
  };
  EXPECT_THAT(with(4), IsOk());
  EXPECT_THAT(with(5), FailsWith(Reason::kTooLarge));
}

TEST(CompiledKeylessTest, TakesAsManyAsItSays) {
  Json document = Document();
  Identities(document, kMaxIdentities);
  for (std::size_t i = 0; i + 2 < kMaxTrustRoots; ++i) {
    document["trustRoots"]["r" + std::to_string(i)] = PublicGood();
  }
  EXPECT_THAT(PolicySnapshot::Parse(document.dump(), 1), IsOk());
}

}  // namespace
}  // namespace sigward::policy
