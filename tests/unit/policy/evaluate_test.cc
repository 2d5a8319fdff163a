#include "policy/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "result_matchers.h"
#include "signed_image.h"

namespace sigward::policy {
namespace {

using base::Fail;
using base::Reason;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ProofBy;
using testing::SigningKey;

verifier::Digest Image() {
  return verifier::Digest::Of(base::AsBytes("the image"));
}

Workload Asked() {
  return {.origin = Origin::kPull,
          .image = verifier::ImageRef::Parse("registry.example/app").value(),
          .digest = Image()};
}

Authority Pass() {
  return {"pass", StaticRule{.pass = true, .message = ""}};
}
Authority Refuse(const std::string& message) {
  return {"refuse", StaticRule{.pass = false, .message = message}};
}
Authority By(const std::string& name, const SigningKey& key) {
  return key.Authority(name);
}

Policy Named(const std::string& name, std::vector<Authority> authorities,
             Mode mode = Mode::kEnforce) {
  Policy policy;
  policy.name = name;
  policy.mode = mode;
  policy.globs.push_back(Glob::Parse("**").value());
  policy.authorities = std::move(authorities);
  return policy;
}

Decision Decide(const std::vector<Policy>& policies, const Findings& findings,
                NoMatch no_match = NoMatch::kDeny) {
  const auto snapshot = PolicySnapshot::Parse(Compile({}, no_match, ""), 9).value();
  std::vector<const Policy*> selected;
  for (const Policy& policy : policies) {
    selected.push_back(&policy);
  }
  return Evaluate(*snapshot, selected, Asked(), findings);
}

void ExpectRefused(const Decision& decision, Verdict verdict, Reason reason) {
  EXPECT_EQ(decision.verdict, verdict) << VerdictWord(decision.verdict);
  ASSERT_TRUE(decision.error.has_value());
  EXPECT_EQ(decision.error->reason, reason) << decision.error->detail;
}

void ExpectAllowed(const Decision& decision) {
  EXPECT_EQ(decision.verdict, Verdict::kAllow);
  EXPECT_FALSE(decision.error.has_value()) << decision.error->detail;
}

TEST(EvaluateTest, StartsWithADenial) {
  ExpectRefused(Decision(), Verdict::kDeny, Reason::kInternal);
}

TEST(EvaluateTest, AllowsWhatAKeyHasSigned) {
  const SigningKey key;
  const Decision decision =
      Decide({Named("p", {By("release", key)})},
             {.proofs = {ProofBy(key, Image())}, .failures = {}, .unread = {}});
  ExpectAllowed(decision);
  EXPECT_EQ(decision.generation, 9U);
  ASSERT_EQ(decision.policies.size(), 1U);
  EXPECT_EQ(decision.policies[0].verdict, Verdict::kAllow);
  ASSERT_EQ(decision.policies[0].authorities.size(), 1U);
  EXPECT_EQ(decision.policies[0].authorities[0].name, "release");
  EXPECT_EQ(decision.policies[0].authorities[0].verdict, Verdict::kAllow);
}

TEST(EvaluateTest, CarriesAProofsContentFromItsWitness) {
  const SigningKey key;
  const Proof proof = ProofBy(key, Image());
  EXPECT_EQ(proof.image(), Image());
  EXPECT_EQ(proof.authority(), key.Id());
  EXPECT_EQ(proof.format(), verifier::SignatureFormat::kCosignLegacy);
  EXPECT_EQ(proof.docker_reference(), "registry.example/app");
  EXPECT_NE(proof.evidence(), Image());
}

TEST(EvaluateTest, DoesNotLookAtAProofOfAnotherImage) {
  const SigningKey key;
  const verifier::Digest other = verifier::Digest::Of(base::AsBytes("another image"));
  ExpectRefused(Decide({Named("p", {By("release", key)})},
                       {.proofs = {ProofBy(key, other)}, .failures = {}, .unread = {}}),
                Verdict::kDeny, Reason::kNoSignature);
}

TEST(EvaluateTest, DoesNotLookAtAProofByAnotherKeyOrHash) {
  const SigningKey key;
  const SigningKey other;
  ExpectRefused(Decide({Named("p", {By("release", key)})},
                       {.proofs = {ProofBy(other, Image())}, .failures = {}, .unread = {}}),
                Verdict::kDeny, Reason::kNoSignature);
  Authority sha512 = {"release", KeyRule::Of(key.Pem(), verifier::HashAlgorithm::kSha512).value()};
  sha512.id = IdOf(sha512, {}).value();
  ExpectRefused(Decide({Named("p", {sha512})},
                       {.proofs = {ProofBy(key, Image())}, .failures = {}, .unread = {}}),
                Verdict::kDeny, Reason::kNoSignature);
}

TEST(EvaluateTest, NothingSatisfiesAnAuthorityWithoutAnId) {
  const SigningKey key;
  Authority without = By("release", key);
  without.id.reset();
  ExpectRefused(Decide({Named("p", {without})},
                       {.proofs = {ProofBy(key, Image())}, .failures = {}, .unread = {}}),
                Verdict::kDeny, Reason::kInternal);
}

TEST(EvaluateTest, SaysNoSignatureWhenNothingIsKnownOfAKey) {
  ExpectRefused(Decide({Named("p", {By("release", SigningKey())})}, {}), Verdict::kDeny,
                Reason::kNoSignature);
}

TEST(EvaluateTest, CannotTellWhileAPlaceIsUnread) {
  const SigningKey key;
  Findings findings;
  findings.unread = Fail(Reason::kUnreachable, "connection refused");
  const std::vector<Policy> policies = {Named("p", {By("release", key)})};
  ExpectRefused(Decide(policies, findings), Verdict::kUndetermined, Reason::kUnreachable);
  // A definite failure elsewhere does not rule out a good signature in the unread place.
  findings.failures.emplace(key.Id(), Fail(Reason::kBadSignature, "does not fit"));
  ExpectRefused(Decide(policies, findings), Verdict::kUndetermined, Reason::kUnreachable);
  // A proof needs no further place.
  findings.proofs.push_back(ProofBy(key, Image()));
  ExpectAllowed(Decide(policies, findings));
}

TEST(EvaluateTest, APlaceThatIsUnreadConcernsThoseThatLookThere) {
  const SigningKey key;
  Authority elsewhere = By("elsewhere", key);
  elsewhere.source = SignatureSource::Of("other.example/sigs", "").value();
  Findings findings;
  findings.unread_at.emplace(elsewhere.source, Fail(Reason::kUnreachable, "connection refused"));
  ExpectRefused(Decide({Named("p", {elsewhere})}, findings), Verdict::kUndetermined,
                Reason::kUnreachable);
  ExpectRefused(Decide({Named("p", {By("beside", key)})}, findings), Verdict::kDeny,
                Reason::kNoSignature);
  Authority prefixed = elsewhere;
  prefixed.source.tag_prefix = "rel-";
  ExpectRefused(Decide({Named("p", {prefixed})}, findings), Verdict::kDeny, Reason::kNoSignature);
  const Decision both = Decide({Named("p", {By("beside", key), elsewhere})}, findings);
  ExpectRefused(both, Verdict::kUndetermined, Reason::kUnreachable);
  EXPECT_EQ(both.policies[0].authorities[1].source, elsewhere.source);
  findings.proofs.push_back(ProofBy(key, Image()));
  ExpectAllowed(Decide({Named("p", {elsewhere})}, findings));
}

TEST(EvaluateTest, SaysWhereNothingWasFound) {
  Authority elsewhere = By("elsewhere", SigningKey());
  elsewhere.source = SignatureSource::Of("other.example/sigs", "").value();
  const Decision decision = Decide({Named("p", {elsewhere})}, {});
  ASSERT_TRUE(decision.error.has_value());
  EXPECT_EQ(decision.error->detail, "no signature found in other.example/sigs");
}

TEST(EvaluateTest, CollectsEachSourceOnceAndInOrder) {
  const SigningKey key;
  Authority elsewhere = By("elsewhere", key);
  elsewhere.source = SignatureSource::Of("other.example/sigs", "").value();
  Authority prefixed = By("prefixed", key);
  prefixed.source = SignatureSource::Of("", "rel-").value();
  const Policy first = Named("a", {Pass(), elsewhere, By("beside", key)});
  const Policy second = Named("b", {prefixed, elsewhere});
  const std::vector<const Policy*> selected = {&first, &second};
  EXPECT_THAT(SourcesOf(selected),
              ElementsAre(elsewhere.source, SignatureSource(), prefixed.source));
  const Policy decided = Named("c", {Pass()});
  const std::vector<const Policy*> none = {&decided};
  EXPECT_TRUE(SourcesOf(none).empty());
}

TEST(EvaluateTest, GivesTheFailureOfTheKey) {
  const SigningKey key;
  Findings findings;
  findings.failures.emplace(key.Id(), Fail(Reason::kDigestMismatch, "names another image"));
  ExpectRefused(Decide({Named("p", {By("release", key)})}, findings), Verdict::kDeny,
                Reason::kDigestMismatch);
  findings.failures.at(key.Id()) = Fail(Reason::kEvidenceMissing, "a layer is missing");
  ExpectRefused(Decide({Named("p", {By("release", key)})}, findings), Verdict::kUndetermined,
                Reason::kEvidenceMissing);
}

TEST(EvaluateTest, OneAuthoritySatisfiesAPolicy) {
  const SigningKey first;
  const SigningKey second;
  const Policy policy = Named("p", {By("first", first), By("second", second)});
  ExpectAllowed(
      Decide({policy}, {.proofs = {ProofBy(second, Image())}, .failures = {}, .unread = {}}));
  ExpectAllowed(Decide({Named("p", {By("first", first), Pass()})}, {}));
  const Decision none = Decide({policy}, {});
  ExpectRefused(none, Verdict::kDeny, Reason::kNoSignature);
  EXPECT_EQ(none.policies.at(0).authorities.size(), 2U);
}

TEST(EvaluateTest, OfSeveralAuthoritiesTheOneThatSaysMostGivesTheReason) {
  const SigningKey silent;
  const SigningKey bad;
  const SigningKey unknown;
  Findings findings;
  findings.failures.emplace(bad.Id(), Fail(Reason::kBadSignature, "does not fit"));
  ExpectRefused(Decide({Named("p", {By("silent", silent), By("bad", bad)})}, findings),
                Verdict::kDeny, Reason::kBadSignature);
  findings.failures.emplace(unknown.Id(), Fail(Reason::kTimeout, "too late"));
  ExpectRefused(
      Decide({Named("p", {By("bad", bad), By("unknown", unknown), Refuse("")})}, findings),
      Verdict::kUndetermined, Reason::kTimeout);
}

TEST(EvaluateTest, EveryPolicyMustBeSatisfied) {
  ExpectAllowed(Decide({Named("a", {Pass()}), Named("b", {Pass()})}, {}));
  const Decision decision =
      Decide({Named("a", {Pass()}), Named("b", {Refuse("not here")}), Named("c", {Pass()})}, {});
  ExpectRefused(decision, Verdict::kDeny, Reason::kStaticFail);
  EXPECT_EQ(decision.error->detail, "not here");
  EXPECT_EQ(decision.policies.size(), 3U);
}

TEST(EvaluateTest, ARefusalOutweighsCouldNotTellInEitherOrder) {
  Findings findings;
  findings.unread = Fail(Reason::kTimeout, "too late");
  const Policy unsure = Named("unsure", {By("key", SigningKey())});
  const Policy refusing = Named("refusing", {Refuse("")});
  ExpectRefused(Decide({unsure, refusing}, findings), Verdict::kDeny, Reason::kStaticFail);
  ExpectRefused(Decide({refusing, unsure}, findings), Verdict::kDeny, Reason::kStaticFail);
  ExpectRefused(Decide({unsure, Named("good", {Pass()})}, findings), Verdict::kUndetermined,
                Reason::kTimeout);
}

TEST(EvaluateTest, ModeWarnTurnsBothBadOutcomesIntoWarnings) {
  Findings findings;
  findings.unread = Fail(Reason::kTimeout, "too late");
  const Decision decision = Decide({Named("one", {Refuse("soon")}, Mode::kWarn),
                                    Named("two", {By("key", SigningKey())}, Mode::kWarn)},
                                   findings);
  ExpectAllowed(decision);
  EXPECT_THAT(decision.warnings,
              ElementsAre("static-fail: soon: the image (policy one, mode warn)",
                          "timeout: could not check the image: too late (policy two, mode warn)"));
  EXPECT_EQ(decision.policies.at(0).verdict, Verdict::kDeny);
  EXPECT_EQ(decision.policies.at(1).verdict, Verdict::kUndetermined);
}

TEST(EvaluateTest, AWarningDoesNotHideARefusal) {
  const Decision decision = Decide(
      {Named("strict", {By("key", SigningKey())}), Named("w", {Refuse("x")}, Mode::kWarn)}, {});
  ExpectRefused(decision, Verdict::kDeny, Reason::kNoSignature);
  EXPECT_EQ(decision.warnings.size(), 1U);
}

TEST(EvaluateTest, AnImageWithoutAPolicyGetsWhatNoMatchSays) {
  ExpectRefused(Decide({}, {}, NoMatch::kDeny), Verdict::kDeny, Reason::kNoMatchingPolicy);
  const Decision warned = Decide({}, {}, NoMatch::kWarn);
  ExpectAllowed(warned);
  EXPECT_THAT(warned.warnings, ElementsAre(HasSubstr("no-matching-policy")));
  const Decision allowed = Decide({}, {}, NoMatch::kAllow);
  ExpectAllowed(allowed);
  EXPECT_TRUE(allowed.warnings.empty());
}

TEST(EvaluateTest, NoMatchPlaysNoPartWhereAPolicyMatches) {
  ExpectRefused(Decide({Named("p", {Refuse("")})}, {}, NoMatch::kAllow), Verdict::kDeny,
                Reason::kStaticFail);
}

TEST(EvaluateTest, APolicyWithoutAuthoritiesNeverPasses) {
  const Decision decision = Decide({Named("empty", {})}, {});
  ExpectRefused(decision, Verdict::kDeny, Reason::kPolicyInvalid);
}

TEST(EvaluateTest, CollectsEachSigningAuthorityOnce) {
  const SigningKey one;
  const SigningKey two;
  const Policy a = Named("a", {By("x", one), Pass(), By("y", two)});
  const Policy b = Named("b", {By("other name", one)});
  const std::vector<const Policy*> selected = {&a, &b};
  const auto signing = SigningAuthorities(selected);
  ASSERT_EQ(signing.size(), 2U);
  EXPECT_EQ(signing[0]->id, one.Id());
  EXPECT_EQ(signing[1]->id, two.Id());
}

TEST(EvaluateTest, NamesVerdictsAndOrigins) {
  EXPECT_EQ(VerdictWord(Verdict::kAllow), "allow");
  EXPECT_EQ(VerdictWord(Verdict::kDeny), "deny");
  EXPECT_EQ(VerdictWord(Verdict::kUndetermined), "undetermined");
  EXPECT_EQ(OriginWord(Origin::kPull), "pull");
  EXPECT_EQ(OriginWord(Origin::kCommandLine), "command-line");
}

}  // namespace
}  // namespace sigward::policy
