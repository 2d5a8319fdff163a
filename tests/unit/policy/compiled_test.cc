#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/strict_json.h"
#include "policy/snapshot.h"
#include "result_matchers.h"
#include "signed_image.h"

namespace sigward::policy {
namespace {

using base::Json;
using base::Reason;
using testing::FailsWith;
using testing::IsOk;

/// A small document with every field, for the tests to break.
Json Document() {
  static const std::string pem = testing::SigningKey().Pem();
  return {{"format", "sigward.policy/v1"},
          {"noMatch", "warn"},
          {"transparencyUrl", "https://rekor.example"},
          {"policies",
           {{{"name", "b"},
             {"mode", "enforce"},
             {"images", {"registry.example/**", "*"}},
             {"authorities",
              {{{"name", "release"},
                {"key", {{"pem", pem}, {"hash", "sha512"}}},
                {"source", {{"repository", "docker.io/team/sigs"}, {"tagPrefix", "rel-"}}}},
               {{"name", "never"}, {"static", {{"action", "fail"}, {"message", "no\nway"}}}}}}},
            {{"name", "a"},
             {"mode", "warn"},
             {"images", {"**"}},
             {"authorities", {{{"name", "all"}, {"static", {{"action", "pass"}}}}}}}}}};
}

TEST(CompiledTest, ReadsEveryField) {
  const auto snapshot = PolicySnapshot::Parse(Document().dump(), 42).value();
  EXPECT_EQ(snapshot->generation(), 42U);
  EXPECT_EQ(snapshot->no_match(), NoMatch::kWarn);
  EXPECT_EQ(snapshot->transparency_url(), "https://rekor.example");
  ASSERT_EQ(snapshot->policies().size(), 2U);
  const Policy& a = snapshot->policies()[0];
  const Policy& b = snapshot->policies()[1];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.mode, Mode::kWarn);
  EXPECT_TRUE(std::get<StaticRule>(a.authorities.at(0).rule).pass);
  EXPECT_EQ(b.name, "b");
  EXPECT_EQ(b.mode, Mode::kEnforce);
  ASSERT_EQ(b.globs.size(), 2U);
  EXPECT_EQ(b.globs[0].text(), "registry.example/**");
  ASSERT_EQ(b.authorities.size(), 2U);
  EXPECT_EQ(b.authorities[0].name, "release");
  EXPECT_EQ(std::get<KeyRule>(b.authorities[0].rule).hash, verifier::HashAlgorithm::kSha512);
  EXPECT_EQ(b.authorities[0].source, SignatureSource::Of("team/sigs", "rel-").value());
  EXPECT_EQ(b.authorities[1].source, SignatureSource());
  const auto& fail = std::get<StaticRule>(b.authorities[1].rule);
  EXPECT_FALSE(fail.pass);
  EXPECT_EQ(fail.message, "no\nway");
}

TEST(CompiledTest, WritesOneSpellingWhateverTheOrder) {
  const auto snapshot = PolicySnapshot::Parse(Document().dump(), 1).value();
  std::vector<Policy> policies = snapshot->policies();
  const std::string text = Compile(policies, snapshot->no_match(), snapshot->transparency_url());
  std::swap(policies[0], policies[1]);
  EXPECT_EQ(Compile(policies, snapshot->no_match(), snapshot->transparency_url()), text);
  const auto again = PolicySnapshot::Parse(text, 1).value();
  EXPECT_EQ(Compile(again->policies(), again->no_match(), again->transparency_url()), text);
  EXPECT_EQ(Json::parse(text)["policies"][0]["name"], "a");
  EXPECT_EQ(text.back(), '\n');
}

TEST(CompiledTest, TakesAPolicySetWithoutPolicies) {
  const auto snapshot = PolicySnapshot::Parse(Compile({}, NoMatch::kAllow, ""), 1).value();
  EXPECT_TRUE(snapshot->policies().empty());
  EXPECT_EQ(snapshot->no_match(), NoMatch::kAllow);
  EXPECT_EQ(snapshot->transparency_url(), "");
}

struct Breakage {
  std::string name;
  std::function<void(Json&)> breaks;
  /// What the text must name.
  std::string where;
};

class CompiledBreakageTest : public ::testing::TestWithParam<Breakage> {};

TEST_P(CompiledBreakageTest, RefusesTheWhole) {
  Json document = Document();
  GetParam().breaks(document);
  const auto parsed = PolicySnapshot::Parse(document.dump(), 1);
  ASSERT_THAT(parsed, FailsWith(Reason::kPolicyInvalid));
  EXPECT_NE(parsed.error().detail.find(GetParam().where), std::string::npos)
      << parsed.error().detail;
}

Json& First(Json& document) {
  return document["policies"][0];
}
Json& Key(Json& document) {
  return First(document)["authorities"][0]["key"];
}
Json& Static(Json& document) {
  return First(document)["authorities"][1]["static"];
}

Json& Source(Json& document) {
  return First(document)["authorities"][0]["source"];
}

const std::vector<Breakage> kBreakages = {
    {"SourceIsAString", [](Json& d) { Source(d) = "team/sigs"; }, "authorities[0].source"},
    {"SourceIsNull", [](Json& d) { Source(d) = nullptr; }, "authorities[0].source"},
    {"SourceIsEmpty", [](Json& d) { Source(d) = Json::object(); }, "source is empty"},
    {"UnknownSourceField", [](Json& d) { Source(d)["oci"] = "x"; }, "unknown field oci"},
    {"SourceIsNotNormalised", [](Json& d) { Source(d)["repository"] = "team/sigs"; },
     "not normalised"},
    {"SourceIsInUpperCase", [](Json& d) { Source(d)["repository"] = "R.example/sigs"; },
     "not normalised"},
    {"SourceWithATag", [](Json& d) { Source(d)["repository"] = "r.example/sigs:v1"; },
     "authorities[0].source"},
    {"SourceRepositoryIsEmpty", [](Json& d) { Source(d)["repository"] = ""; }, "not normalised"},
    {"SourceRepositoryIsANumber", [](Json& d) { Source(d)["repository"] = 1; },
     "source.repository"},
    {"SourcePrefixIsEmpty", [](Json& d) { Source(d)["tagPrefix"] = ""; }, "not normalised"},
    {"SourcePrefixIsNone", [](Json& d) { Source(d)["tagPrefix"] = "a/b"; },
     "authorities[0].source"},
    {"SourceOfAStatic",
     [](Json& d) {
       First(d)["authorities"][1]["source"] = {{"tagPrefix", "a"}};
     },
     "unknown field source"},
    {"RootIsAList", [](Json& d) { d = Json::array(); }, "policy is not an object"},
    {"NoFormat", [](Json& d) { d.erase("format"); }, "policy.format"},
    {"OtherFormat", [](Json& d) { d["format"] = "sigward.policy/v2"; }, "policy.format"},
    {"NoNoMatch", [](Json& d) { d.erase("noMatch"); }, "policy.noMatch"},
    {"OtherNoMatch", [](Json& d) { d["noMatch"] = "Deny"; }, "policy.noMatch"},
    {"BadUrl", [](Json& d) { d["transparencyUrl"] = "x"; }, "policy.transparencyUrl"},
    {"NullUrl", [](Json& d) { d["transparencyUrl"] = nullptr; }, "policy.transparencyUrl"},
    {"UnknownRootField", [](Json& d) { d["extra"] = 1; }, "unknown field extra"},
    {"NoPolicies", [](Json& d) { d.erase("policies"); }, "policy.policies"},
    {"PoliciesIsAnObject", [](Json& d) { d["policies"] = Json::object(); }, "policy.policies"},
    {"PolicyIsAString", [](Json& d) { First(d) = "x"; }, "policies[0] is not an object"},
    {"UnknownPolicyField", [](Json& d) { First(d)["match"] = 1; }, "unknown field match"},
    {"NoName", [](Json& d) { First(d).erase("name"); }, "policies[0].name"},
    {"BadName", [](Json& d) { First(d)["name"] = "B"; }, "policies[0].name"},
    {"SameNameTwice", [](Json& d) { First(d)["name"] = "a"; }, "two policies have the name a"},
    {"NoMode", [](Json& d) { First(d).erase("mode"); }, "policies[0].mode"},
    {"OtherMode", [](Json& d) { First(d)["mode"] = "audit"; }, "policies[0].mode"},
    {"NoImages", [](Json& d) { First(d).erase("images"); }, "policies[0].images"},
    {"EmptyImages", [](Json& d) { First(d)["images"] = Json::array(); }, "images is empty"},
    {"BadGlob", [](Json& d) { First(d)["images"][1] = "a?"; }, "policies[0].images[1]"},
    {"GlobIsANumber", [](Json& d) { First(d)["images"][0] = 1; }, "policies[0].images[0]"},
    {"NoAuthorities", [](Json& d) { First(d).erase("authorities"); }, "policies[0].authorities"},
    {"EmptyAuthorities", [](Json& d) { First(d)["authorities"] = Json::array(); },
     "authorities is empty"},
    {"AuthorityWithoutName", [](Json& d) { First(d)["authorities"][0].erase("name"); },
     "policies[0].authorities[0].name"},
    {"AuthorityNameWithALineBreak", [](Json& d) { First(d)["authorities"][0]["name"] = "a\nb"; },
     "policies[0].authorities[0].name"},
    {"AuthorityNameTwice", [](Json& d) { First(d)["authorities"][0]["name"] = "never"; },
     "two authorities"},
    {"AuthorityWithNeither", [](Json& d) { First(d)["authorities"][0].erase("key"); },
     "policies[0].authorities[0] has not exactly one"},
    {"AuthorityWithBoth",
     [](Json& d) {
       First(d)["authorities"][0]["static"] = {{"action", "pass"}};
     },
     "policies[0].authorities[0] has not exactly one"},
    {"UnknownAuthorityField", [](Json& d) { First(d)["authorities"][0]["attestations"] = 1; },
     "unknown field attestations"},
    {"KeyIsAString", [](Json& d) { Key(d) = "pem"; }, "policies[0].authorities[0].key"},
    {"NoPem", [](Json& d) { Key(d).erase("pem"); }, "policies[0].authorities[0].key.pem"},
    {"BadPem", [](Json& d) { Key(d)["pem"] = "x"; }, "policies[0].authorities[0].key"},
    {"HashInUpperCase", [](Json& d) { Key(d)["hash"] = "SHA256"; },
     "policies[0].authorities[0].key.hash"},
    {"OtherHash", [](Json& d) { Key(d)["hash"] = "md5"; }, "policies[0].authorities[0].key.hash"},
    {"NullHash", [](Json& d) { Key(d)["hash"] = nullptr; }, "policies[0].authorities[0].key.hash"},
    {"UnknownKeyField", [](Json& d) { Key(d)["kms"] = ""; }, "unknown field kms"},
    {"NoAction", [](Json& d) { Static(d).erase("action"); },
     "policies[0].authorities[1].static.action"},
    {"OtherAction", [](Json& d) { Static(d)["action"] = "allow"; },
     "policies[0].authorities[1].static.action"},
    {"MessageIsANumber", [](Json& d) { Static(d)["message"] = 1; },
     "policies[0].authorities[1].static.message"},
    {"UnknownStaticField", [](Json& d) { Static(d)["note"] = ""; }, "unknown field note"},
};

INSTANTIATE_TEST_SUITE_P(All, CompiledBreakageTest, ::testing::ValuesIn(kBreakages),
                         [](const ::testing::TestParamInfo<Breakage>& param) {
                           return param.param.name;
                         });

TEST(CompiledTest, RefusesTextThatIsNotStrictJson) {
  const std::string good = Document().dump();
  EXPECT_THAT(PolicySnapshot::Parse(good, 1), IsOk());
  const std::vector<std::string> bad_texts = {
      "",
      good + "x",
      good.substr(0, good.size() - 1),
      R"({"format":"sigward.policy/v1","noMatch":"deny","noMatch":"allow","policies":[]})",
  };
  for (const std::string& bad : bad_texts) {
    EXPECT_THAT(PolicySnapshot::Parse(bad, 1), FailsWith(Reason::kPolicyInvalid)) << bad;
  }
}

Json Repeated(const Json& one, std::size_t count) {
  Json list = Json::array();
  for (std::size_t i = 0; i < count; ++i) {
    list.push_back(one);
    if (one.is_object()) {
      list.back()["name"] = "n" + std::to_string(i);
    }
  }
  return list;
}

TEST(CompiledTest, BoundsItsLists) {
  Json document = Document();
  const Json policy = document["policies"][1];
  const auto parse = [&] { return PolicySnapshot::Parse(document.dump(), 1); };

  document["policies"] = Repeated(policy, kMaxPolicies);
  EXPECT_THAT(parse(), IsOk());
  document["policies"] = Repeated(policy, kMaxPolicies + 1);
  EXPECT_THAT(parse(), FailsWith(Reason::kTooLarge));

  document = Document();
  First(document)["images"] = Repeated("**", kMaxGlobsPerPolicy);
  EXPECT_THAT(parse(), IsOk());
  First(document)["images"] = Repeated("**", kMaxGlobsPerPolicy + 1);
  EXPECT_THAT(parse(), FailsWith(Reason::kTooLarge));

  document = Document();
  const Json authority = policy["authorities"][0];
  First(document)["authorities"] = Repeated(authority, kMaxAuthoritiesPerPolicy);
  EXPECT_THAT(parse(), IsOk());
  First(document)["authorities"] = Repeated(authority, kMaxAuthoritiesPerPolicy + 1);
  EXPECT_THAT(parse(), FailsWith(Reason::kTooLarge));
}

TEST(CompiledTest, BoundsItsBytes) {
  const std::string text = Document().dump();
  EXPECT_THAT(PolicySnapshot::Parse(text + std::string(kMaxCompiledBytes - text.size(), ' '), 1),
              IsOk());
  EXPECT_THAT(
      PolicySnapshot::Parse(text + std::string(kMaxCompiledBytes - text.size() + 1, ' '), 1),
      FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::policy
