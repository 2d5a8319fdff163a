#include "plugin/containerd/image_content.h"

#include <utility>

namespace sigward::containerd {

using base::Fail;
using base::Reason;
using verifier::Digest;
using worker::ImageObjectFacts;
using worker::ImageObjectRole;

base::Result<ImageObjectFacts> ImageContents::Facts(const std::string& ns, const Digest& digest,
                                                    ImageObjectRole role,
                                                    const base::Deadline& deadline) {
  const Key key(digest, role);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = remembered_.find(key); found != remembered_.end()) {
      return found->second;
    }
  }
  auto facts = Read(ns, digest, role, deadline);
  // What could not be told now may be told the next time, what is not here may come, and bytes that
  // were not the digest's may be mended.
  if (!facts.ok() &&
      (base::CouldNotTell(facts.error().reason) || facts.error().reason == Reason::kImageUnknown ||
       facts.error().reason == Reason::kDigestMismatch)) {
    return facts;
  }
  const std::lock_guard lock(mutex_);
  if (remembered_.size() >= kMaxRememberedObjects) {
    remembered_.clear();
  }
  remembered_.emplace(key, facts);
  return facts;
}

base::Result<ImageObjectFacts> ImageContents::Read(const std::string& ns, const Digest& digest,
                                                   ImageObjectRole role,
                                                   const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(const auto bytes,
                           containerd_.Read(ns, digest, verifier::kMaxManifestBytes, deadline));
  if (!bytes.has_value()) {
    return Fail(Reason::kImageUnknown, digest.text() + " is not in containerd's content store");
  }
  return reader_.ReadImageObject(digest, role, platform_, *bytes, deadline);
}

base::Result<ImageContent> ImageContents::Of(const std::string& ns, const Digest& target,
                                             const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(ImageObjectFacts facts,
                           Facts(ns, target, ImageObjectRole::kTarget, deadline));
  Digest manifest = target;
  if (const auto* index = std::get_if<worker::IndexFacts>(&facts)) {
    manifest = index->member;
    SIGWARD_ASSIGN_OR_RETURN(facts, Facts(ns, manifest, ImageObjectRole::kManifest, deadline));
  }
  const auto* said = std::get_if<worker::ManifestFacts>(&facts);
  if (said == nullptr) {
    return Fail(Reason::kWrongType, manifest.text() + " is no manifest");
  }
  const Digest config = said->config;
  SIGWARD_ASSIGN_OR_RETURN(facts, Facts(ns, config, ImageObjectRole::kConfig, deadline));
  const auto* configuration = std::get_if<worker::ConfigFacts>(&facts);
  if (configuration == nullptr) {
    return Fail(Reason::kWrongType, config.text() + " is no image configuration");
  }
  return ImageContent{target, manifest, config, configuration->chain_id, configuration->lineage};
}

}  // namespace sigward::containerd
