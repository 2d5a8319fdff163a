#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/client/reader.h"

namespace sigward::worker {

/// Asks sigward-verifyd, one connection and one child of it a question.
class VerifydReader final : public Reader {
 public:
  explicit VerifydReader(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  base::Result<ImageObjectFacts> ReadImageObject(const verifier::Digest& digest,
                                                 ImageObjectRole role,
                                                 const verifier::Platform& platform,
                                                 const base::SealedMemory& bytes,
                                                 const base::Deadline& deadline) override;
  base::Result<ContainerFacts> ReadContainer(const base::SealedMemory& config,
                                             const base::SealedMemory& mountinfo,
                                             const std::string& bundle,
                                             std::span<const SnapshotMount> mounts,
                                             std::span<const std::string_view> annotations,
                                             const std::string& volumes,
                                             const base::Deadline& deadline) override;
  base::Result<std::vector<verifier::ListedManifest>> ReadListing(
      const std::optional<verifier::Digest>& digest, const base::SealedMemory& index,
      const base::Deadline& deadline) override;
  base::Result<std::vector<SignatureAt>> ReadSignatures(std::span<const ManifestAt> manifests,
                                                        const base::SealedMemory& memory,
                                                        const base::Deadline& deadline) override;

 private:
  std::string socket_path_;
};

}  // namespace sigward::worker
