#include "worker/fetch/http_transfer.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "base/text.h"

namespace sigward::worker {
namespace {

using base::Error;
using base::Fail;
using base::Reason;
using base::Result;

constexpr const char* kUserAgent = "sigward/" SIGWARD_VERSION;
constexpr std::size_t kMaxTransportMessage = 160;
/// What a body may take on the wire: chunks may be small, but not all frame and no content.
constexpr std::size_t kMaxFraming = 64U << 10;
constexpr std::size_t kMaxWireFactor = 2;
/// Headers of one name in one response that are looked at.
constexpr std::size_t kMaxRepeatedHeaders = 16;

/// libcurl takes options through a variadic function, which checks no types: these do.
void Set(CURL* handle, CURLoption option, long value) {
  curl_easy_setopt(handle, option, value);
}
void Set(CURL* handle, CURLoption option, const std::string& value) {
  curl_easy_setopt(handle, option, value.c_str());
}
void SetBlob(CURL* handle, CURLoption option, const std::string& bytes) {
  // Copied, because the handle's own copy is what libcurl compares before it reuses a connection.
  curl_blob blob{const_cast<char*>(bytes.data()), bytes.size(), CURL_BLOB_COPY};
  curl_easy_setopt(handle, option, &blob);
}

bool IsRedirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string MediaType(std::string_view content_type) {
  return base::LowerCase(content_type.substr(0, content_type.find_first_of("; \t")));
}

Error LocalAddress() {
  return Fail(Reason::kUnreachable, "the host's address is a loopback or link-local one");
}

Reason TransportReason(CURLcode code) {
  constexpr std::array kUnreachable{CURLE_COULDNT_RESOLVE_PROXY,
                                    CURLE_COULDNT_RESOLVE_HOST,
                                    CURLE_COULDNT_CONNECT,
                                    CURLE_GOT_NOTHING,
                                    CURLE_SEND_ERROR,
                                    CURLE_RECV_ERROR,
                                    CURLE_PARTIAL_FILE,
                                    CURLE_PROXY};
  constexpr std::array kTls{CURLE_SSL_CONNECT_ERROR,     CURLE_PEER_FAILED_VERIFICATION,
                            CURLE_SSL_CERTPROBLEM,       CURLE_SSL_CIPHER,
                            CURLE_SSL_CACERT_BADFILE,    CURLE_SSL_ISSUER_ERROR,
                            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
                            CURLE_SSL_CRL_BADFILE,       CURLE_SSL_CLIENTCERT};
  const auto is_in = [code](const auto& codes) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  };
  if (is_in(kUnreachable)) {
    return Reason::kUnreachable;
  }
  if (is_in(kTls)) {
    return Reason::kTlsFailed;
  }
  // libcurl calls a header line beyond its own bound "out of memory". Where memory really is out,
  // this process does not get as far as here.
  constexpr std::array kTooMuch{CURLE_FILESIZE_EXCEEDED, CURLE_WRITE_ERROR,
                                CURLE_ABORTED_BY_CALLBACK, CURLE_OUT_OF_MEMORY};
  if (is_in(kTooMuch)) {
    return Reason::kTooLarge;
  }
  if (code == CURLE_FAILED_INIT) {
    return Reason::kInternal;
  }
  return Reason::kRegistryError;
}

}  // namespace

HttpTransfer::HttpTransfer(const HttpRequest& request, const ProxySettings& proxies,
                           const TakeBytes* take_bytes)
    : request_(&request),
      proxies_(&proxies),
      take_bytes_(take_bytes),
      handle_(curl_easy_init()),
      url_(request.url) {}

CURL* HttpTransfer::Prepare() {
  CURL* handle = handle_.get();
  if (handle == nullptr) {
    return nullptr;
  }
  const Endpoint& endpoint = *request_->endpoint;
  const bool at_home = url_.origin == endpoint.origin;
  curl_easy_reset(handle);
  body_.clear();
  unwanted_bytes_ = 0;
  header_bytes_ = 0;
  wire_bytes_ = 0;
  finished_ = false;

  Set(handle, CURLOPT_URL, url_.text());
  Set(handle, CURLOPT_PROTOCOLS_STR, endpoint.origin.scheme == "http" ? "http,https" : "https");
  Set(handle, CURLOPT_NOBODY, request_->method == HttpMethod::kHead ? 1L : 0L);
  if (IsPost(request_->method)) {
    Set(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(request_->sent.size()));
    Set(handle, CURLOPT_COPYPOSTFIELDS, request_->sent);
  }
  Set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  Set(handle, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  Set(handle, CURLOPT_NOSIGNAL, 1L);
  // Without it, giving up on a name that does not resolve waits for the resolver.
  Set(handle, CURLOPT_QUICK_EXIT, 1L);
  Set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(endpoint.connect_timeout.count()));
  Set(handle, CURLOPT_MAXAGE_CONN, kMaxIdleConnectionSeconds);
  // A kept connection was checked for whoever opened it: another origin is connected to afresh, so
  // that OnSocket sees its address.
  Set(handle, CURLOPT_FRESH_CONNECT, at_home ? 0L : 1L);
  PrepareProxy();
  PrepareTls(at_home);
  PrepareHeaders(at_home);

  curl_easy_setopt(handle, CURLOPT_PRIVATE, this);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message_.data());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &HttpTransfer::OnBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &HttpTransfer::OnHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
  // Verbose only makes libcurl call OnWire, which alone sees what a body takes before its chunks
  // are undone: an extension of a chunk may go on for ever and reaches no other function.
  Set(handle, CURLOPT_VERBOSE, 1L);
  curl_easy_setopt(handle, CURLOPT_DEBUGFUNCTION, &HttpTransfer::OnWire);
  curl_easy_setopt(handle, CURLOPT_DEBUGDATA, this);
  Set(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &HttpTransfer::OnProgress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, this);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, &HttpTransfer::OnSocket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, &HttpTransfer::OnConnected);
  curl_easy_setopt(handle, CURLOPT_PREREQDATA, this);
  return handle;
}

void HttpTransfer::PrepareProxy() {
  CURL* handle = handle_.get();
  const Proxy* proxy = proxies_->For(url_.origin);
  is_proxied_ = proxy != nullptr;
  // Set even where there is none, for libcurl would look at the environment.
  Set(handle, CURLOPT_PROXY, is_proxied_ ? proxy->url : "");
  Set(handle, CURLOPT_NOPROXY, "");
  if (!is_proxied_) {
    return;
  }
  Set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!proxy->username.empty()) {
    Set(handle, CURLOPT_PROXYAUTH, long{CURLAUTH_BASIC});
    Set(handle, CURLOPT_PROXYUSERNAME, proxy->username);
    Set(handle, CURLOPT_PROXYPASSWORD, proxy->password);
  }
  // The proxy looks the name up, so only what is written as an address can be seen here.
  if (IsLocalHost(url_.origin.host) && !MayBeLocal()) {
    Refuse(LocalAddress());
  }
}

bool HttpTransfer::MayBeLocal() const {
  const Endpoint& endpoint = *request_->endpoint;
  return url_.origin == endpoint.origin ? endpoint.may_be_local
                                        : MayLeadToLocal(endpoint.origin.host, url_.origin.host);
}

void HttpTransfer::PrepareTls(bool at_home) {
  CURL* handle = handle_.get();
  const Endpoint& endpoint = *request_->endpoint;
  const bool unverified = at_home && endpoint.insecure == InsecureTransport::kUnverifiedTls;
  Set(handle, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  Set(handle, CURLOPT_SSL_VERIFYPEER, unverified ? 0L : 1L);
  Set(handle, CURLOPT_SSL_VERIFYHOST, unverified ? 0L : 2L);
  if (!endpoint.ca_pem.empty()) {
    SetBlob(handle, CURLOPT_CAINFO_BLOB, endpoint.ca_pem);
  }
  if (at_home && endpoint.client.has_value()) {
    SetBlob(handle, CURLOPT_SSLCERT_BLOB, endpoint.client->certificate_pem);
    SetBlob(handle, CURLOPT_SSLKEY_BLOB, endpoint.client->key_pem);
  }
}

void HttpTransfer::PrepareHeaders(bool at_home) {
  headers_.reset();
  Append("Accept: " + request_->accept);
  if (request_->method == HttpMethod::kPostJson) {
    Append("Content-Type: application/json");
  }
  // A redirect that leads away and back again is somebody else's request.
  has_left_home_ = has_left_home_ || !at_home;
  if (!has_left_home_) {
    for (const std::string& line : request_->endpoint->headers) {
      Append(line);
    }
  }
  if (!request_->authorization.empty() && !has_left_home_) {
    Append("Authorization: " + request_->authorization);
  }
  Set(handle_.get(), CURLOPT_USERAGENT, kUserAgent);
  curl_easy_setopt(handle_.get(), CURLOPT_HTTPHEADER, headers_.get());
}

void HttpTransfer::Append(const std::string& line) {
  curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
  if (longer != nullptr) {
    (void)headers_.release();
    headers_.reset(longer);
  }
}

bool HttpTransfer::Finished(CURLcode code) {
  finished_ = true;
  code_ = code;
  // The page that comes with a redirect is of no interest; it may be longer than what is wanted.
  const bool page_was_cut = code == CURLE_WRITE_ERROR && unwanted_bytes_ > kMaxUnwantedBody;
  if ((code != CURLE_OK && !page_was_cut) || !IsRedirect(Status())) {
    return false;
  }
  const std::string location = Header("Location", /*join=*/false);
  if (location.empty()) {
    return false;
  }
  if (IsPost(request_->method)) {
    // What it sends is a secret, or names a signature, and is meant for this place alone.
    refused_ = Fail(Reason::kRegistryError, "redirected where something was posted");
    return false;
  }
  if (redirects_ == kMaxRedirects) {
    refused_ = Fail(Reason::kRegistryError,
                    "redirected more than " + std::to_string(kMaxRedirects) + " times");
    return false;
  }
  Result<Url> next = CheckRedirect(url_, location, request_->endpoint->origin);
  if (!next.ok()) {
    refused_ = Fail(Reason::kRegistryError, next.error().detail);
    return false;
  }
  ++redirects_;
  url_ = std::move(*next);
  return true;
}

Result<HttpResponse> HttpTransfer::Take() {
  if (handle_ == nullptr) {
    return Fail(Reason::kInternal, "no memory for a request");
  }
  Result<HttpResponse> outcome = Outcome();
  handle_.reset();
  return outcome;
}

Result<HttpResponse> HttpTransfer::Outcome() {
  SIGWARD_RETURN_IF_ERROR(refused_);
  const long status = Status();
  // A status other than 200 is the answer, even when its body was cut or did not end in time.
  const bool answered =
      (finished_ && code_ == CURLE_OK && status >= 200) || (status >= 300 && !IsRedirect(status));
  if (!answered) {
    return TransportError();
  }
  HttpResponse response;
  response.status = status;
  response.media_type = MediaType(Header("Content-Type", /*join=*/false));
  response.content_digest = Header("Docker-Content-Digest", /*join=*/false);
  response.link = Header("Link", /*join=*/true);
  if (status == 401 && url_.origin == request_->endpoint->origin) {
    response.challenges = Header("WWW-Authenticate", /*join=*/true);
  }
  response.retry_after = Header("Retry-After", /*join=*/false);
  response.date = Header("Date", /*join=*/false);
  response.url = url_;
  if (status == 200) {
    response.body = std::move(body_);
  }
  return response;
}

Error HttpTransfer::TransportError() const {
  if (!finished_) {
    return Fail(Reason::kTimeout, "no answer in time");
  }
  if (code_ == CURLE_OPERATION_TIMEDOUT) {
    // Only the connection has a time-out of its own; the answer's end is the batch's deadline.
    return Fail(Reason::kUnreachable, "no connection in time");
  }
  const Reason reason = TransportReason(code_);
  if (reason == Reason::kTooLarge) {
    return Fail(reason, header_bytes_ > kMaxHeaderBytes || code_ == CURLE_OUT_OF_MEMORY
                            ? "header is larger than " + std::to_string(kMaxHeaderBytes) + " bytes"
                            : "larger than " + std::to_string(request_->max_bytes) + " bytes");
  }
  const std::string_view message =
      message_[0] != '\0' ? std::string_view(message_.data()) : curl_easy_strerror(code_);
  return Fail(reason, base::OneLine(message, kMaxTransportMessage));
}

long HttpTransfer::Status() const {
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::string HttpTransfer::Header(const char* name, bool join) const {
  std::string text;
  for (std::size_t i = 0; i < kMaxRepeatedHeaders; ++i) {
    curl_header* header = nullptr;
    if (curl_easy_header(handle_.get(), name, i, CURLH_HEADER, -1, &header) != CURLHE_OK) {
      break;
    }
    if (!join && header->amount > 1) {
      return {};
    }
    text += (i == 0 ? "" : ",") + std::string(header->value);
  }
  return text;
}

std::size_t HttpTransfer::OnBody(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  const std::size_t bytes = size * count;
  if (transfer.Status() != 200) {
    transfer.unwanted_bytes_ += bytes;
    return transfer.unwanted_bytes_ <= kMaxUnwantedBody ? bytes : 0;
  }
  if (bytes > transfer.request_->max_bytes - transfer.body_.size()) {
    return 0;
  }
  if (transfer.take_bytes_ != nullptr && !(*transfer.take_bytes_)(bytes)) {
    transfer.Refuse(Fail(Reason::kOverloaded, "too much is held for questions under way"));
    return 0;
  }
  transfer.body_.append(data, bytes);
  return bytes;
}

std::size_t HttpTransfer::OnHeader(char*, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  transfer.header_bytes_ += size * count;
  return transfer.header_bytes_ <= kMaxHeaderBytes ? size * count : 0;
}

int HttpTransfer::OnWire(CURL*, curl_infotype type, char*, std::size_t size, void* self) {
  if (type == CURLINFO_DATA_IN) {
    static_cast<HttpTransfer*>(self)->wire_bytes_ += size;
  }
  return 0;
}

int HttpTransfer::OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& transfer = *static_cast<const HttpTransfer*>(self);
  const std::size_t wanted = std::max(transfer.request_->max_bytes, kMaxUnwantedBody);
  return transfer.wire_bytes_ > kMaxWireFactor * wanted + kMaxFraming ? 1 : 0;
}

int HttpTransfer::OnConnected(void* self, char* address, char*, int, int) {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  const std::string host = std::string_view(address).find(':') == std::string_view::npos
                               ? address
                               : "[" + std::string(address) + "]";
  if (!transfer.is_proxied_ && !transfer.MayBeLocal() && IsLocalHost(host)) {
    transfer.Refuse(LocalAddress());
  }
  return transfer.refused_.ok() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

curl_socket_t HttpTransfer::OnSocket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  // The address is the proxy's where there is one, and that is the operator's to choose. A request
  // that is refused already does not get there either.
  const bool is_misled = !transfer.is_proxied_ && !transfer.MayBeLocal() &&
                         IsLocalAddress(address->addr, address->addrlen);
  if (is_misled) {
    transfer.Refuse(LocalAddress());
  }
  if (!transfer.refused_.ok()) {
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace sigward::worker
