#include "worker/credentials/node_credentials.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "base/log.h"
#include "base/root_only.h"
#include "verifier/image_ref.h"
#include "worker/credentials/docker_config.h"
#include "worker/credentials/docker_credential.h"
#include "worker/credentials/run_program.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Fail;
using base::Reason;

/// The asker is a process that reads foreign bytes: what it names goes to programs of root.
base::Status CheckName(const std::string& host, const std::string& repository) {
  // A name of one label counts as a host only where a port follows.
  const bool lone = host.find_first_of(".:") == std::string::npos && host != "localhost";
  const std::string registry = host + (lone ? ":1" : "");
  const auto image = verifier::ImageRef::Parse(registry + "/" + repository);
  if (!image.ok() || image->registry() != registry || image->repository() != repository ||
      image->tag() != "latest") {
    return Fail(Reason::kConfigInvalid,
                "credentials are known by names of repositories, and this is none");
  }
  return base::Ok();
}

/// The text of a file that decides which credentials are given and which programs run as root.
base::Result<std::string> ReadTrusted(const std::string& path, std::size_t max_bytes) {
  auto text =
      geteuid() == 0 ? base::ReadRootOnlyFile(path, max_bytes) : base::ReadFile(path, max_bytes);
  if (!text.ok()) {
    return Fail(Reason::kConfigInvalid, std::move(text).error().detail);
  }
  return text;
}

std::string_view NameIn(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

/// BASE with MORE, which wins where both have a name.
std::vector<std::string> Merged(const std::vector<std::string>& base,
                                const std::vector<std::string>& more) {
  std::vector<std::string> merged;
  std::copy_if(base.begin(), base.end(), std::back_inserter(merged), [&](const std::string& kept) {
    return std::none_of(more.begin(), more.end(),
                        [&](const std::string& other) { return NameIn(other) == NameIn(kept); });
  });
  merged.insert(merged.end(), more.begin(), more.end());
  return merged;
}

/// Notes why a program gave nothing. What it wrote to standard error is for the log alone, and only
/// then: a program that works may have secrets to say there.
base::Error Complain(const std::string& program, const base::Error& error,
                     const std::string& error_line) {
  base::Log(base::Severity::kWarning, "credential-program-failed",
            {{"program", program},
             {"reason", base::ReasonWord(error.reason)},
             {"detail", error.detail},
             {"stderr", error_line}});
  return base::Within(program, error);
}

}  // namespace

std::vector<std::string> EnvironmentForPrograms(char** environ) {
  constexpr std::string_view kPassed[] = {"PATH",        "HOME",        "HTTP_PROXY", "http_proxy",
                                          "HTTPS_PROXY", "https_proxy", "NO_PROXY",   "no_proxy",
                                          "ALL_PROXY",   "all_proxy"};
  std::vector<std::string> passed{"HOME=/root"};
  std::vector<std::string> found;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable = *entry;
    if (std::find(std::begin(kPassed), std::end(kPassed), NameIn(variable)) != std::end(kPassed)) {
      found.emplace_back(variable);
    }
  }
  return Merged(passed, found);
}

NodeCredentials::NodeCredentials(CredentialPlaces places, const base::Clock& clock)
    : places_(std::move(places)), cache_(clock), flights_(clock) {}

NodeCredentials::Found NodeCredentials::Find(const std::string& host, const std::string& repository,
                                             bool refused, const Deadline& deadline) {
  SIGWARD_RETURN_IF_ERROR(CheckName(host, repository));
  const std::string key = (refused ? "again " : "") + host + "/" + repository;
  while (true) {
    auto flight = flights_.Run(
        key, deadline, [&] { return FindNow(host, repository, refused, deadline); },
        [](const Found&) { return std::chrono::milliseconds(0); });
    if (!flight.ok()) {
      return std::move(flight).error();
    }
    // Who was asked first may have had less time.
    if (flight->ok() || flight->error().reason != Reason::kTimeout || deadline.Passed()) {
      return *std::move(flight);
    }
  }
}

NodeCredentials::Found NodeCredentials::FindNow(const std::string& host,
                                                const std::string& repository, bool refused,
                                                const Deadline& deadline) {
  if (!places_.auth_file.empty()) {
    SIGWARD_ASSIGN_OR_RETURN(std::optional<Credential> found,
                             FromAuthFile(host, repository, deadline));
    if (found.has_value()) {
      return found;
    }
  }
  if (places_.provider_config.empty()) {
    return std::optional<Credential>();
  }
  return FromProviders(host + "/" + repository, refused, deadline);
}

NodeCredentials::Found NodeCredentials::FromAuthFile(const std::string& host,
                                                     const std::string& repository,
                                                     const Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string text,
                           ReadTrusted(places_.auth_file, kMaxDockerConfigBytes));
  const auto config = DockerConfig::Parse(text);
  if (!config.ok()) {
    return base::Within(places_.auth_file, config.error());
  }
  const std::string& helper = config->HelperFor(host);
  if (helper.empty()) {
    return config->Find(host, repository);
  }
  SIGWARD_ASSIGN_OR_RETURN(std::string path,
                           FindProgram("docker-credential-" + helper, places_.search_path));
  const Program program{.path = std::move(path),
                        .arguments = {"get"},
                        .environment = places_.environment,
                        .input = HelperServer(host)};
  SIGWARD_ASSIGN_OR_RETURN(const auto slot, slots_.Take(helper, deadline));
  const auto output = RunProgram(program, deadline);
  if (!output.ok()) {
    return Complain(helper, output.error(), "");
  }
  auto credential = ReadHelperOutput(*output);
  if (!credential.ok()) {
    return Complain(helper, credential.error(), output->error_line);
  }
  return credential;
}

base::Result<std::vector<Provider>> NodeCredentials::Providers() {
  SIGWARD_ASSIGN_OR_RETURN(std::string text,
                           ReadTrusted(places_.provider_config, kMaxProviderConfigBytes));
  auto providers = ParseProviderConfig(text);
  if (!providers.ok()) {
    return base::Within(places_.provider_config, std::move(providers).error());
  }
  const std::lock_guard lock(mutex_);
  if (text != provider_text_) {
    // The same name may be another program by now, or be called in another way.
    cache_.Clear();
    provider_text_ = std::move(text);
  }
  return providers;
}

NodeCredentials::Found NodeCredentials::FromProviders(const std::string& image, bool refused,
                                                      const Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<Provider> providers, Providers());
  std::vector<ProviderAuth> all;
  std::optional<base::Error> failure;
  for (const Provider& provider : providers) {
    if (!provider.Covers(image)) {
      continue;
    }
    if (refused) {
      cache_.Forget(provider.name, image);
    }
    auto auths = Ask(provider, image, deadline);
    if (auths.ok()) {
      all.insert(all.end(), auths->begin(), auths->end());
    } else if (!failure.has_value()) {
      failure = std::move(auths).error();
    }
  }
  auto credential = MostSpecific(all, image);
  if (!credential.has_value() && failure.has_value()) {
    return *std::move(failure);
  }
  return credential;
}

base::Result<std::vector<ProviderAuth>> NodeCredentials::Ask(const Provider& provider,
                                                             const std::string& image,
                                                             const Deadline& deadline) {
  if (auto kept = cache_.Find(provider.name, image)) {
    return *std::move(kept);
  }
  SIGWARD_ASSIGN_OR_RETURN(const auto slot, slots_.Take(provider.name, deadline));
  // Another question may have brought the answer for the whole registry meanwhile.
  if (auto kept = cache_.Find(provider.name, image)) {
    return *std::move(kept);
  }
  SIGWARD_ASSIGN_OR_RETURN(std::string path,
                           CheckedProgram(places_.provider_bin_dir + "/" + provider.name));
  const Program program{.path = std::move(path),
                        .arguments = provider.arguments,
                        .environment = Merged(places_.environment, provider.environment),
                        .input = ProviderRequest(image)};
  const auto output = RunProgram(program, deadline);
  if (!output.ok()) {
    return Complain(provider.name, output.error(), "");
  }
  if (output->exit_code != 0) {
    return Complain(provider.name,
                    Fail(Reason::kWorkerFailed,
                         output->exit_code < 0 ? "was ended by a signal"
                                               : "ended with " + std::to_string(output->exit_code)),
                    output->error_line);
  }
  auto response = ParseProviderResponse(output->out);
  if (!response.ok()) {
    return Complain(provider.name, response.error(), output->error_line);
  }
  cache_.Keep(provider.name, image, *response, provider.default_cache_duration);
  return std::move(response->auths);
}

}  // namespace sigward::worker
