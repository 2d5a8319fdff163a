#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "plugin/containerd/containerd.h"
#include "plugin/containerd/image_content.h"
#include "plugin/gate/gate.h"
#include "verifier/digest.h"
#include "verifier/image_ref.h"
#include "worker/client/evidence_set.h"

namespace sigward::containerd {

/// Namespaces of one containerd that are looked through.
inline constexpr std::size_t kMaxNamespaces = 256;

/// Signatures that lie in containerd's own store because somebody has imported or pulled them
/// beside the image, in any namespace: cosign's signature image, under its name
/// REPOSITORY:[PREFIX]sha256-HEX.sig, and referrers that the index REPOSITORY:[PREFIX]sha256-HEX
/// lists. Where they lie is no reason to trust them.
class ContentEvidence final : public gate::NodeEvidence {
 public:
  /// Both outlive it.
  ContentEvidence(Containerd& containerd, ImageContents& contents)
      : containerd_(containerd), contents_(contents) {}

  /// The signatures of DIGEST, and those of its manifest for the node's platform where DIGEST names
  /// an index that is there. A signature that is not whole, or none, counts as absent. What could
  /// not be read is an unread place beside what could be; where nothing could, it fails as
  /// Containerd and worker::Reader do.
  base::Result<worker::EvidenceSet> Find(const verifier::ImageRef& image,
                                         const verifier::Digest& digest,
                                         std::span<const policy::SignatureSource> sources,
                                         const base::Deadline& deadline) override;

 private:
  struct Look;

  /// True when there was something under the names that stand for SUBJECT.
  bool Collect(Look& look, const verifier::Digest& subject);
  bool CollectAt(Look& look, const std::string& tag, const verifier::Digest& subject);
  void CollectReferrers(Look& look, const ContentBlobs& blobs, const verifier::Digest& target,
                        const verifier::Digest& subject);
  void CollectMember(Look& look, const verifier::Digest& digest);

  Containerd& containerd_;
  ImageContents& contents_;
};

}  // namespace sigward::containerd
