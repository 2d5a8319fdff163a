#include "worker/fetch/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>

#include "worker/fetch/http_transfer.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Error;
using base::Fail;
using base::Reason;
using base::Result;

/// Longest sleep between two looks at the deadline.
constexpr std::chrono::milliseconds kPollSlice{500};

const ProxySettings& NoProxies() {
  static const ProxySettings none;
  return none;
}

}  // namespace

Error StatusError(long status) {
  const std::string detail = "HTTP status " + std::to_string(status);
  switch (status) {
    case 401:
      return Fail(Reason::kUnauthorized, detail);
    case 403:
      return Fail(Reason::kForbidden, detail);
    case 404:
      return Fail(Reason::kNotFound, detail);
    case 429:
      return Fail(Reason::kRateLimited, detail);
    default:
      return Fail(Reason::kRegistryError, detail);
  }
}

/// libcurl's multi handle, which holds the kept connections.
class HttpClient::Connections {
 public:
  Connections() : multi_(curl_multi_init()) {
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kMaxIdleConnections);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS, kMaxConnectionsPerHost);
  }

  bool Add(HttpTransfer& transfer) {
    CURL* handle = transfer.Prepare();
    return handle != nullptr && curl_multi_add_handle(multi_.get(), handle) == CURLM_OK;
  }
  void Remove(CURL* handle) { curl_multi_remove_handle(multi_.get(), handle); }

  /// Lets transfers go on, waits at most WAIT for something to happen, and calls ENDED(handle,
  /// code) for each that came to an end. False when libcurl itself fails.
  template <typename Ended>
  bool Step(std::chrono::milliseconds wait, Ended ended) {
    int running = 0;
    if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) {
      return false;
    }
    int queued = 0;
    bool any = false;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &queued)) {
      if (message->msg == CURLMSG_DONE) {
        any = true;
        ended(message->easy_handle, message->data.result);
      }
    }
    return any || curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait.count()),
                                  nullptr) == CURLM_OK;
  }

 private:
  struct Close {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  std::unique_ptr<CURLM, Close> multi_;
};

HttpClient::HttpClient(const ProxySettings& proxies)
    : connections_(std::make_unique<Connections>()), proxies_(&proxies) {}

HttpClient::HttpClient() : HttpClient(NoProxies()) {}
HttpClient::~HttpClient() = default;

std::vector<Result<HttpResponse>> HttpClient::Perform(std::span<const HttpRequest> requests,
                                                      const Deadline& deadline) {
  std::vector<std::unique_ptr<HttpTransfer>> transfers;
  std::vector<CURL*> open;
  const auto start = [&](HttpTransfer& transfer) {
    if (requests_ == allowed_) {
      transfer.Refuse(Fail(Reason::kTooLarge, "the question needs more requests than it may make"));
      return;
    }
    if (connections_->Add(transfer)) {
      open.push_back(transfer.handle());
      ++requests_;
    }
  };
  for (const HttpRequest& request : requests) {
    transfers.push_back(std::make_unique<HttpTransfer>(request, *proxies_, take_bytes_));
    start(*transfers.back());
  }

  const auto ended = [&](CURL* handle, CURLcode code) {
    connections_->Remove(handle);
    open.erase(std::find(open.begin(), open.end(), handle));
    void* owner = nullptr;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &owner);
    auto& transfer = *static_cast<HttpTransfer*>(owner);
    if (transfer.Finished(code)) {
      start(transfer);
    }
  };
  while (!open.empty() && !deadline.Passed() &&
         connections_->Step(std::min(deadline.Left(), kPollSlice), ended)) {
  }

  for (CURL* handle : open) {
    connections_->Remove(handle);
  }
  std::vector<Result<HttpResponse>> results;
  results.reserve(transfers.size());
  for (const auto& transfer : transfers) {
    results.push_back(transfer->Take());
  }
  return results;
}

}  // namespace sigward::worker
