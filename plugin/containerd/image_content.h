#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "plugin/containerd/containerd.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"
#include "worker/client/reader.h"

namespace sigward::containerd {

/// Objects whose facts are remembered, some 300 bytes each, also that one is no image's object at
/// all (else a store full of hostile ones would have each read anew by every create). They are
/// named by content, so no entry is ever out of date; when there are more, all are forgotten.
inline constexpr std::size_t kMaxRememberedObjects = 32768;

/// What an image on this node is made of, from its name's target down to the files: every object
/// hashed, and read by a child of verifyd.
struct ImageContent {
  verifier::Digest target;
  /// The manifest of the node's platform; the target itself where that is a manifest.
  verifier::Digest manifest;
  verifier::Digest config;
  verifier::Digest chain_id;
  /// verifier::LineageOf of all its chain ids.
  verifier::Digest lineage;
};

/// Reads images of containerd's content store. Safe for use by many threads.
class ImageContents {
 public:
  /// Both outlive it. PLATFORM is the node's.
  ImageContents(Containerd& containerd, worker::Reader& reader, verifier::Platform platform)
      : containerd_(containerd), reader_(reader), platform_(std::move(platform)) {}

  /// Fails with kImageUnknown when an object is not on this node, or as worker::Reader and
  /// Containerd do.
  base::Result<ImageContent> Of(const std::string& ns, const verifier::Digest& target,
                                const base::Deadline& deadline);

  /// What an object of the content store says; fails as Of does.
  base::Result<worker::ImageObjectFacts> Facts(const std::string& ns,
                                               const verifier::Digest& digest,
                                               worker::ImageObjectRole role,
                                               const base::Deadline& deadline);

 private:
  using Key = std::pair<verifier::Digest, worker::ImageObjectRole>;

  base::Result<worker::ImageObjectFacts> Read(const std::string& ns, const verifier::Digest& digest,
                                              worker::ImageObjectRole role,
                                              const base::Deadline& deadline);

  Containerd& containerd_;
  worker::Reader& reader_;
  const verifier::Platform platform_;
  std::mutex mutex_;
  std::map<Key, base::Result<worker::ImageObjectFacts>> remembered_;
};

}  // namespace sigward::containerd
