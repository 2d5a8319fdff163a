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

/// One search. What cannot be read hides nothing else.
struct ContentEvidence::Look {
  void Note(const base::Status& status) {
    if (!status.ok() && !problem) {
      problem = status.error();
    }
  }

  /// What names of signatures begin with, "REPOSITORY:[PREFIX]".
  const std::vector<std::string> beginnings;
  const std::vector<std::string> namespaces;
  evidence::CollectedEvidence collected;
  const base::Deadline deadline;
  /// The first thing that could not be read.
  std::optional<base::Error> problem = {};
};

void ContentEvidence::CollectReferrers(Look& look, const ContentBlobs& blobs, const Digest& target,
                                       const Digest& subject) {
  const auto catalogue =
      Catalogue::ReadReferrersTag(target, blobs, contents_.facts().reader(), look.deadline);
  if (!catalogue.ok()) {
    look.Note(catalogue.error());
    return;
  }
  for (const Candidate& candidate : catalogue->Of(subject)) {
    look.Note(look.collected.AddSignature(blobs, candidate, subject, look.deadline));
  }
  look.Note(catalogue->problem() ? base::Status(*catalogue->problem()) : base::Ok());
}

bool ContentEvidence::CollectAt(Look& look, const std::string& tag, const Digest& subject) {
  bool found = false;
  const auto target_of = [&](const std::string& ns, const std::string& name) {
    auto image = containerd_.FindImage(ns, name, look.deadline);
    if (!image.ok()) {
      look.Note(image.error());
    }
    const bool is_there = image.ok() && image->has_value();
    found = found || is_there;
    return is_there ? std::optional((*image)->target) : std::nullopt;
  };
  for (const std::string& ns : look.namespaces) {
    const ContentBlobs blobs(containerd_, ns);
    if (const auto signature = target_of(ns, tag + ".sig")) {
      look.Note(look.collected.AddSignature(blobs, {*signature, ObjectKind::kLegacyManifest},
                                            subject, look.deadline));
    }
    if (const auto referrers = target_of(ns, tag)) {
      CollectReferrers(look, blobs, *referrers, subject);
    }
  }
  return found;
}

bool ContentEvidence::Collect(Look& look, const Digest& subject) {
  const std::string digest_tag =
      std::string(subject.algorithm_name()) + "-" + std::string(subject.hex());
  bool found = false;
  for (const std::string& beginning : look.beginnings) {
    found = CollectAt(look, beginning + digest_tag, subject) || found;
  }
  return found;
}

/// A signature of this node's manifest counts for the index that lists it.
void ContentEvidence::CollectMember(Look& look, const Digest& digest) {
  for (const std::string& ns : look.namespaces) {
    const ContentBlobs blobs(containerd_, ns);
    const auto facts =
        contents_.facts().Of(blobs, digest, worker::ImageObjectRole::kTarget, look.deadline);
    if (!facts.ok()) {
      look.Note(base::CouldNotTell(facts.error().reason) ? base::Status(facts.error())
                                                         : base::Ok());
      continue;
    }
    const auto* index = std::get_if<worker::IndexFacts>(&*facts);
    if (index != nullptr && Collect(look, index->member)) {
      look.Note(look.collected.AddIndex(blobs, digest, look.deadline));
    }
    return;
  }
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
  Collect(look, digest);
  CollectMember(look, digest);
  SIGWARD_ASSIGN_OR_RETURN(EvidenceSet evidence, std::move(look.collected).Seal());
  if (look.problem) {
    if (evidence.entries.empty()) {
      return *std::move(look.problem);
    }
    evidence.unread.push_back({"containerd's content store", *std::move(look.problem)});
  }
  return evidence;
}

}  // namespace sigward::containerd
