#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "base/sealed_memory.h"
#include "plugin/containerd/containerd.h"
#include "plugin/evidence/blobs.h"
#include "plugin/evidence/object_facts.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"
#include "worker/client/reader.h"

namespace sigward::containerd {

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

/// The content store of one containerd as one namespace sees it.
class ContentBlobs final : public evidence::Blobs {
 public:
  /// CONTAINERD outlives it.
  ContentBlobs(Containerd& containerd, std::string ns)
      : containerd_(containerd), ns_(std::move(ns)) {}

  base::Result<std::optional<base::SealedMemory>> Read(
      const verifier::Digest& digest, std::size_t max_bytes,
      const base::Deadline& deadline) const override {
    return containerd_.Read(ns_, digest, max_bytes, deadline);
  }
  std::string place() const override { return "containerd's content store"; }

 private:
  Containerd& containerd_;
  const std::string ns_;
};

/// Reads images of containerd's content store. Safe for use by many threads.
class ImageContents {
 public:
  /// Both outlive it. PLATFORM is the node's.
  ImageContents(Containerd& containerd, worker::Reader& reader, verifier::Platform platform)
      : containerd_(containerd), facts_(reader, std::move(platform)) {}

  /// Fails with kImageUnknown when an object is not on this node, or as worker::Reader and
  /// Containerd do.
  base::Result<ImageContent> Of(const std::string& ns, const verifier::Digest& target,
                                const base::Deadline& deadline);

  /// What an object of the content store says; fails as Of does.
  base::Result<worker::ImageObjectFacts> Facts(const std::string& ns,
                                               const verifier::Digest& digest,
                                               worker::ImageObjectRole role,
                                               const base::Deadline& deadline);

  /// Where facts are remembered, by whomever they are asked for.
  evidence::ObjectFacts& facts() { return facts_; }

 private:
  Containerd& containerd_;
  evidence::ObjectFacts facts_;
};

}  // namespace sigward::containerd
