#include "policy/evaluate.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "policy/canary.h"
#include "policy/explain.h"

namespace sigward::policy {
namespace {

using base::Error;
using base::Fail;
using base::Reason;

AuthorityOutcome Allowed(const Authority& authority) {
  return {.name = authority.name,
          .verdict = Verdict::kAllow,
          .error = std::nullopt,
          .source = authority.source};
}

AuthorityOutcome Failed(const Authority& authority, Verdict verdict, Error error) {
  return {.name = authority.name,
          .verdict = verdict,
          .error = std::move(error),
          .source = authority.source};
}

AuthorityOutcome EvaluateStatic(const Authority& authority, const StaticRule& rule) {
  if (rule.pass) {
    return Allowed(authority);
  }
  return Failed(authority, Verdict::kDeny,
                Fail(Reason::kStaticFail,
                     rule.message.empty() ? "the policy refuses this image" : rule.message));
}

AuthorityOutcome EvaluateSignatures(const Authority& authority, const Workload& workload,
                                    const Findings& findings) {
  if (!authority.id.has_value()) {
    return Failed(authority, Verdict::kDeny,
                  Fail(Reason::kInternal, "an authority that nothing can satisfy"));
  }
  const auto proof = std::ranges::find_if(findings.proofs, [&](const Proof& one) {
    return one.image() == workload.digest && one.authority() == *authority.id;
  });
  if (proof != findings.proofs.end()) {
    AuthorityOutcome allowed = Allowed(authority);
    allowed.signer = proof->signer();
    return allowed;
  }
  // Whatever was found elsewhere, the good signature may lie in the place that could not be read.
  if (findings.unread.has_value()) {
    return Failed(authority, Verdict::kUndetermined, *findings.unread);
  }
  if (const auto unread = findings.unread_at.find(authority.source);
      unread != findings.unread_at.end()) {
    return Failed(authority, Verdict::kUndetermined, unread->second);
  }
  const auto failure = findings.failures.find(*authority.id);
  if (failure == findings.failures.end()) {
    const std::string elsewhere = authority.source.name();
    return Failed(authority, Verdict::kDeny,
                  Fail(Reason::kNoSignature,
                       "no signature found" + (elsewhere.empty() ? "" : " in " + elsewhere)));
  }
  const Verdict verdict =
      base::CouldNotTell(failure->second.reason) ? Verdict::kUndetermined : Verdict::kDeny;
  return Failed(authority, verdict, failure->second);
}

AuthorityOutcome EvaluateAuthority(const Authority& authority, const Workload& workload,
                                   const Findings& findings) {
  if (const auto* rule = std::get_if<StaticRule>(&authority.rule)) {
    return EvaluateStatic(authority, *rule);
  }
  return EvaluateSignatures(authority, workload, findings);
}

/// The one of several failed authorities that says most: "could not tell" where there is one, for
/// then the policy may yet be satisfied; else the first that had something to refuse.
const AuthorityOutcome& MostTelling(const std::vector<AuthorityOutcome>& failed) {
  const auto first = [&](auto&& fits) { return std::find_if(failed.begin(), failed.end(), fits); };
  auto found = first([](const auto& one) { return one.verdict == Verdict::kUndetermined; });
  if (found == failed.end()) {
    found = first([](const auto& one) { return one.error->reason != Reason::kNoSignature; });
  }
  return found == failed.end() ? failed.front() : *found;
}

PolicyOutcome EvaluatePolicy(const Policy& policy, const Workload& workload,
                             const Findings& findings) {
  PolicyOutcome outcome{
      .name = policy.name,
      .mode = policy.mode,
      .verdict = Verdict::kDeny,
      .error = Fail(Reason::kPolicyInvalid, "the policy has no authority"),
      .authorities = {},
  };
  for (const Authority& authority : policy.authorities) {
    outcome.authorities.push_back(EvaluateAuthority(authority, workload, findings));
  }
  if (outcome.authorities.empty()) {
    return outcome;
  }
  const bool satisfied =
      std::any_of(outcome.authorities.begin(), outcome.authorities.end(),
                  [](const AuthorityOutcome& one) { return one.verdict == Verdict::kAllow; });
  if (satisfied) {
    outcome.verdict = Verdict::kAllow;
    outcome.error = std::nullopt;
  } else {
    const AuthorityOutcome& telling = MostTelling(outcome.authorities);
    outcome.verdict = telling.verdict;
    outcome.error = telling.error;
  }
  return outcome;
}

void DecideUnmatched(const PolicySnapshot& snapshot, Decision& decision) {
  const Error unmatched = Fail(Reason::kNoMatchingPolicy, "no policy matches the image");
  if (snapshot.no_match() == NoMatch::kDeny) {
    decision.error = unmatched;
    return;
  }
  if (snapshot.no_match() == NoMatch::kWarn) {
    decision.warnings.push_back(ReasonFirst(unmatched, Verdict::kDeny, "the image") +
                                " (no-match-policy is warn)");
  }
  decision.verdict = Verdict::kAllow;
  decision.error = std::nullopt;
}

/// Takes the outcomes of all policies together. A definite refusal outweighs "could not tell".
void DecideMatched(Decision& decision) {
  const PolicyOutcome* refusing = nullptr;
  for (const PolicyOutcome& policy : decision.policies) {
    if (policy.verdict == Verdict::kAllow) {
      continue;
    }
    if (policy.mode == Mode::kWarn) {
      decision.warnings.push_back(ReasonFirst(*policy.error, policy.verdict, "the image") +
                                  " (policy " + policy.name + ", mode warn)");
    } else if (refusing == nullptr || policy.verdict < refusing->verdict) {
      refusing = &policy;
    }
  }
  if (refusing == nullptr) {
    decision.verdict = Verdict::kAllow;
    decision.error = std::nullopt;
  } else {
    decision.verdict = refusing->verdict;
    decision.error = refusing->error;
  }
}

}  // namespace

namespace {

bool IsListed(const std::set<verifier::Digest>& list, const Workload& workload) {
  return list.contains(workload.digest) ||
         std::ranges::any_of(workload.also, [&](const auto& one) { return list.contains(one); });
}

bool IsRefusedCanary(const Workload& workload) {
  static const verifier::Digest digest = verifier::Digest::Of(base::AsBytes(kCanaryThatIsRefused));
  return workload.digest == digest;
}

bool IsPassingCanary(const Workload& workload) {
  static const verifier::Digest digest = verifier::Digest::Of(base::AsBytes(kCanaryThatPasses));
  return workload.digest == digest;
}

/// True when the node's own lists have decided; the two canaries stand on them everywhere.
bool DecideByLists(const NodeRules& node, const Workload& workload, Decision& decision) {
  if (IsListed(node.deny, workload) || IsRefusedCanary(workload)) {
    decision.basis = Basis::kDenyList;
    decision.error = Fail(Reason::kDenied, "the policy's deny list names this digest");
    return true;
  }
  if (IsListed(node.floor, workload) || IsPassingCanary(workload)) {
    decision.basis = Basis::kFloor;
    decision.verdict = Verdict::kAllow;
    decision.error = std::nullopt;
    return true;
  }
  return false;
}

}  // namespace

std::string_view OriginWord(Origin origin) {
  switch (origin) {
    case Origin::kPull:
      return "pull";
    case Origin::kCommandLine:
      return "command-line";
    case Origin::kRuntime:
      return "runtime";
    case Origin::kNri:
      return "nri";
    case Origin::kPrefetch:
      return "prefetch";
    case Origin::kRunning:
      return "running";
  }
  return "pull";
}

bool MayUseNetwork(Origin origin) {
  switch (origin) {
    case Origin::kPull:
    case Origin::kCommandLine:
    case Origin::kPrefetch:
      return true;
    case Origin::kRuntime:
    case Origin::kNri:
    case Origin::kRunning:
      return false;
  }
  return false;
}

std::string_view VerdictWord(Verdict verdict) {
  switch (verdict) {
    case Verdict::kDeny:
      return "deny";
    case Verdict::kUndetermined:
      return "undetermined";
    case Verdict::kAllow:
      return "allow";
  }
  return "deny";
}

Proof Proof::Of(const verifier::VerifiedSignature& signature) {
  std::optional<Signer> signer;
  if (signature.identity().has_value()) {
    signer = {signature.identity()->issuer, signature.identity()->subject};
  }
  return Proof(signature.image(), signature.authority(), signature.proof().front(),
               signature.format(), signature.docker_reference(), std::move(signer));
}

Decision Evaluate(const PolicySnapshot& snapshot, std::span<const Policy* const> selected,
                  const Workload& workload, const Findings& findings) {
  Decision decision;
  decision.generation = snapshot.generation();
  if (DecideByLists(snapshot.node(), workload, decision)) {
    return decision;
  }
  if (selected.empty()) {
    DecideUnmatched(snapshot, decision);
    return decision;
  }
  for (const Policy* policy : selected) {
    decision.policies.push_back(EvaluatePolicy(*policy, workload, findings));
  }
  DecideMatched(decision);
  return decision;
}

std::vector<const Authority*> SigningAuthorities(std::span<const Policy* const> selected) {
  std::vector<const Authority*> signing;
  std::set<verifier::AuthorityHash> seen;
  for (const Policy* policy : selected) {
    for (const Authority& authority : policy->authorities) {
      if (authority.id.has_value() && seen.insert(*authority.id).second) {
        signing.push_back(&authority);
      }
    }
  }
  return signing;
}

std::vector<SignatureSource> SourcesOf(std::span<const Policy* const> selected) {
  std::vector<SignatureSource> sources;
  for (const Policy* policy : selected) {
    for (const Authority& authority : policy->authorities) {
      if (TakesSignatures(authority) &&
          std::ranges::find(sources, authority.source) == sources.end()) {
        sources.push_back(authority.source);
      }
    }
  }
  return sources;
}

}  // namespace sigward::policy
