#include "plugin/containerd/image_content.h"

#include <variant>

namespace sigward::containerd {

using base::Fail;
using base::Reason;
using verifier::Digest;
using worker::ImageObjectFacts;
using worker::ImageObjectRole;

base::Result<ImageObjectFacts> ImageContents::Facts(const std::string& ns, const Digest& digest,
                                                    ImageObjectRole role,
                                                    const base::Deadline& deadline) {
  return facts_.Of(ContentBlobs(containerd_, ns), digest, role, deadline);
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
