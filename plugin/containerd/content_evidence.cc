#include "plugin/containerd/content_evidence.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/sealed_memory.h"
#include "verifier/evidence.h"

namespace sigward::containerd {

using verifier::Digest;
using verifier::ObjectKind;
using worker::EvidenceEntry;
using worker::EvidenceSet;

/// Objects side by side, as they go into one sealed memory.
class ContentEvidence::Collected {
 public:
  bool Has(const Digest& digest) const {
    return std::ranges::any_of(entries_,
                               [&](const EvidenceEntry& one) { return one.digest == digest; });
  }
  std::size_t room() const { return verifier::kMaxEvidenceBytes - bytes_.size(); }
  bool IsFull() const { return entries_.size() >= verifier::kMaxEvidenceObjects; }

  void Add(ObjectKind kind, const Digest& digest, base::ByteView bytes, std::string offered_for) {
    entries_.push_back({kind, digest, bytes_.size(), bytes.size(), std::move(offered_for), ""});
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

  base::Result<EvidenceSet> Seal() && {
    SIGWARD_ASSIGN_OR_RETURN(base::UniqueFd sealed, base::SealBytes(bytes_));
    SIGWARD_ASSIGN_OR_RETURN(
        base::SealedMemory memory,
        base::SealedMemory::Open(std::move(sealed), verifier::kMaxEvidenceBytes));
    return EvidenceSet{std::move(memory), std::move(entries_), {}};
  }

 private:
  base::ByteBuffer bytes_;
  std::vector<EvidenceEntry> entries_;
};

base::Status ContentEvidence::Collect(const std::string& ns, const Image& signature,
                                      const Digest& subject, Collected& collected,
                                      const base::Deadline& deadline) {
  if (collected.Has(signature.target)) {
    return base::Ok();
  }
  const auto facts =
      contents_.Facts(ns, signature.target, worker::ImageObjectRole::kTarget, deadline);
  const auto* manifest = facts.ok() ? std::get_if<worker::ManifestFacts>(&*facts) : nullptr;
  if (manifest == nullptr) {
    // A broken one hides nothing; what could not be told is told.
    return !facts.ok() && base::CouldNotTell(facts.error().reason) ? base::Status(facts.error())
                                                                   : base::Ok();
  }
  std::vector<std::pair<Digest, ObjectKind>> wanted{
      {signature.target, ObjectKind::kLegacyManifest}};
  for (const Digest& layer : manifest->layers) {
    wanted.emplace_back(layer, ObjectKind::kBlob);
  }
  for (const auto& [digest, kind] : wanted) {
    if (collected.IsFull() || collected.Has(digest)) {
      continue;
    }
    const std::size_t max = std::min(collected.room(), verifier::kMaxManifestBytes);
    auto bytes = containerd_.Read(ns, digest, max, deadline);
    if (!bytes.ok() && base::CouldNotTell(bytes.error().reason)) {
      return std::move(bytes).error();
    }
    if (bytes.ok() && bytes->has_value()) {
      collected.Add(kind, digest, (*bytes)->bytes(),
                    kind == ObjectKind::kBlob ? "" : subject.text());
    }
  }
  return base::Ok();
}

base::Result<EvidenceSet> ContentEvidence::Find(const verifier::ImageRef& image,
                                                const Digest& digest,
                                                std::span<const policy::SignatureSource> sources,
                                                const base::Deadline& deadline) {
  const std::string tag =
      std::string(digest.algorithm_name()) + "-" + std::string(digest.hex()) + ".sig";
  SIGWARD_ASSIGN_OR_RETURN(std::vector<std::string> namespaces, containerd_.Namespaces(deadline));
  namespaces.resize(std::min(namespaces.size(), kMaxNamespaces));
  Collected collected;
  for (const policy::SignatureSource& source : sources) {
    const std::string repository = source.IsOwnRepository() ? image.name() : source.name();
    const std::string name = repository + ":" + source.tag_prefix + tag;
    for (const std::string& ns : namespaces) {
      SIGWARD_ASSIGN_OR_RETURN(const auto signature, containerd_.FindImage(ns, name, deadline));
      if (signature.has_value()) {
        SIGWARD_RETURN_IF_ERROR(Collect(ns, *signature, digest, collected, deadline));
      }
    }
  }
  return std::move(collected).Seal();
}

}  // namespace sigward::containerd
