#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace sigward::testing {

/// A certificate authority and a certificate of it for 127.0.0.1, made anew for each test.
struct TestPki {
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
};
TestPki MakeTestPki();

struct ServedRequest {
  std::string method;
  /// With its query.
  std::string target;
  /// Names in lower case.
  std::map<std::string, std::string> headers;
  std::string body;

  /// The header's value, or an empty text.
  std::string Header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

/// What a route writes its answer to.
class ServedReply {
 public:
  using Write = std::function<bool(std::string_view)>;
  ServedReply(std::string method, Write write)
      : method_(std::move(method)), write_(std::move(write)) {}

  /// A whole response; without a body for HEAD.
  void Send(int status, std::string_view body, std::string_view headers = "");
  /// Bytes as they are. False when the client is gone. The connection is closed after the route.
  bool Raw(std::string_view bytes);
  bool was_raw() const { return was_raw_; }

 private:
  std::string method_;
  Write write_;
  bool was_raw_ = false;
};

/// An HTTP/1.1 server on 127.0.0.1 whose every answer a test writes, lies included. What no route
/// answers is 404.
class ScriptedServer {
 public:
  using Route = std::function<void(const ServedRequest&, ServedReply&)>;

  /// With PKI over TLS, on ADDRESS (IPv4).
  explicit ScriptedServer(const TestPki* pki = nullptr, const std::string& address = "127.0.0.1");
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  /// TARGET without its query.
  void On(const std::string& target, Route route);
  /// Answers TARGET with 200 and BODY.
  void Serve(const std::string& target, const std::string& media_type, const std::string& body);
  /// Answers what no route does.
  void Otherwise(Route route);
  /// Asked before any route; where it is true, it has answered.
  void Before(std::function<bool(const ServedRequest&, ServedReply&)> answers);

  const std::string& port() const { return port_; }
  /// "127.0.0.1:12345".
  std::string host() const { return address_ + ":" + port_; }
  std::size_t connections() const { return connections_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  /// "GET /v2/…", in the order of arrival.
  std::vector<std::string> requests() const;
  void Forget();

 private:
  struct Peer {
    base::UniqueFd socket;
    std::unique_ptr<SSL, void (*)(SSL*)> tls{nullptr, &SSL_free};
    std::thread thread;
  };

  void Accept();
  void Talk(Peer& peer);
  bool Write(Peer& peer, std::string_view bytes);
  std::optional<ServedRequest> Read(Peer& peer, std::string& buffer);
  static bool ReadMore(Peer& peer, std::string& buffer);
  Route RouteOf(const ServedRequest& request);
  bool AnswersBefore(const ServedRequest& request, ServedReply& reply);

  std::string address_;
  std::string port_;
  base::UniqueFd listener_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> tls_{nullptr, &SSL_CTX_free};
  mutable std::mutex mutex_;
  std::map<std::string, Route> routes_;
  Route otherwise_;
  std::function<bool(const ServedRequest&, ServedReply&)> before_;
  std::vector<std::string> requests_;
  std::list<Peer> peers_;
  std::atomic<std::size_t> connections_{0};
  std::atomic<std::uint64_t> bytes_sent_{0};
  std::atomic<bool> stopping_{false};
  std::thread accepting_;
};

}  // namespace sigward::testing
