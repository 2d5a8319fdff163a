#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "worker/fetch/http.h"

namespace sigward::worker {

/// One request on its way through libcurl, redirects included.
class HttpTransfer {
 public:
  /// Both outlive the transfer.
  /// TAKE_BYTES may be null.
  HttpTransfer(const HttpRequest& request, const ProxySettings& proxies,
               const TakeBytes* take_bytes);

  /// The handle, set up to ask the present URL. Owned here.
  CURL* Prepare();
  CURL* handle() const { return handle_.get(); }

  /// Makes ERROR the outcome: the request is not made, or not once more.
  void Refuse(base::Error error) { refused_ = std::move(error); }

  /// Takes note of how the handle ended. True when it was redirected and is to be prepared again.
  bool Finished(CURLcode code);

  /// The outcome; kTimeout when the transfer had not finished, unless its status says enough.
  base::Result<HttpResponse> Take();

 private:
  struct Close {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct Free {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  void PrepareProxy();
  /// Whether the present URL may be at a loopback or link-local address.
  bool MayBeLocal() const;
  void PrepareTls(bool at_home);
  void PrepareHeaders(bool at_home);
  base::Result<HttpResponse> Outcome();
  base::Error TransportError() const;
  long Status() const;
  std::string Header(const char* name, bool join) const;
  void Append(const std::string& line);

  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self);
  static int OnWire(CURL* handle, curl_infotype type, char* data, std::size_t size, void* self);
  static int OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  /// Before the request is sent. A kept connection was opened for whoever asked then, who may have
  /// been allowed what this request is not.
  static int OnConnected(void* self, char* address, char*, int, int);
  static curl_socket_t OnSocket(void* self, curlsocktype purpose, curl_sockaddr* address);

  const HttpRequest* request_;
  const ProxySettings* proxies_;
  const TakeBytes* take_bytes_;
  std::unique_ptr<CURL, Close> handle_;
  std::unique_ptr<curl_slist, Free> headers_;
  Url url_;
  int redirects_ = 0;
  bool has_left_home_ = false;
  bool is_proxied_ = false;
  bool finished_ = false;
  CURLcode code_ = CURLE_OK;
  base::Result<base::Nothing> refused_ = base::Ok();
  std::string body_;
  std::size_t unwanted_bytes_ = 0;
  std::size_t header_bytes_ = 0;
  /// Bytes of the body as they came, chunks and all.
  std::size_t wire_bytes_ = 0;
  std::array<char, CURL_ERROR_SIZE> message_{};
};

}  // namespace sigward::worker
