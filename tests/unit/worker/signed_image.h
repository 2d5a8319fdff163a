#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sealed_memory.h"
#include "image_evidence.h"
#include "policy/snapshot.h"
#include "rpc/worker.pb.h"
#include "test_key.h"
#include "worker/client/evidence_set.h"
#include "worker/client/verifyd_client.h"

namespace sigward::testing {

/// EVIDENCE as it travels.
worker::EvidenceSet SetOf(const ImageEvidence& evidence);

/// TestImage with a legacy signature and a bundle by KEY.
worker::EvidenceSet SignedBy(const TestKey& key);

policy::Authority AuthorityFor(const TestKey& key,
                               std::optional<verifier::HashAlgorithm> hash = std::nullopt);
worker::AuthoritiesToAsk Asking(const std::vector<policy::Authority>& rules);
/// COUNT rules for P-256 keys that have signed nothing.
std::vector<policy::Authority> StrangeAuthorities(std::size_t count);

/// The question whether RULES have signed TestImage by EVIDENCE, with a nonce of 'n's.
rpc::VerifyQuestion QuestionAbout(const worker::EvidenceSet& evidence,
                                  const std::vector<policy::Authority>& rules);

/// An evidence whose verification against the rules takes many seconds of computing: as many
/// signatures as are looked at, and as many keys as may be, on the slowest curve.
struct SlowQuestion {
  SlowQuestion();
  std::vector<policy::Authority> rules;
  worker::EvidenceSet evidence;
};

}  // namespace sigward::testing
