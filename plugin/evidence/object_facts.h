#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "plugin/evidence/blobs.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"
#include "worker/client/reader.h"

namespace sigward::evidence {

/// Objects whose facts are remembered, some 300 bytes each, also that one is no image's object at
/// all (else a store full of hostile ones would have each read anew by every create). They are
/// named by content, so no entry is ever out of date, wherever the bytes lay; when there are more,
/// all are forgotten.
inline constexpr std::size_t kMaxRememberedObjects = 32768;

/// What objects of images say: every one hashed, and read by a child of verifyd. Safe for use by
/// many threads.
class ObjectFacts {
 public:
  /// READER outlives it. PLATFORM is the node's.
  ObjectFacts(worker::Reader& reader, verifier::Platform platform)
      : reader_(reader), platform_(std::move(platform)) {}

  /// What the object with DIGEST in BLOBS says. Fails with kImageUnknown when it is not there, or
  /// as Blobs and worker::Reader do.
  base::Result<worker::ImageObjectFacts> Of(const Blobs& blobs, const verifier::Digest& digest,
                                            worker::ImageObjectRole role,
                                            const base::Deadline& deadline);

  worker::Reader& reader() const { return reader_; }

 private:
  using Key = std::pair<verifier::Digest, worker::ImageObjectRole>;

  base::Result<worker::ImageObjectFacts> Read(const Blobs& blobs, const verifier::Digest& digest,
                                              worker::ImageObjectRole role,
                                              const base::Deadline& deadline);

  worker::Reader& reader_;
  const verifier::Platform platform_;
  std::mutex mutex_;
  std::map<Key, base::Result<worker::ImageObjectFacts>> remembered_;
};

}  // namespace sigward::evidence
