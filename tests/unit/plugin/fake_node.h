#pragma once

#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fake_containerd.h"
#include "parsing_reader.h"
#include "plugin/containerd/image_content.h"
#include "verifier/chain_id.h"
#include "worker/client/reader.h"

namespace sigward::testing {

/// A reader whose answers about objects and containers stand in a table.
class FakeReader final : public ParsingReader {
 public:
  using Answer = base::Result<worker::ImageObjectFacts>;

  void Put(const verifier::Digest& digest, worker::ImageObjectRole role, Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_.insert_or_assign({digest, role}, std::move(answer));
  }
  void PutContainer(base::Result<worker::ContainerFacts> facts) {
    const std::lock_guard lock(mutex_);
    container_ = std::move(facts);
  }

  base::Result<worker::ImageObjectFacts> ReadImageObject(const verifier::Digest& digest,
                                                         worker::ImageObjectRole role,
                                                         const verifier::Platform&,
                                                         const base::SealedMemory&,
                                                         const base::Deadline&) override {
    const std::lock_guard lock(mutex_);
    ++asked;
    const auto found = answers_.find({digest, role});
    return found == answers_.end()
               ? Answer(base::Fail(base::Reason::kWrongType, "not in the table"))
               : found->second;
  }
  base::Result<worker::ContainerFacts> ReadContainer(
      const base::SealedMemory&, const base::SealedMemory&, const std::string& bundle,
      std::span<const worker::SnapshotMount> mounts, std::span<const std::string_view>,
      const std::string& volumes, const base::Deadline&) override {
    const std::lock_guard lock(mutex_);
    asked_bundle = bundle;
    asked_volumes = volumes;
    asked_mounts.assign(mounts.begin(), mounts.end());
    return container_;
  }

  std::string asked_bundle;
  std::string asked_volumes;
  std::vector<worker::SnapshotMount> asked_mounts;

 private:
  std::mutex mutex_;
  std::map<std::pair<verifier::Digest, worker::ImageObjectRole>, Answer> answers_;
  base::Result<worker::ContainerFacts> container_ = worker::ContainerFacts{};
};

/// The chain id of the NUMBERth set of files.
inline verifier::Digest ChainNumber(int number) {
  return DigestNumber(900'000 + number);
}

/// Its lineage: an image of one layer.
inline verifier::Digest LineageNumber(int number) {
  return verifier::LineageOf(std::vector{ChainNumber(number)});
}

/// containerd, its images and a reader that knows what is in them.
class FakeNode {
 public:
  static constexpr const char* kNs = "default";

  /// The NUMBERth image, with its own manifest and configuration and the files of chain CHAIN. The
  /// target is an index when IS_INDEX says so. In overlayfs the chain is committed.
  containerd::ImageContent PutImage(const std::string& name, int number, int chain,
                                    bool is_index = false, const std::string& ns = kNs) {
    containerd::ImageContent content{
        DigestNumber(10 * number), DigestNumber(10 * number + (is_index ? 1 : 0)),
        DigestNumber(10 * number + 2), ChainNumber(chain), LineageNumber(chain)};
    containerd.PutImage(ns, {name, content.target,
                             is_index ? "application/vnd.oci.image.index.v1+json"
                                      : "application/vnd.oci.image.manifest.v1+json"});
    for (const auto& digest : {content.target, content.manifest, content.config}) {
      containerd.PutContent(ns, digest);
    }
    using worker::ImageObjectRole;
    if (is_index) {
      reader.Put(content.target, ImageObjectRole::kTarget, {worker::IndexFacts{content.manifest}});
      reader.Put(content.manifest, ImageObjectRole::kManifest,
                 {worker::ManifestFacts{content.config, {}}});
    } else {
      reader.Put(content.target, ImageObjectRole::kTarget,
                 {worker::ManifestFacts{content.config, {}}});
    }
    reader.Put(content.config, ImageObjectRole::kConfig,
               {worker::ConfigFacts{content.chain_id, content.lineage}});
    PutChain(chain, "overlayfs", ns);
    return content;
  }

  void PutChain(int chain, const std::string& snapshotter, const std::string& ns = kNs) {
    containerd.PutSnapshot(ns, snapshotter, ChainNumber(chain).text(), "",
                           containerd::SnapshotKind::kCommitted);
  }

  /// A container whose record names IMAGE and whose files are CHAIN's.
  void PutContainer(const std::string& id, const std::string& image, int chain,
                    const std::string& snapshotter = "overlayfs", const std::string& ns = kNs) {
    PutChain(chain, snapshotter, ns);
    containerd.PutContainer(ns, {id, image, snapshotter, id});
    containerd.PutSnapshot(ns, snapshotter, id, ChainNumber(chain).text());
  }

  FakeContainerd containerd;
  FakeReader reader;
  containerd::ImageContents contents{containerd, reader, {"linux", "amd64", ""}};
};

}  // namespace sigward::testing
