#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "policy/log_place.h"
#include "policy/signature_source.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"
#include "verifier/image_ref.h"
#include "worker/client/evidence_set.h"

namespace sigward::worker {

struct ResolvedImage {
  verifier::Digest digest;
  std::string media_type;
};

/// Whose signatures are looked for.
enum class EvidenceScope : std::uint8_t {
  /// Signatures of the digest itself.
  kImage = 1,
  /// The index with that digest, and signatures of its manifest for the platform.
  kPlatformMember = 2,
};

/// Fetches evidence. An interface, so that the gate can be tested without a network.
class Fetcher {
 public:
  Fetcher() = default;
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;
  virtual ~Fetcher() = default;

  /// The digest that a reference names now. Fails with the registry reasons, kTimeout,
  /// kWorkerFailed.
  virtual base::Result<ResolvedImage> Resolve(const verifier::ImageRef& image,
                                              const base::Deadline& deadline) = 0;

  /// What SOURCE holds of signatures of DIGEST; an index is the image's own repository's. LOGS are
  /// asked for entries that signatures do not carry along. Places that could not be read are listed
  /// in the set, they are no failure of the whole. Fails with kTimeout, kWorkerFailed, kOverloaded
  /// or kProtocol.
  virtual base::Result<EvidenceSet> FetchEvidence(
      const verifier::ImageRef& image, const verifier::Digest& digest,
      const policy::SignatureSource& source, std::span<const policy::LogPlace> logs,
      EvidenceScope scope, const verifier::Platform& platform, const base::Deadline& deadline) = 0;
};

/// Asks sigward-fetchd, one connection a question.
class FetchdClient final : public Fetcher {
 public:
  explicit FetchdClient(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  base::Result<ResolvedImage> Resolve(const verifier::ImageRef& image,
                                      const base::Deadline& deadline) override;
  base::Result<EvidenceSet> FetchEvidence(const verifier::ImageRef& image,
                                          const verifier::Digest& digest,
                                          const policy::SignatureSource& source,
                                          std::span<const policy::LogPlace> logs,
                                          EvidenceScope scope, const verifier::Platform& platform,
                                          const base::Deadline& deadline) override;

 private:
  std::string socket_path_;
};

}  // namespace sigward::worker
