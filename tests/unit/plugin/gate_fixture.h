#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "evidence_for_testing.h"
#include "fake_clock.h"
#include "plugin/gate/evidence_store.h"
#include "plugin/gate/gate.h"
#include "policies_for_testing.h"
#include "result_matchers.h"
#include "temp_folder.h"
#include "verifyd_answer_for_testing.h"

namespace sigward::testing {

/// A registry of the test's making.
class FakeFetcher final : public worker::Fetcher {
 public:
  base::Result<worker::ResolvedImage> Resolve(const verifier::ImageRef&,
                                              const base::Deadline&) override {
    return worker::ResolvedImage{DigestNumber(1), "application/vnd.oci.image.manifest.v1+json"};
  }
  base::Result<worker::EvidenceSet> FetchEvidence(
      const verifier::ImageRef&, const verifier::Digest&, const policy::SignatureSource& source,
      std::span<const policy::LogPlace> logs, worker::EvidenceScope scope,
      const verifier::Platform&, const base::Deadline& deadline) override {
    ++(scope == worker::EvidenceScope::kImage ? asked_image : asked_member);
    {
      const std::lock_guard lock(asking_);
      asked_logs.emplace_back(logs.begin(), logs.end());
    }
    if (!source.IsOwnRepository()) {
      return FetchElsewhere(source, deadline);
    }
    if (on_ask) {
      if (auto error = on_ask(); error.has_value()) {
        return *error;
      }
    }
    if (fails.has_value()) {
      return *fails;
    }
    auto set = EvidenceOf(scope == worker::EvidenceScope::kImage ? image : member);
    for (const auto& [place, error] : unread) {
      set.unread.push_back({place, error});
    }
    return set;
  }

  std::atomic<int> asked_image = 0;
  std::atomic<int> asked_member = 0;
  /// Runs at each question and may make it fail.
  std::function<std::optional<base::Error>()> on_ask;
  std::optional<base::Error> fails;
  std::vector<ObjectForTesting> image;
  std::vector<ObjectForTesting> member;
  std::vector<std::pair<std::string, base::Error>> unread;

  /// What another repository holds, or why it cannot be read.
  struct Elsewhere {
    std::vector<ObjectForTesting> objects = {};
    std::optional<base::Error> unread = std::nullopt;
  };
  std::map<std::string, Elsewhere> elsewhere;
  /// "registry/repository PREFIX" of each such question, and the time that it had.
  std::vector<std::string> asked_elsewhere;
  std::chrono::milliseconds time_elsewhere{0};
  /// Where each question, in turn, has log entries looked up.
  std::vector<std::vector<policy::LogPlace>> asked_logs;

 private:
  std::mutex asking_;

  base::Result<worker::EvidenceSet> FetchElsewhere(const policy::SignatureSource& source,
                                                   const base::Deadline& deadline) {
    asked_elsewhere.push_back(source.name() + " " + source.tag_prefix);
    time_elsewhere = deadline.Left();
    const Elsewhere& place = elsewhere[source.name()];
    auto set = EvidenceOf(place.objects);
    if (place.unread.has_value()) {
      set.unread.push_back({source.name(), *place.unread});
    }
    return set;
  }
};

/// Takes an object whose bytes are "signed" for a signature by every key in SIGNERS, and one whose
/// bytes are a key for a signature by that key.
class FakeVerifier final : public worker::Verifier {
 public:
  base::Result<worker::VerifydAnswer> Verify(const verifier::Digest& digest,
                                             const verifier::Platform&,
                                             const worker::EvidenceSet& evidence,
                                             const worker::AuthoritiesToAsk& to_ask,
                                             const base::Deadline&) override {
    ++asked;
    if (fails.has_value()) {
      return *fails;
    }
    const verifier::Digest signature = verifier::Digest::Of(base::AsBytes("signed"));
    const bool is_signed =
        std::ranges::any_of(evidence.entries, [&](const auto& e) { return e.digest == signature; });
    worker::VerifydAnswerForTesting answer;
    for (const policy::Authority* authority : to_ask.authorities) {
      const std::string& pem = std::get<policy::KeyRule>(authority->rule).pem;
      const verifier::AuthorityHash& id = *authority->id;
      const bool signs = std::ranges::find(signers, pem) != signers.end();
      const verifier::Digest own = verifier::Digest::Of(base::AsBytes(pem));
      const bool has_own =
          std::ranges::any_of(evidence.entries, [&](const auto& e) { return e.digest == own; });
      if (has_own) {
        answer.Proves(digest, id, own);
      } else if (is_signed && signs) {
        answer.Proves(digest, id, signature);
      } else {
        answer.Fails(id, base::Fail(evidence.entries.empty() ? base::Reason::kNoSignature
                                                             : base::Reason::kBadSignature,
                                    "fake"));
      }
    }
    return answer.answer();
  }

  std::atomic<int> asked = 0;
  std::optional<base::Error> fails;
  std::vector<std::string> signers = {kKeyA};
};

/// A place on the node, besides the store, where evidence lies.
class FakeNodeEvidence final : public gate::NodeEvidence {
 public:
  base::Result<worker::EvidenceSet> Find(const verifier::ImageRef&, const verifier::Digest&,
                                         std::span<const policy::SignatureSource> sources,
                                         const base::Deadline&) override {
    ++asked;
    {
      const std::lock_guard lock(asking_);
      asked_for.assign(sources.begin(), sources.end());
    }
    if (fails.has_value()) {
      return *fails;
    }
    worker::EvidenceSet evidence = EvidenceOf(objects);
    evidence.unread = unread;
    return evidence;
  }

  std::atomic<int> asked = 0;
  std::optional<base::Error> fails;
  std::vector<ObjectForTesting> objects;
  std::vector<policy::SignatureSource> asked_for;
  std::vector<worker::UnreadPlace> unread;

 private:
  std::mutex asking_;
};

class GateFixture : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_THAT(store_.Open(), IsOk()); }

  policy::Workload WorkloadOf(const std::string& reference, int digest = 1) {
    return {policy::Origin::kPull, verifier::ImageRef::Parse(reference).value(),
            DigestNumber(digest), media_type_};
  }
  policy::Decision Decide(const std::shared_ptr<const policy::PolicySnapshot>& snapshot,
                          int digest = 1) {
    return gate_.Decide(snapshot, WorkloadOf("registry.example/app:v1", digest),
                        base::Deadline::After(std::chrono::seconds(5)));
  }

  TempFolder folder_;
  FakeClock clock_;
  FakeFetcher fetcher_;
  FakeVerifier verifier_;
  std::string media_type_ = "application/vnd.oci.image.manifest.v1+json";
  gate::EvidenceStore store_{folder_ / "evidence"};
  FakeNodeEvidence node_evidence_;
  FakeNodeEvidence second_;
  gate::Gate gate_{
      fetcher_, verifier_, &store_, {"linux", "amd64", ""}, clock_, {&node_evidence_, &second_}};
};

}  // namespace sigward::testing
