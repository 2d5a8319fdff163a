#include "plugin/containerd/content_evidence.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/reason.h"
#include "plugin/evidence/catalogue.h"
#include "plugin/evidence/collected_evidence.h"
#include "verifier/evidence.h"

namespace sigward::containerd {

using evidence::Candidate;
using evidence::Catalogue;
using verifier::Digest;
using verifier::ObjectKind;
using worker::EvidenceSet;

/// One search.
struct ContentEvidence::Look {
  /// What names of signatures begin with, "REPOSITORY:[PREFIX]".
  const std::vector<std::string> beginnings;
  const std::vector<std::string> namespaces;
  evidence::CollectedEvidence collected;
  const base::Deadline deadline;
};

base::Status ContentEvidence::CollectReferrers(Look& look, const ContentBlobs& blobs,
                                               const Digest& target, const Digest& subject) {
  SIGWARD_ASSIGN_OR_RETURN(
      const Catalogue catalogue,
      Catalogue::ReadReferrersTag(target, blobs, contents_.facts().reader(), look.deadline));
  for (const Candidate& candidate : catalogue.Of(subject)) {
    SIGWARD_RETURN_IF_ERROR(look.collected.AddSignature(blobs, candidate, subject, look.deadline));
  }
  return catalogue.problem() ? base::Status(*catalogue.problem()) : base::Ok();
}

base::Result<bool> ContentEvidence::CollectAt(Look& look, const std::string& tag,
                                              const Digest& subject) {
  bool found = false;
  for (const std::string& ns : look.namespaces) {
    const ContentBlobs blobs(containerd_, ns);
    SIGWARD_ASSIGN_OR_RETURN(const auto signature,
                             containerd_.FindImage(ns, tag + ".sig", look.deadline));
    SIGWARD_ASSIGN_OR_RETURN(const auto referrers, containerd_.FindImage(ns, tag, look.deadline));
    if (signature.has_value()) {
      SIGWARD_RETURN_IF_ERROR(look.collected.AddSignature(
          blobs, {signature->target, ObjectKind::kLegacyManifest}, subject, look.deadline));
    }
    if (referrers.has_value()) {
      SIGWARD_RETURN_IF_ERROR(CollectReferrers(look, blobs, referrers->target, subject));
    }
    found = found || signature.has_value() || referrers.has_value();
  }
  return found;
}

base::Result<bool> ContentEvidence::Collect(Look& look, const Digest& subject) {
  const std::string digest_tag =
      std::string(subject.algorithm_name()) + "-" + std::string(subject.hex());
  bool found = false;
  for (const std::string& beginning : look.beginnings) {
    SIGWARD_ASSIGN_OR_RETURN(const bool here, CollectAt(look, beginning + digest_tag, subject));
    found = found || here;
  }
  return found;
}

/// A signature of this node's manifest counts for the index that lists it.
base::Status ContentEvidence::CollectMember(Look& look, const Digest& digest) {
  for (const std::string& ns : look.namespaces) {
    const ContentBlobs blobs(containerd_, ns);
    const auto facts =
        contents_.facts().Of(blobs, digest, worker::ImageObjectRole::kTarget, look.deadline);
    if (!facts.ok()) {
      if (base::CouldNotTell(facts.error().reason)) {
        return facts.error();
      }
      continue;
    }
    const auto* index = std::get_if<worker::IndexFacts>(&*facts);
    if (index == nullptr) {
      return base::Ok();
    }
    SIGWARD_ASSIGN_OR_RETURN(const bool found, Collect(look, index->member));
    return found ? look.collected.AddIndex(blobs, digest, look.deadline) : base::Ok();
  }
  return base::Ok();
}

base::Result<EvidenceSet> ContentEvidence::Find(const verifier::ImageRef& image,
                                                const Digest& digest,
                                                std::span<const policy::SignatureSource> sources,
                                                const base::Deadline& deadline) {
  std::vector<std::string> beginnings;
  for (const policy::SignatureSource& source : sources) {
    beginnings.push_back((source.IsOwnRepository() ? image.name() : source.name()) + ":" +
                         source.tag_prefix);
  }
  SIGWARD_ASSIGN_OR_RETURN(std::vector<std::string> namespaces, containerd_.Namespaces(deadline));
  namespaces.resize(std::min(namespaces.size(), kMaxNamespaces));
  Look look{std::move(beginnings), std::move(namespaces),
            evidence::CollectedEvidence(contents_.facts()), deadline};
  SIGWARD_RETURN_IF_ERROR(Collect(look, digest));
  SIGWARD_RETURN_IF_ERROR(CollectMember(look, digest));
  return std::move(look.collected).Seal();
}

}  // namespace sigward::containerd
