#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/single_flight.h"
#include "worker/client/credential_source.h"
#include "worker/credentials/program_slots.h"
#include "worker/credentials/provider_cache.h"
#include "worker/credentials/provider_config.h"

namespace sigward::worker {

/// Where this node's credentials come from.
struct CredentialPlaces {
  /// docker's config.json; empty: none.
  std::string auth_file;
  /// kubelet's CredentialProviderConfig and the folder of its programs; empty: none.
  std::string provider_config;
  std::string provider_bin_dir;
  /// For docker-credential-NAME: absolute folders between colons.
  std::string search_path;
  /// "NAME=value", for every program.
  std::vector<std::string> environment;
};

/// PATH, HOME ("/root" where there is none) and what names a proxy in ENVIRON: nothing else of this
/// process's environment is a program's business.
std::vector<std::string> EnvironmentForPrograms(char** environ);

/// Finds credentials on this node: in the auth file first, with the helpers that it names, then by
/// the credential providers that match. Nothing of the files is kept: each is read again for each
/// question, so that a change counts at once. Only the answers of providers are kept, for as long
/// as they say.
class NodeCredentials : public CredentialSource {
 public:
  NodeCredentials(CredentialPlaces places, const base::Clock& clock);

  /// As CredentialSource says. A file that cannot be read, trusted or parsed is kConfigInvalid, and
  /// so is a name that is no repository's; a program that fails is kWorkerFailed. None of it is
  /// ever "no credential".
  base::Result<std::optional<Credential>> Find(const std::string& host,
                                               const std::string& repository, bool refused,
                                               const base::Deadline& deadline) override;

 private:
  using Found = base::Result<std::optional<Credential>>;

  Found FindNow(const std::string& host, const std::string& repository, bool refused,
                const base::Deadline& deadline);
  Found FromAuthFile(const std::string& host, const std::string& repository,
                     const base::Deadline& deadline);
  Found FromProviders(const std::string& image, bool refused, const base::Deadline& deadline);
  base::Result<std::vector<ProviderAuth>> Ask(const Provider& provider, const std::string& image,
                                              const base::Deadline& deadline);
  base::Result<std::vector<Provider>> Providers();

  const CredentialPlaces places_;
  ProviderCache cache_;
  base::SingleFlight<Found> flights_;
  ProgramSlots slots_;
  std::mutex mutex_;
  /// What the cached answers were given under.
  std::string provider_text_;
};

}  // namespace sigward::worker
