#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "base/sealed_memory.h"
#include "rpc/worker.pb.h"
#include "worker/client/evidence_objects.h"

namespace {

void Require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

/// A memory of a size that objects can hit and miss.
sigward::base::SealedMemory Memory() {
  static const int fd = [] {
    const sigward::base::ByteBuffer bytes(4096, 'm');
    return sigward::base::SealBytes(bytes).value().Release();
  }();
  return sigward::base::SealedMemory::Open(sigward::base::UniqueFd(dup(fd)), 4096).value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sigward;
  rpc::FetchAnswer answer;
  if (!answer.ParseFromArray(data, static_cast<int>(size))) {
    return 0;
  }
  const auto set = worker::ParseEvidenceSet(answer, Memory());
  if (!set.ok()) {
    Require(set.error().reason == base::Reason::kProtocol);
    return 0;
  }
  std::size_t total = 0;
  const base::ByteView bytes = set->memory.bytes();
  for (const worker::EvidenceEntry& entry : set->entries) {
    Require(entry.offset <= bytes.size() && entry.size <= bytes.size() - entry.offset);
    total += entry.size;
  }
  Require(total <= verifier::kMaxEvidenceBytes);
  Require(set->entries.size() <= verifier::kMaxEvidenceObjects);
  Require(set->unread.size() <= worker::kMaxUnreadPlaces);
  Require(worker::EvidenceIn(bytes, set->entries).size() == set->entries.size());
  // What was taken is taken again as it was written.
  const auto again = worker::ParseObjects(worker::ToObjects(set->entries), bytes.size());
  Require(again.ok() && again->size() == set->entries.size());
  return 0;
}
