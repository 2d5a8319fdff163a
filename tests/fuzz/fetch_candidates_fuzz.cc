#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>

#include "base/bytes.h"
#include "verifier/evidence.h"
#include "worker/fetch/candidates.h"

namespace {

using sigward::worker::Candidate;
using sigward::worker::Candidates;

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void Check(const Candidates& candidates, std::size_t max_size) {
  std::set<sigward::verifier::Digest> seen;
  int rank = 0;
  for (const Candidate& candidate : candidates.wanted) {
    Require(candidate.size > 0 && candidate.size <= max_size);
    Require(seen.insert(candidate.digest).second);
    Require(candidate.rank >= rank);
    rank = candidate.rank;
  }
  Require(candidates.wanted.size() + candidates.unusable <= candidates.listed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace verifier = sigward::verifier;
  const std::string_view text = sigward::base::AsText({data, size});
  if (const auto payloads = sigward::worker::LegacyPayloads(text); payloads.ok()) {
    Check(*payloads, verifier::kMaxPayloadBytes);
  }
  if (const auto referrers = sigward::worker::ListedReferrers(text); referrers.ok()) {
    Check(*referrers, verifier::kMaxManifestBytes);
  }
  const auto referrer = sigward::worker::ReadReferrer(text);
  using sigward::worker::ReferrerKind;
  Require(referrer.blobs.empty() ==
          (referrer.kind == ReferrerKind::kOther || referrer.kind == ReferrerKind::kBroken));
  Require(referrer.kind != ReferrerKind::kBundle || referrer.blobs.size() == 1);
  for (const auto& blob : referrer.blobs) {
    Require(blob.size <= (referrer.kind == ReferrerKind::kBundle ? verifier::kMaxBundleBytes
                                                                 : verifier::kMaxPayloadBytes));
  }
  return 0;
}
