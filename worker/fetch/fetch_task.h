#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "policy/log_place.h"
#include "policy/signature_source.h"
#include "rpc/worker.pb.h"
#include "verifier/evidence.h"
#include "verifier/image_ref.h"
#include "worker/fetch/authorizer.h"
#include "worker/fetch/back_off.h"
#include "worker/fetch/evidence_fetch.h"
#include "worker/fetch/hosts_config.h"
#include "worker/fetch/http.h"
#include "worker/fetch/insecure_notices.h"
#include "worker/fetch/proxy.h"
#include "worker/fetch/registry_shares.h"

namespace sigward::worker {

/// The longest that one question may take, whatever it says.
inline constexpr std::chrono::milliseconds kMaxQuestionTime{60'000};

/// HTTP requests that one question makes, redirects and those for authentication included. The most
/// that an image can need at one host is some 300 (64 bundles whose blobs are redirected).
inline constexpr std::size_t kMaxRequestsPerQuestion = 1024;

/// What all threads share.
struct FetchContext {
  explicit FetchContext(std::string hosts_dir) : hosts(std::move(hosts_dir)) {}

  HostsConfig hosts;
  InsecureNotices notices;
  AuthorizationContext authorization;
  BackOff back_off;
  RegistryShares shares;
  /// Set before the first thread.
  ProxySettings proxies;
};

/// A FetchQuestion that was checked.
struct FetchTask {
  rpc::FetchQuestion::Kind kind;
  /// With a digest exactly where the question has one.
  verifier::ImageRef image;
  verifier::Platform platform;
  std::chrono::milliseconds time;
  /// Where signatures are looked for.
  policy::SignatureSource signatures = {};
  /// Where log entries are looked up that signatures do not carry along.
  std::vector<policy::LogPlace> logs = {};
};

/// Checks QUESTION. The names in it come from sigwardd, which has normalised them; they go into
/// paths and URLs here, so they are parsed once more. Fails with kProtocol.
base::Result<FetchTask> ParseTask(const rpc::FetchQuestion& question);

/// The registries that TASK asks, each once and in one spelling of its name: the image's, and the
/// one where a policy has signatures looked for.
std::vector<std::string> RegistriesOf(const FetchTask& task);

/// The digest and media type that a reference has now: HEAD, and GET with an own SHA-256 where the
/// registry does not say Docker-Content-Digest. Fails with the registry reasons, kTimeout,
/// kConfigInvalid; kRegistryError when the header is no digest or not the one asked for.
struct Resolved {
  verifier::Digest digest;
  std::string media_type;
};
base::Result<Resolved> ResolveName(RepositoryReader& reader, const verifier::ImageRef& image);

/// An answer, and the bytes of its objects one after the other.
struct FetchReply {
  rpc::FetchAnswer answer;
  base::ByteBuffer memory;
};

/// Works TASK out with HTTP. Never fails: what went wrong stands in the answer.
FetchReply Answer(const FetchTask& task, HttpClient& http, FetchContext& context);

}  // namespace sigward::worker
