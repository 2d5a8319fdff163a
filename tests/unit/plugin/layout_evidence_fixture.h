#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "fake_clock.h"
#include "layout_folder.h"
#include "parsing_reader.h"
#include "plugin/evidence/layout_evidence.h"
#include "result_matchers.h"

namespace sigward::evidence {

/// One layout of root's, and where evidence is looked for in it.
class LayoutEvidenceTest : public ::testing::Test {
 protected:
  base::Result<worker::EvidenceSet> Find(const verifier::Digest& digest) {
    return evidence_.Find(verifier::ImageRef::Parse("registry.example/app:v1").value(), digest, {},
                          base::Deadline::After(std::chrono::seconds(5)));
  }
  base::Result<worker::EvidenceSet> Find() { return Find(image_); }
  /// The objects that were found, by their bytes.
  std::map<std::string, verifier::ObjectKind> Found(const verifier::Digest& digest) {
    std::map<std::string, verifier::ObjectKind> objects;
    const auto found = Find(digest);
    EXPECT_THAT(found, testing::IsOk());
    if (found.ok()) {
      for (const worker::EvidenceEntry& entry : found->entries) {
        objects.emplace(base::AsText(found->memory.bytes().subspan(entry.offset, entry.size)),
                        entry.kind);
      }
    }
    return objects;
  }
  std::map<std::string, verifier::ObjectKind> Found() { return Found(image_); }
  /// Why the only unread place could not be read; nothing when all was read.
  std::string Unread() {
    const auto found = Find();
    EXPECT_THAT(found, testing::IsOk());
    if (!found.ok() || found->unread.empty()) {
      return "";
    }
    return std::string(base::ReasonWord(found->unread[0].error.reason)) + ": " +
           found->unread[0].error.detail;
  }
  void PutBundle(const std::string& bundle) {
    const std::string manifest = testing::BundleManifest(image_, bundle);
    layout_.Put(manifest);
    layout_.Put(bundle);
    listed_.push_back(testing::DescriptorOf(manifest, verifier::kOciManifestType));
    layout_.List(listed_);
  }
  std::map<std::string, verifier::ObjectKind> BundleObjects(const std::string& bundle) const {
    return {{testing::BundleManifest(image_, bundle), verifier::ObjectKind::kReferrerManifest},
            {bundle, verifier::ObjectKind::kBlob}};
  }

  const verifier::Digest image_ = testing::DigestOf("image");
  testing::LayoutFolder layout_;
  std::vector<base::Json> listed_;
  testing::ParsingReader reader_;
  testing::FakeClock clock_;
  ObjectFacts facts_{reader_, {"linux", "amd64", ""}};
  LayoutEvidence evidence_{{layout_.path()}, facts_, clock_};
};

/// What `cosign save` says of a manifest.
inline base::Json SavedAs(const std::string& kind) {
  return {{"annotations", {{"kind", "dev.cosignproject.cosign/" + kind}}}};
}

}  // namespace sigward::evidence
