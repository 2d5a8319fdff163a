#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/log_place.h"
#include "worker/fetch/evidence_fetch.h"
#include "worker/fetch/fetch_task.h"
#include "worker/fetch/http.h"
#include "worker/fetch/log_entries.h"
#include "worker/fetch/registry_shares.h"

namespace sigward::worker {

/// Look-ups that one question makes, and entries that it passes on: these take places among the
/// signatures that are looked at, and leave most of them to what lay in the registry.
inline constexpr std::size_t kMaxLookUps = 64;
inline constexpr std::size_t kMaxLookedUpEntries = verifier::kMaxSignatures / 4;

/// Looks up the log entries of signatures that do not carry theirs along, for one question.
///
/// A log is asked as nobody: it gets neither credentials nor client certificates nor headers of
/// hosts.toml, and no redirect of it is followed. Of what hosts.toml says of its host, the
/// authorities, `skip_verify` and `dial_timeout` count. Half of the time that is left is the logs'.
/// What a log answers is held on its own account, and what is made of it on the registry's.
class LogLookUps {
 public:
  /// PLACES come from a checked question. All but the deadline outlive this.
  LogLookUps(HttpClient& http, FetchContext& context, const std::vector<policy::LogPlace>& places,
             base::Deadline deadline)
      : http_(&http), context_(&context), places_(&places), deadline_(deadline) {}

  /// Puts, before each manifest in EVIDENCE with signatures that the logs know, further manifests
  /// with one of them and one entry each. A log that could not be asked is a failure in EVIDENCE;
  /// one that knows nothing, or finds the signature not to be one by the key (400 or 422 in Rekor's
  /// way, as JSON), is none.
  void Complete(FetchedEvidence& evidence);

 private:
  struct Unlogged {
    std::size_t object = 0;
    /// Its place among its manifest's.
    std::size_t turn = 0;
    UnloggedSignature signature;
  };
  struct Query {
    std::size_t unlogged = 0;
    std::string json;
  };
  /// One log, with the keys of all authorities that name it.
  struct Log {
    std::string url;
    std::vector<std::string> keys;
  };

  /// Of each signature the annotations of its entries, and the places at logs that these are held
  /// on the account of.
  struct Found {
    std::vector<std::vector<std::string>> entries;
    std::vector<std::unique_ptr<RegistryShares::Place>> places;
  };

  std::vector<Unlogged> UnloggedIn(const FetchedEvidence& evidence);
  std::vector<Log> Logs() const;
  std::vector<Query> QueriesFor(const Log& log, const std::vector<Unlogged>& unlogged);
  base::Result<Endpoint> EndpointOf(const Log& log);
  void Ask(const Log& log, const std::vector<Query>& queries, const base::Deadline& deadline,
           Found& found, FetchedEvidence& evidence);
  std::vector<base::Result<HttpResponse>> Perform(const Endpoint& endpoint,
                                                  const std::vector<Query>& queries,
                                                  const base::Deadline& deadline,
                                                  RegistryShares::Place& place);
  void AddEntries(const std::vector<Unlogged>& unlogged,
                  const std::vector<std::vector<std::string>>& entries, FetchedEvidence& evidence);

  HttpClient* http_;
  FetchContext* context_;
  const std::vector<policy::LogPlace>* places_;
  base::Deadline deadline_;
  std::size_t look_ups_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace sigward::worker
