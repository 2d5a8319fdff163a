#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "verifier/manifest.h"
#include "verifier/platform.h"
#include "verifier/signature_listing.h"
#include "worker/client/question_bounds.h"
#include "worker/client/reader.h"

namespace sigward::testing {

/// A reader that hashes and parses here what a child of verifyd would. It knows no configurations
/// and no containers.
class ParsingReader : public worker::Reader {
 public:
  base::Result<worker::ImageObjectFacts> ReadImageObject(const verifier::Digest& digest,
                                                         worker::ImageObjectRole,
                                                         const verifier::Platform& platform,
                                                         const base::SealedMemory& bytes,
                                                         const base::Deadline&) override {
    ++asked;
    SIGWARD_RETURN_IF_ERROR(verifier::CheckDigest(bytes.bytes(), digest, "object"));
    if (const auto index = verifier::ParseIndex(bytes.bytes()); index.ok()) {
      SIGWARD_ASSIGN_OR_RETURN(verifier::Digest member,
                               verifier::ManifestForPlatform(*index, platform));
      return worker::ImageObjectFacts(worker::IndexFacts{std::move(member)});
    }
    SIGWARD_ASSIGN_OR_RETURN(const auto manifest, verifier::ParseManifest(bytes.bytes()));
    worker::ManifestFacts facts{manifest.config.digest, {}};
    for (const verifier::Descriptor& layer : manifest.layers) {
      facts.layers.push_back(layer.digest);
    }
    return worker::ImageObjectFacts(std::move(facts));
  }
  base::Result<worker::ContainerFacts> ReadContainer(const base::SealedMemory&,
                                                     const base::SealedMemory&, const std::string&,
                                                     std::span<const worker::SnapshotMount>,
                                                     std::span<const std::string_view>,
                                                     const std::string&,
                                                     const base::Deadline&) override {
    return base::Fail(base::Reason::kInternal, "no containers here");
  }
  base::Result<std::vector<verifier::ListedManifest>> ReadListing(
      const std::optional<verifier::Digest>& digest, const base::SealedMemory& index,
      const base::Deadline&) override {
    ++listings;
    if (digest) {
      SIGWARD_RETURN_IF_ERROR(verifier::CheckDigest(index.bytes(), *digest, "index"));
    }
    if (on_listing) {
      on_listing();
    }
    if (fails) {
      return *fails;
    }
    return verifier::ListSignatures(index.bytes());
  }
  base::Result<std::vector<worker::SignatureAt>> ReadSignatures(
      std::span<const worker::ManifestAt> manifests, const base::SealedMemory& memory,
      const base::Deadline&) override {
    EXPECT_LE(manifests.size(), worker::kMaxManifestsAtOnce);
    EXPECT_LE(memory.bytes().size(), worker::kMaxReadBytes);
    std::vector<worker::SignatureAt> signatures;
    for (std::size_t i = 0; i < manifests.size(); ++i) {
      const base::ByteView bytes = memory.bytes().subspan(manifests[i].offset, manifests[i].size);
      const auto read = verifier::ReadSignatureManifest(bytes);
      if (read && verifier::CheckDigest(bytes, manifests[i].digest, "manifest").ok()) {
        signatures.push_back({i, *read});
      }
    }
    return signatures;
  }

  std::atomic<int> asked = 0;
  std::atomic<int> listings = 0;
  /// Set before listings are asked for.
  std::optional<base::Error> fails;
  std::function<void()> on_listing;
};

}  // namespace sigward::testing
