#include "scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace sigward::testing {
namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Certificate = std::unique_ptr<X509, void (*)(X509*)>;
using Memory = std::unique_ptr<BIO, int (*)(BIO*)>;

void Require(bool condition, const char* what) {
  if (!condition) {
    std::perror(what);
    std::abort();
  }
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string ToPem(X509* certificate) {
  const Memory memory(BIO_new(BIO_s_mem()), &BIO_free);
  Require(PEM_write_bio_X509(memory.get(), certificate) == 1, "PEM");
  return TextOf(memory.get());
}

std::string ToPem(EVP_PKEY* key) {
  const Memory memory(BIO_new(BIO_s_mem()), &BIO_free);
  Require(PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "PEM");
  return TextOf(memory.get());
}

void AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  Require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, value);
  X509_EXTENSION_free(extension);
}

Certificate Issue(EVP_PKEY* subject_key, const char* name, X509* issuer, EVP_PKEY* issuer_key) {
  constexpr long kHour = 3600;
  Certificate certificate(X509_new(), &X509_free);
  X509* raw = certificate.get();
  static std::atomic<long> serial{1};
  X509_set_version(raw, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(raw), serial++);
  X509_gmtime_adj(X509_getm_notBefore(raw), -kHour);
  X509_gmtime_adj(X509_getm_notAfter(raw), kHour);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(raw, X509_get_subject_name(issuer != nullptr ? issuer : raw));
  X509_set_pubkey(raw, subject_key);
  if (issuer == nullptr) {
    AddExtension(raw, raw, NID_basic_constraints, "critical,CA:TRUE");
    AddExtension(raw, raw, NID_key_usage, "critical,keyCertSign");
  } else {
    AddExtension(raw, issuer, NID_subject_alt_name, "IP:127.0.0.1");
  }
  Require(X509_sign(raw, issuer_key, EVP_sha256()) > 0, "X509_sign");
  return certificate;
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

TestPki MakeTestPki() {
  const Key ca_key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Certificate ca = Issue(ca_key.get(), "test authority", nullptr, ca_key.get());
  const Certificate leaf = Issue(key.get(), "test registry", ca.get(), ca_key.get());
  return {ToPem(ca.get()), ToPem(leaf.get()), ToPem(key.get())};
}

void ServedReply::Send(int status, std::string_view body, std::string_view headers) {
  std::string text = "HTTP/1.1 " + std::to_string(status) +
                     " Scripted\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  text += headers;
  text += "\r\n";
  if (method_ != "HEAD") {
    text += body;
  }
  write_(text);
}

bool ServedReply::Raw(std::string_view bytes) {
  was_raw_ = true;
  return write_(bytes);
}

ScriptedServer::ScriptedServer(const TestPki* pki, const std::string& address) : address_(address) {
  // Either end of a TLS connection may write to one that the other has closed.
  signal(SIGPIPE, SIG_IGN);
  if (pki != nullptr) {
    tls_.reset(SSL_CTX_new(TLS_server_method()));
    const Memory certificate(BIO_new_mem_buf(pki->certificate_pem.data(), -1), &BIO_free);
    const Memory key(BIO_new_mem_buf(pki->key_pem.data(), -1), &BIO_free);
    const Certificate x509(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr),
                           &X509_free);
    const Key pkey(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
    Require(SSL_CTX_use_certificate(tls_.get(), x509.get()) == 1 &&
                SSL_CTX_use_PrivateKey(tls_.get(), pkey.get()) == 1,
            "certificate");
  }
  listener_ = base::UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in where{};
  where.sin_family = AF_INET;
  Require(inet_pton(AF_INET, address.c_str(), &where.sin_addr) == 1, "address");
  Require(bind(listener_.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) == 0, "bind");
  Require(listen(listener_.get(), SOMAXCONN) == 0, "listen");
  socklen_t size = sizeof where;
  Require(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&where), &size) == 0, "name");
  port_ = std::to_string(ntohs(where.sin_port));
  accepting_ = std::thread([this] { Accept(); });
}

ScriptedServer::~ScriptedServer() {
  stopping_ = true;
  shutdown(listener_.get(), SHUT_RDWR);
  accepting_.join();
  for (Peer& peer : peers_) {
    shutdown(peer.socket.get(), SHUT_RDWR);
  }
  for (Peer& peer : peers_) {
    peer.thread.join();
  }
}

void ScriptedServer::On(const std::string& target, Route route) {
  const std::lock_guard lock(mutex_);
  routes_[target] = std::move(route);
}

void ScriptedServer::Serve(const std::string& target, const std::string& media_type,
                           const std::string& body) {
  On(target, [media_type, body](const ServedRequest&, ServedReply& reply) {
    reply.Send(200, body, "Content-Type: " + media_type + "\r\n");
  });
}

void ScriptedServer::Otherwise(Route route) {
  const std::lock_guard lock(mutex_);
  otherwise_ = std::move(route);
}

void ScriptedServer::Before(std::function<bool(const ServedRequest&, ServedReply&)> answers) {
  const std::lock_guard lock(mutex_);
  before_ = std::move(answers);
}

std::vector<std::string> ScriptedServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ScriptedServer::Forget() {
  const std::lock_guard lock(mutex_);
  requests_.clear();
  bytes_sent_ = 0;
}

void ScriptedServer::Accept() {
  while (!stopping_) {
    base::UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.valid()) {
      continue;
    }
    const int on = 1;
    setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++connections_;
    peers_.emplace_back();
    Peer& peer = peers_.back();
    peer.socket = std::move(connection);
    peer.thread = std::thread([this, &peer] {
      Talk(peer);
      shutdown(peer.socket.get(), SHUT_RDWR);
    });
  }
}

void ScriptedServer::Talk(Peer& peer) {
  if (tls_ != nullptr) {
    peer.tls.reset(SSL_new(tls_.get()));
    SSL_set_fd(peer.tls.get(), peer.socket.get());
    if (SSL_accept(peer.tls.get()) != 1) {
      return;
    }
  }
  std::string buffer;
  while (const std::optional<ServedRequest> request = Read(peer, buffer)) {
    ServedReply reply(request->method,
                      [this, &peer](std::string_view bytes) { return Write(peer, bytes); });
    if (!AnswersBefore(*request, reply)) {
      RouteOf (*request)(*request, reply);
    }
    if (reply.was_raw()) {
      return;
    }
  }
}

bool ScriptedServer::Write(Peer& peer, std::string_view bytes) {
  while (!bytes.empty() && !stopping_) {
    const auto count = peer.tls != nullptr
                           ? SSL_write(peer.tls.get(), bytes.data(), static_cast<int>(bytes.size()))
                           : send(peer.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) {
      return false;
    }
    bytes_sent_ += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return !stopping_;
}

bool ScriptedServer::ReadMore(Peer& peer, std::string& buffer) {
  char bytes[4096];
  const auto count = peer.tls != nullptr ? SSL_read(peer.tls.get(), bytes, sizeof bytes)
                                         : recv(peer.socket.get(), bytes, sizeof bytes, 0);
  if (count <= 0) {
    return false;
  }
  buffer.append(bytes, static_cast<std::size_t>(count));
  return true;
}

std::optional<ServedRequest> ScriptedServer::Read(Peer& peer, std::string& buffer) {
  while (buffer.find("\r\n\r\n") == std::string::npos) {
    if (!ReadMore(peer, buffer)) {
      return std::nullopt;
    }
    constexpr char kTlsHandshake = 0x16;
    if (buffer.front() == kTlsHandshake) {
      Write(peer, "HTTP/1.1 400 Bad Request\r\n\r\n");
      return std::nullopt;
    }
  }
  std::string head = buffer.substr(0, buffer.find("\r\n\r\n") + 2);
  buffer.erase(0, head.size() + 2);
  ServedRequest request;
  request.method = head.substr(0, head.find(' '));
  head.erase(0, request.method.size() + 1);
  request.target = head.substr(0, head.find(' '));
  head.erase(0, head.find("\r\n") + 2);
  while (!head.empty()) {
    const std::string line = head.substr(0, head.find("\r\n"));
    head.erase(0, line.size() + 2);
    const std::size_t colon = line.find(':');
    request.headers[Lower(line.substr(0, colon))] = line.substr(std::min(colon + 2, line.size()));
  }
  const std::string length = request.Header("content-length");
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  while (buffer.size() < size) {
    if (!ReadMore(peer, buffer)) {
      return std::nullopt;
    }
  }
  request.body = buffer.substr(0, size);
  buffer.erase(0, size);
  const std::lock_guard lock(mutex_);
  requests_.push_back(request.method + " " + request.target);
  return request;
}

bool ScriptedServer::AnswersBefore(const ServedRequest& request, ServedReply& reply) {
  std::function<bool(const ServedRequest&, ServedReply&)> before;
  {
    const std::lock_guard lock(mutex_);
    before = before_;
  }
  return before && before(request, reply);
}

ScriptedServer::Route ScriptedServer::RouteOf(const ServedRequest& request) {
  const std::lock_guard lock(mutex_);
  const auto route = routes_.find(request.target.substr(0, request.target.find('?')));
  if (route != routes_.end()) {
    return route->second;
  }
  if (otherwise_) {
    return otherwise_;
  }
  return [](const ServedRequest&, ServedReply& reply) {
    reply.Send(404, "{\"errors\":[]}", "Content-Type: application/json\r\n");
  };
}

}  // namespace sigward::testing
