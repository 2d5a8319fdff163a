#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sealed_memory.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"

namespace sigward::worker {

/// Where one object lies in an EvidenceSet's memory.
struct EvidenceEntry {
  verifier::ObjectKind kind;
  verifier::Digest digest;
  std::size_t offset = 0;
  std::size_t size = 0;
  std::string offered_for;  // digest, empty for blobs
  std::string media_type;
};

/// A place that could not be read.
struct UnreadPlace {
  std::string place;
  base::Error error;
};

/// Evidence as it travels: one sealed memfd, and where each object lies in it. sigwardd hands it on
/// and keeps it, but never looks into it.
struct EvidenceSet {
  base::SealedMemory memory;
  std::vector<EvidenceEntry> entries;
  std::vector<UnreadPlace> unread;
};

}  // namespace sigward::worker
