#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "worker/client/credential_source.h"

namespace sigward::worker {

/// Longest field of a credential, in bytes: tokens of registries have some thousand.
inline constexpr std::size_t kMaxCredentialField = 16U << 10;
/// Longest answer of sigward-credentiald: four fields and what stands around them.
inline constexpr std::size_t kMaxCredentialAnswerBytes = 80U << 10;

/// Asks sigward-credentiald.
class CredentialClient : public CredentialSource {
 public:
  explicit CredentialClient(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  /// As CredentialSource says; kWorkerFailed too when nobody listens, and kProtocol for an answer
  /// out of shape.
  base::Result<std::optional<Credential>> Find(const std::string& host,
                                               const std::string& repository, bool refused,
                                               const base::Deadline& deadline) override;

 private:
  std::string socket_path_;
};

}  // namespace sigward::worker
