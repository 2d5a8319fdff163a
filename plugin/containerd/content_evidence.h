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
/// beside the image: cosign's signature image, under its name REPOSITORY:[PREFIX]sha256-HEX.sig, in
/// any namespace. Where it lies is no reason to trust it.
class ContentEvidence final : public gate::NodeEvidence {
 public:
  /// Both outlive it.
  ContentEvidence(Containerd& containerd, ImageContents& contents)
      : containerd_(containerd), contents_(contents) {}

  /// Fails as Containerd does; a signature image that is not whole, or none, counts as absent.
  base::Result<worker::EvidenceSet> Find(const verifier::ImageRef& image,
                                         const verifier::Digest& digest,
                                         std::span<const policy::SignatureSource> sources,
                                         const base::Deadline& deadline) override;

 private:
  class Collected;

  base::Status Collect(const std::string& ns, const Image& signature,
                       const verifier::Digest& subject, Collected& collected,
                       const base::Deadline& deadline);

  Containerd& containerd_;
  ImageContents& contents_;
};

}  // namespace sigward::containerd
