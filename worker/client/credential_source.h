#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace sigward::worker {

/// What shows a registry who asks. Either the user's name and password, or one of the tokens; never
/// printed, logged or put into an error.
struct Credential {
  /// For HTTP basic authentication, at the registry or at its token server.
  std::string username;
  std::string password;
  /// An OAuth2 refresh token for the token server (docker's "identitytoken", and what a credential
  /// helper returns under the name "<token>").
  std::string identity_token;
  /// A bearer token that the registry takes as it is (docker's "registrytoken").
  std::string registry_token;
};

/// Knows the credentials of this node. An interface, so that who reads registries can be tested
/// without programs that are run for it. Safe for several threads.
class CredentialSource {
 public:
  CredentialSource() = default;
  CredentialSource(const CredentialSource&) = delete;
  CredentialSource& operator=(const CredentialSource&) = delete;
  virtual ~CredentialSource() = default;

  /// The credential for REPOSITORY ("library/nginx") at HOST, the one that is really asked:
  /// "registry.example:5000", a mirror's own name, "docker.io" for Docker Hub. No value: there is
  /// none, ask as nobody. REFUSED: the host has just refused what was given before, so it is not
  /// given again from a memory. Fails with kTimeout, kWorkerFailed, kConfigInvalid or kOverloaded.
  virtual base::Result<std::optional<Credential>> Find(const std::string& host,
                                                       const std::string& repository, bool refused,
                                                       const base::Deadline& deadline) = 0;
};

}  // namespace sigward::worker
