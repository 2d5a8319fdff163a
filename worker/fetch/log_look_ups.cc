#include "worker/fetch/log_look_ups.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <span>

#include "worker/fetch/paced_http.h"
#include "worker/fetch/url.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Error;
using base::Fail;
using base::Reason;
using base::Result;
using verifier::Digest;
using verifier::ObjectKind;

constexpr const char* kRetrieve = "/api/v1/log/entries/retrieve";
/// What a log's pauses after 503 are kept by: all that is asked of it is this one call.
constexpr const char* kPlaceAtLog = "look-ups";
/// Rekor's words for an entry that cannot be one, most often because the signature is not by the
/// key.
constexpr long kBadRequest = 400;
constexpr long kUnprocessable = 422;
constexpr const char* kJson = "application/json";

// The derived manifests have room beside all that a registry's evidence may hold.
static_assert(2 + 2 * verifier::kMaxSignatures + kMaxLookedUpEntries <=
              verifier::kMaxEvidenceObjects);

std::string PlaceOf(const std::string& url) {
  return "transparency log " + url;
}

std::size_t BytesOf(const FetchedEvidence& evidence) {
  std::size_t bytes = 0;
  for (const FetchedObject& object : evidence.objects) {
    bytes += object.bytes.size();
  }
  return bytes;
}

/// Takes over of what the operator said of the host what makes it reachable, and nothing that says
/// who asks.
void TakeTransport(const Endpoint& known, Endpoint& log) {
  log.ca_pem = known.ca_pem;
  log.connect_timeout = known.connect_timeout;
  log.insecure = known.insecure;
  log.may_be_local = known.may_be_local;
}

/// Whether RESPONSE is Rekor's word that there is no such entry. A page with the same status comes
/// from whatever else stands where the log should.
bool SaysItCannotBe(const HttpResponse& response) {
  return (response.status == kBadRequest || response.status == kUnprocessable) &&
         response.media_type == kJson;
}

Result<LogAnswer> ReadResponse(const Result<HttpResponse>& response) {
  if (!response.ok()) {
    return response.error();
  }
  if (SaysItCannotBe(*response)) {
    return LogAnswer{};
  }
  if (response->status != 200) {
    Error error = StatusError(response->status);
    if (error.reason == Reason::kNotFound) {
      // Of the signature it says nothing: no Rekor v1 answers there.
      error.reason = Reason::kRegistryError;
    }
    return error;
  }
  return ReadLogAnswer(response->body);
}

}  // namespace

std::vector<LogLookUps::Unlogged> LogLookUps::UnloggedIn(const FetchedEvidence& evidence) {
  std::vector<Unlogged> unlogged;
  for (std::size_t i = 0; i < evidence.objects.size(); ++i) {
    const ObjectKind kind = evidence.objects[i].kind;
    if (kind != ObjectKind::kLegacyManifest && kind != ObjectKind::kReferrerManifest) {
      continue;
    }
    std::vector<UnloggedSignature> signatures = UnloggedSignatures(evidence.objects[i].bytes);
    if (evidence.objects[i].bytes.size() > kMaxLookedUpManifest) {
      left_out_ += signatures.size();
      continue;
    }
    for (std::size_t turn = 0; turn < signatures.size(); ++turn) {
      unlogged.push_back({i, turn, std::move(signatures[turn])});
    }
  }
  // In turn from each manifest: one with a thousand hides no other's.
  std::ranges::stable_sort(unlogged, {}, &Unlogged::turn);
  return unlogged;
}

std::vector<LogLookUps::Log> LogLookUps::Logs() const {
  std::vector<Log> logs;
  for (const policy::LogPlace& place : *places_) {
    auto log = std::ranges::find(logs, place.url, &Log::url);
    if (log == logs.end()) {
      log = logs.insert(log, Log{place.url, {}});
    }
    if (!place.key_pem.empty()) {
      log->keys.push_back(place.key_pem);
    }
  }
  return logs;
}

std::vector<LogLookUps::Query> LogLookUps::QueriesFor(const Log& log,
                                                      const std::vector<Unlogged>& unlogged) {
  std::vector<Query> queries;
  const auto add = [&](std::size_t i, const std::string& pem) {
    if (look_ups_ == kMaxLookUps) {
      ++left_out_;
      return;
    }
    ++look_ups_;
    queries.push_back({i, LogQuery(unlogged[i].signature, pem)});
  };
  for (std::size_t i = 0; i < unlogged.size(); ++i) {
    const std::string& leaf = unlogged[i].signature.certificate_pem;
    // Beside a signature by a key, too, a certificate is what the log has.
    if (!leaf.empty()) {
      add(i, leaf);
      continue;
    }
    for (const std::string& key : log.keys) {
      add(i, key);
    }
  }
  return queries;
}

Result<Endpoint> LogLookUps::EndpointOf(const Log& log) {
  SIGWARD_ASSIGN_OR_RETURN(const Url url, ParseUrl(log.url));
  Endpoint endpoint;
  endpoint.origin = url.origin;
  endpoint.path = url.path.substr(0, url.path.find_last_not_of('/') + 1);
  endpoint.may_be_local = IsLocalHost(url.origin.host);
  if (url.origin.scheme == "http") {
    endpoint.insecure = InsecureTransport::kPlainHttp;
  }
  SIGWARD_ASSIGN_OR_RETURN(const auto hosts, context_->hosts.Find(endpoint.authority()));
  for (const Endpoint& known : *hosts) {
    if (known.origin == endpoint.origin) {
      TakeTransport(known, endpoint);
    }
  }
  return endpoint;
}

void LogLookUps::Ask(const Log& log, const std::vector<Query>& queries, const Deadline& deadline,
                     Found& found, FetchedEvidence& evidence) {
  const auto endpoint = EndpointOf(log);
  if (!endpoint.ok()) {
    evidence.NoteFailure(PlaceOf(log.url), endpoint.error());
    return;
  }
  // A log that hangs holds up no more questions than a registry may.
  auto place = context_->shares.Enter(endpoint->url());
  if (place == nullptr) {
    evidence.NoteFailure(PlaceOf(log.url),
                         Fail(Reason::kOverloaded, "too many questions wait for it"));
    return;
  }
  context_->notices.Note(*endpoint);
  const auto responses = Perform(*endpoint, queries, deadline, *place);
  found.places.push_back(std::move(place));
  for (std::size_t i = 0; i < responses.size(); ++i) {
    auto answer = ReadResponse(responses[i]);
    if (!answer.ok()) {
      evidence.NoteFailure(PlaceOf(log.url), std::move(answer).error());
      continue;
    }
    if (answer->left_out > 0) {
      evidence.NoteFailure(PlaceOf(log.url),
                           Fail(Reason::kTooLarge,
                                std::to_string(answer->left_out) + " entries were not looked at"));
    }
    if (answer->unreadable > 0) {
      evidence.NoteFailure(PlaceOf(log.url),
                           Fail(Reason::kRegistryError, "entries without one of their parts"));
    }
    std::ranges::move(answer->annotations, std::back_inserter(found.entries[queries[i].unlogged]));
  }
}

std::vector<Result<HttpResponse>> LogLookUps::Perform(const Endpoint& endpoint,
                                                      const std::vector<Query>& queries,
                                                      const Deadline& deadline,
                                                      RegistryShares::Place& place) {
  std::vector<HttpRequest> requests;
  requests.reserve(queries.size());
  for (const Query& query : queries) {
    requests.push_back({.endpoint = &endpoint,
                        .url = {endpoint.origin, endpoint.path + kRetrieve, ""},
                        .method = HttpMethod::kPostJson,
                        .accept = kJson,
                        .max_bytes = kMaxLogAnswerBytes,
                        .sent = query.json});
  }
  PacedHttp http(*http_, context_->back_off, kPlaceAtLog);
  // A log that floods takes nothing from the registry's other questions.
  const TakeBytes take_bytes = [&place](std::size_t count) { return place.TakeBytes(count); };
  const TakeBytes* const registrys = http_->SetAside(&take_bytes);
  auto responses = http.Perform(endpoint, requests, deadline);
  http_->SetAside(registrys);
  return responses;
}

void LogLookUps::AddEntries(const std::vector<Unlogged>& unlogged,
                            const std::vector<std::vector<std::string>>& entries,
                            FetchedEvidence& evidence) {
  std::size_t bytes = BytesOf(evidence);
  // Those that do not fit count too: each costs a reading of its manifest.
  std::size_t tried = 0;
  std::size_t left_out = 0;
  std::vector<std::vector<FetchedObject>> before(evidence.objects.size());
  // In turn from each signature: one with many entries hides no other's.
  std::size_t longest = 0;
  for (const auto& list : entries) {
    longest = std::max(longest, list.size());
  }
  for (std::size_t turn = 0; turn < longest; ++turn) {
    for (std::size_t i = 0; i < unlogged.size(); ++i) {
      if (turn >= entries[i].size()) {
        continue;
      }
      if (tried == kMaxLookedUpEntries) {
        ++left_out;
        continue;
      }
      ++tried;
      const FetchedObject& original = evidence.objects[unlogged[i].object];
      auto manifest = WithLogEntry(original.bytes, unlogged[i].signature.layer, entries[i][turn]);
      if (!manifest.ok() || manifest->size() > verifier::kMaxEvidenceBytes - bytes ||
          !http_->TakesAside(manifest->size())) {
        ++left_out;
        continue;
      }
      bytes += manifest->size();
      const Digest digest = Digest::Of(base::AsBytes(*manifest));
      before[unlogged[i].object].push_back(
          {original.kind, digest, *std::move(manifest), original.offered_for, original.media_type});
    }
  }
  std::vector<FetchedObject> objects;
  for (std::size_t i = 0; i < before.size(); ++i) {
    std::ranges::move(before[i], std::back_inserter(objects));
    objects.push_back(std::move(evidence.objects[i]));
  }
  evidence.objects = std::move(objects);
  if (left_out > 0) {
    evidence.NoteFailure(
        "transparency logs",
        Fail(Reason::kTooLarge, std::to_string(left_out) + " entries were not looked at"));
  }
}

void LogLookUps::Complete(FetchedEvidence& evidence) {
  if (places_->empty()) {
    return;
  }
  const std::vector<Unlogged> unlogged = UnloggedIn(evidence);
  const Deadline logs_deadline = deadline_.Within(deadline_.Left() / 2);
  Found found{std::vector<std::vector<std::string>>(unlogged.size()), {}};
  const std::vector<Log> logs = Logs();
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const std::vector<Query> queries = QueriesFor(logs[i], unlogged);
    if (!queries.empty()) {
      const auto share = logs_deadline.Left() / static_cast<int>(logs.size() - i);
      Ask(logs[i], queries, logs_deadline.Within(share), found, evidence);
    }
  }
  if (left_out_ > 0) {
    evidence.NoteFailure(
        "transparency logs",
        Fail(Reason::kTooLarge, std::to_string(left_out_) + " signatures were not looked up"));
  }
  AddEntries(unlogged, found.entries, evidence);
}

}  // namespace sigward::worker
