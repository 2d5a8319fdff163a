#include "plugin/gate/gate.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "base/log.h"
#include "policy/log_place.h"

namespace sigward::gate {
namespace {

using base::Reason;
using policy::Verdict;
using worker::EvidenceScope;

bool HasAuthorityAt(const policy::Policy& policy, const policy::SignatureSource& source) {
  return std::ranges::any_of(policy.authorities, [&](const policy::Authority& authority) {
    return policy::TakesSignatures(authority) && authority.source == source;
  });
}

/// Of what could not be read the first counts, unless it tells of bad bytes and a later one of an
/// outage.
bool SaysMore(const base::Error& later, const base::Error& first) {
  return !base::CouldNotTell(first.reason) && base::CouldNotTell(later.reason);
}

/// True when no signature that may still be found can change DECISION: every policy is satisfied,
/// or one that is enforced has no authority that a signature could satisfy.
bool IsSettled(const policy::Decision& decision, std::span<const policy::Policy* const> selected) {
  if (decision.basis != policy::Basis::kPolicies) {
    return true;
  }
  bool all_satisfied = true;
  for (std::size_t i = 0; i < selected.size(); ++i) {
    if (decision.policies[i].verdict == Verdict::kAllow) {
      continue;
    }
    const bool hopeless = std::ranges::none_of(selected[i]->authorities, policy::TakesSignatures);
    if (hopeless && selected[i]->mode == policy::Mode::kEnforce) {
      return true;
    }
    all_satisfied = all_satisfied && hopeless;
  }
  return all_satisfied;
}

bool Says(const policy::Decision& decision, Reason reason) {
  return decision.error.has_value() && decision.error->reason == reason;
}

/// False only when the caller knows that the digest does not name an index.
bool MayBeIndex(const std::string& media_type) {
  return media_type.empty() || media_type == "application/vnd.oci.image.index.v1+json" ||
         media_type == "application/vnd.docker.distribution.manifest.list.v2+json";
}

}  // namespace

/// One search for signatures: goes from place to place until the decision is settled.
class Gate::Search {
 public:
  Search(Gate& gate, const policy::PolicySnapshot& snapshot, const policy::Workload& workload,
         const base::Deadline& deadline)
      : gate_(gate),
        snapshot_(snapshot),
        workload_(workload),
        deadline_(deadline),
        selected_(snapshot.Select(workload.image, workload.digest)),
        signing_(policy::SigningAuthorities(selected_)),
        sources_(policy::SourcesOf(selected_)) {}

  /// Decides by remembered signatures alone. True when nothing more has to be looked for.
  bool TryRemembered() {
    for (const policy::Authority* authority : signing_) {
      if (auto proof = gate_.remembered_.Find(workload_.digest, *authority->id)) {
        findings_.proofs.push_back(*std::move(proof));
      }
    }
    return Evaluate();
  }

  void Take(const worker::EvidenceSet& evidence) { TryEvidence(evidence, Place::kElsewhere); }

  /// Looks where a create may look. What is found wanting there is the answer.
  policy::Decision OnThisNode() {
    if (!TryKept()) {
      TryNode();
    }
    return decision_;
  }

  policy::Decision Everywhere() {
    if (TryKept() || TryNode() || TryRegistries(EvidenceScope::kImage)) {
      return decision_;
    }
    if (MayBeIndex(workload_.media_type)) {
      TryRegistries(EvidenceScope::kPlatformMember);
    }
    return decision_;
  }

  /// What is known already, with signatures that could not be looked for.
  policy::Decision GiveUp(base::Error error) {
    CouldNotRead(std::move(error));
    Evaluate();
    return decision_;
  }

  const policy::Decision& decision() const { return decision_; }

 private:
  enum class Place : std::uint8_t { kStore = 1, kElsewhere = 2 };

  bool Evaluate() {
    decision_ = policy::Evaluate(snapshot_, selected_, workload_, findings_);
    return IsSettled(decision_, selected_);
  }

  bool TryKept() {
    if (gate_.store_ == nullptr) {
      return false;
    }
    auto kept = gate_.store_->Load(workload_.digest);
    if (!kept.ok()) {
      base::Log(base::Severity::kWarning, "evidence-unreadable",
                {{"digest", workload_.digest.text()},
                 {"reason", base::ReasonWord(kept.error().reason)},
                 {"detail", kept.error().detail}});
      if (!policy::MayUseNetwork(workload_.origin)) {
        CouldNotRead(std::move(kept).error());
      }
      return false;
    }
    return kept->has_value() && TryEvidence(**kept, Place::kStore);
  }

  bool TryNode() {
    return std::ranges::any_of(gate_.node_, [&](NodeEvidence* place) { return TryPlace(*place); });
  }

  bool TryPlace(NodeEvidence& place) {
    auto found = place.Find(workload_.image, workload_.digest, WantedSources(), deadline_);
    if (!found.ok()) {
      // The registry may still have it; a create has nowhere else to look.
      if (!policy::MayUseNetwork(workload_.origin)) {
        CouldNotRead(std::move(found).error());
      }
      return Evaluate();
    }
    NoteUnread(*found);
    return TryEvidence(*found, Place::kElsewhere);
  }

  void NoteUnread(worker::EvidenceSet& evidence) {
    for (worker::UnreadPlace& place : evidence.unread) {
      CouldNotRead(base::Within(place.place, std::move(place.error)));
    }
  }

  /// The places where an authority of a policy looks that is not satisfied.
  std::vector<policy::SignatureSource> WantedSources() const {
    std::vector<policy::SignatureSource> wanted;
    std::ranges::copy_if(sources_, std::back_inserter(wanted), [&](const auto& source) {
      for (std::size_t i = 0; i < selected_.size(); ++i) {
        if (decision_.policies[i].verdict != Verdict::kAllow &&
            HasAuthorityAt(*selected_[i], source)) {
          return true;
        }
      }
      return false;
    });
    return wanted;
  }

  /// Where the log entries of signatures at SOURCE may be looked up: for authorities that look
  /// there, of a policy that is not satisfied.
  policy::LogPlaces WantedLogs(const policy::SignatureSource& source) const {
    policy::LogPlaces wanted;
    for (std::size_t i = 0; i < selected_.size(); ++i) {
      if (decision_.policies[i].verdict == Verdict::kAllow) {
        continue;
      }
      for (const policy::Authority& authority : selected_[i]->authorities) {
        auto place = policy::LogPlaceOf(authority, snapshot_.transparency_url());
        if (place.has_value() && authority.source == source) {
          wanted.Add(*std::move(place));
        }
      }
    }
    return wanted;
  }

  /// Each place once. One that hangs leaves their share of the time to those behind it.
  bool TryRegistries(EvidenceScope scope) {
    std::set<policy::SignatureSource> asked;
    while (true) {
      std::vector<policy::SignatureSource> wanted = WantedSources();
      std::erase_if(wanted, [&](const auto& source) { return asked.contains(source); });
      if (wanted.empty()) {
        return false;
      }
      const auto share = deadline_.Left() / static_cast<int>(wanted.size());
      if (TryRegistry(scope, wanted.front(), deadline_.Within(share))) {
        return true;
      }
      asked.insert(std::move(wanted.front()));
    }
  }

  bool TryRegistry(EvidenceScope scope, const policy::SignatureSource& source,
                   const base::Deadline& deadline) {
    const policy::LogPlaces logs = WantedLogs(source);
    if (logs.left_out() > 0) {
      CouldNotReadAt(source, base::Fail(Reason::kTooLarge, std::to_string(logs.left_out()) +
                                                               " transparency logs not asked"));
    }
    auto fetched = gate_.fetcher_.FetchEvidence(workload_.image, workload_.digest, source,
                                                logs.places(), scope, gate_.platform_, deadline);
    if (!fetched.ok()) {
      CouldNotReadAt(source, std::move(fetched).error());
      return Evaluate();
    }
    for (worker::UnreadPlace& place : fetched->unread) {
      CouldNotReadAt(source, base::Within(place.place, std::move(place.error)));
    }
    return TryEvidence(*fetched, Place::kElsewhere, &source);
  }

  /// Where EVIDENCE comes from a source, "not signed" is said for those alone that look there.
  bool TryEvidence(const worker::EvidenceSet& evidence, Place place,
                   const policy::SignatureSource* source = nullptr) {
    // What is kept may be older than what the registry holds: its failures are no verdict where the
    // registry is asked next.
    const bool counts_failures = place != Place::kStore || !policy::MayUseNetwork(workload_.origin);
    if (evidence.entries.empty()) {
      return Evaluate();
    }
    auto answer = gate_.verifier_.Verify(workload_.digest, gate_.platform_, evidence,
                                         {Unproven(), snapshot_.trust_roots()}, deadline_);
    if (!answer.ok()) {
      if (counts_failures) {
        CouldNotRead(std::move(answer).error());
      }
      return Evaluate();
    }
    for (const policy::Proof& proof : answer->proofs()) {
      gate_.remembered_.Add(proof);
      findings_.proofs.push_back(proof);
    }
    if (counts_failures) {
      for (const auto& [authority, error] : answer->failures()) {
        if (source == nullptr || LooksAt(authority, *source)) {
          NoteFailure(authority, error);
        }
      }
    }
    if (place != Place::kStore) {
      KeepUsed(evidence, answer->used());
    }
    return Evaluate();
  }

  std::vector<const policy::Authority*> Unproven() const {
    std::vector<const policy::Authority*> unproven;
    std::ranges::copy_if(signing_, std::back_inserter(unproven), [&](const auto* authority) {
      return std::ranges::none_of(findings_.proofs, [&](const policy::Proof& proof) {
        return proof.authority() == *authority->id;
      });
    });
    return unproven;
  }

  /// "No signature" of one place says less than any failure of another.
  void NoteFailure(const verifier::AuthorityHash& authority, const base::Error& error) {
    const auto [place, is_new] = findings_.failures.try_emplace(authority, error);
    if (!is_new && place->second.reason == Reason::kNoSignature) {
      place->second = error;
    }
  }

  bool LooksAt(const verifier::AuthorityHash& id, const policy::SignatureSource& source) const {
    return std::ranges::any_of(selected_, [&](const policy::Policy* policy) {
      return std::ranges::any_of(policy->authorities, [&](const policy::Authority& authority) {
        return authority.id == id && authority.source == source;
      });
    });
  }

  void CouldNotRead(base::Error error) {
    if (!findings_.unread.has_value() || SaysMore(error, *findings_.unread)) {
      findings_.unread = std::move(error);
    }
  }

  void CouldNotReadAt(const policy::SignatureSource& source, base::Error error) {
    const auto [place, is_new] = findings_.unread_at.try_emplace(source, error);
    if (!is_new && SaysMore(error, place->second)) {
      place->second = std::move(error);
    }
  }

  void KeepUsed(const worker::EvidenceSet& evidence, std::span<const verifier::Digest> used) {
    if (used.empty() || gate_.store_ == nullptr) {
      return;
    }
    // A full disk changes no verdict; it only means that the evidence is fetched again.
    if (const base::Status kept = gate_.store_->Keep(workload_.digest, evidence, used);
        !kept.ok()) {
      base::Log(base::Severity::kWarning, "evidence-not-kept",
                {{"digest", workload_.digest.text()},
                 {"reason", base::ReasonWord(kept.error().reason)},
                 {"detail", kept.error().detail}});
    }
  }

  Gate& gate_;
  const policy::PolicySnapshot& snapshot_;
  const policy::Workload& workload_;
  const base::Deadline deadline_;
  const std::vector<const policy::Policy*> selected_;
  const std::vector<const policy::Authority*> signing_;
  const std::vector<policy::SignatureSource> sources_;
  policy::Findings findings_;
  policy::Decision decision_;
};

void Gate::Offer(const policy::PolicySnapshot& snapshot, const policy::Workload& workload,
                 const worker::EvidenceSet& evidence, const base::Deadline& deadline) {
  Search search(*this, snapshot, workload, deadline);
  if (!search.TryRemembered()) {
    search.Take(evidence);
  }
}

policy::Decision Gate::Decide(const std::shared_ptr<const policy::PolicySnapshot>& snapshot,
                              const policy::Workload& workload, const base::Deadline& deadline) {
  if (snapshot == nullptr) {
    policy::Decision none;
    none.verdict = Verdict::kUndetermined;
    none.error = base::Fail(Reason::kPolicyUnavailable, "no policy is active on this node");
    return none;
  }
  Search search(*this, *snapshot, workload, deadline);
  if (search.TryRemembered()) {
    return search.decision();
  }
  if (!policy::MayUseNetwork(workload.origin)) {
    return search.OnThisNode();
  }
  const std::string question = workload.image.pinned(workload.digest) + "#" +
                               std::to_string(snapshot->generation()) + "#" + workload.media_type;
  bool led = false;
  while (true) {
    auto found = searches_.Run(
        question, deadline,
        [&] {
          led = true;
          return search.Everywhere();
        },
        [](const policy::Decision& decision) {
          return Says(decision, Reason::kNoSignature) ? kAbsenceRemembered
                                                      : std::chrono::milliseconds(0);
        });
    if (!found.ok()) {
      return search.GiveUp(std::move(found).error());
    }
    // Who led may have had less time, or met an outage that is over.
    if (led || !Says(*found, Reason::kTimeout) || deadline.Passed()) {
      return *std::move(found);
    }
  }
}

}  // namespace sigward::gate
