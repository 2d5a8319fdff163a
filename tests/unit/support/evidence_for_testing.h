#pragma once

#include <string>
#include <vector>

#include "base/sealed_memory.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"
#include "worker/client/evidence_set.h"

namespace sigward::testing {

struct ObjectForTesting {
  verifier::ObjectKind kind;
  std::string bytes;
  std::string offered_for = "";
};

/// An evidence set that holds OBJECTS, each under its true digest.
inline worker::EvidenceSet EvidenceOf(const std::vector<ObjectForTesting>& objects) {
  std::string all;
  std::vector<worker::EvidenceEntry> entries;
  for (const ObjectForTesting& object : objects) {
    entries.push_back({object.kind, verifier::Digest::Of(base::AsBytes(object.bytes)), all.size(),
                       object.bytes.size(), object.offered_for,
                       object.kind == verifier::ObjectKind::kBlob
                           ? ""
                           : "application/vnd.oci.image.manifest.v1+json"});
    all += object.bytes;
  }
  auto memory = base::SealedMemory::Open(base::SealBytes(base::AsBytes(all)).value(), all.size());
  return {std::move(memory).value(), std::move(entries), {}};
}

}  // namespace sigward::testing
