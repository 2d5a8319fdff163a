#include "worker/fetch/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/base64.h"
#include "base/bytes.h"
#include "result_matchers.h"
#include "scripted_server.h"
#include "test_endpoint.h"
#include "worker/fetch/http.h"

namespace sigward::worker {
namespace {

using base::Reason;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using testing::ScriptedServer;
using testing::ServedReply;
using testing::ServedRequest;

ProxySettings Settings(const std::string& no_proxy,
                       const std::string& proxy = "http://proxy.example:3128") {
  auto settings = ProxySettings::Parse({proxy, proxy, no_proxy});
  EXPECT_THAT(settings, IsOk());
  return settings.ok() ? std::move(*settings) : ProxySettings();
}

bool GoesStraight(const std::string& no_proxy, const std::string& host,
                  const std::string& port = "443") {
  return Settings(no_proxy).For({"https", host, port}) == nullptr;
}

TEST(Proxy, IsReadWithItsParts) {
  struct Row {
    const char* text;
    const char* url;
    const char* user;
    const char* password;
  };
  for (const Row& row : {Row{"http://p.example:3128", "http://p.example:3128", "", ""},
                         Row{"p.example:3128", "http://p.example:3128", "", ""},
                         Row{"p.example", "http://p.example:80", "", ""},
                         Row{"https://p.example/", "https://p.example:443", "", ""},
                         Row{"socks5://p.example", "socks5h://p.example:1080", "", ""},
                         Row{"http://u:p%40ss@[::1]:1", "http://[::1]:1", "u", "p@ss"},
                         Row{"u%3a:x@127.0.0.1:8080", "http://127.0.0.1:8080", "u:", "x"}}) {
    const ProxySettings settings = Settings("", row.text);
    const Proxy* proxy = settings.For({"https", "r.example", "443"});
    ASSERT_NE(proxy, nullptr) << row.text;
    EXPECT_EQ(proxy->url, row.url);
    EXPECT_EQ(proxy->username, row.user);
    EXPECT_EQ(proxy->password, row.password);
  }
}

TEST(Proxy, IsTakenByTheSchemeOfTheTarget) {
  const auto settings = ProxySettings::Parse({"http://plain:1", "http://tls:2", ""});
  ASSERT_THAT(settings, IsOk());
  EXPECT_EQ(settings->For({"http", "r.example", "80"})->url, "http://plain:1");
  EXPECT_EQ(settings->For({"https", "r.example", "443"})->url, "http://tls:2");
  const auto one = ProxySettings::Parse({"", "http://tls:2", ""});
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(one->For({"http", "r.example", "80"}), nullptr);
  EXPECT_EQ(ProxySettings().For({"https", "r.example", "443"}), nullptr);
}

TEST(Proxy, ThatIsNoneIsRefusedWithoutItsPassword) {
  for (const char* text : {"ftp://p.example", "http://", "socks4://p:1", "http://u:s3cr3t@"}) {
    const auto settings = ProxySettings::Parse({"", text, ""});
    EXPECT_THAT(settings, FailsWith(Reason::kConfigInvalid)) << text;
    EXPECT_THAT(settings.error().detail, HasSubstr("HTTPS_PROXY"));
    EXPECT_THAT(settings.error().detail, Not(HasSubstr("s3cr3t")));
  }
}

TEST(NoProxy, NamesHostsAndWhatIsUnderThem) {
  EXPECT_TRUE(GoesStraight("example.com", "example.com"));
  EXPECT_TRUE(GoesStraight("example.com", "r.example.com"));
  EXPECT_FALSE(GoesStraight("example.com", "notexample.com"));
  EXPECT_TRUE(GoesStraight(".example.com", "r.example.com"));
  EXPECT_FALSE(GoesStraight(".example.com", "example.com"));
  EXPECT_TRUE(GoesStraight("*.example.com", "r.example.com"));
  EXPECT_FALSE(GoesStraight("*.example.com", "example.com"));
  EXPECT_TRUE(GoesStraight(" a.b , EXAMPLE.com\t,", "example.com"));
  EXPECT_FALSE(GoesStraight("", "example.com"));
  EXPECT_FALSE(GoesStraight(",,", "example.com"));
}

TEST(NoProxy, NamesPorts) {
  EXPECT_TRUE(GoesStraight("example.com:5000", "r.example.com", "5000"));
  EXPECT_FALSE(GoesStraight("example.com:5000", "example.com", "443"));
  EXPECT_TRUE(GoesStraight("10.0.0.1:5000", "10.0.0.1", "5000"));
  EXPECT_FALSE(GoesStraight("10.0.0.1:5000", "10.0.0.1", "443"));
  EXPECT_TRUE(GoesStraight("[fd00::1]:5000", "[fd00::1]", "5000"));
  EXPECT_FALSE(GoesStraight("[fd00::1]:5000", "[fd00::1]", "5001"));
  EXPECT_FALSE(GoesStraight(":443", "example.com", "443"));
}

TEST(NoProxy, NamesAddressesAndNetworks) {
  EXPECT_TRUE(GoesStraight("10.0.0.1", "10.0.0.1"));
  EXPECT_FALSE(GoesStraight("10.0.0.1", "10.0.0.2"));
  EXPECT_TRUE(GoesStraight("fd00::1", "[fd00::1]"));
  EXPECT_TRUE(GoesStraight("::ffff:10.0.0.1", "10.0.0.1"));
  EXPECT_TRUE(GoesStraight("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(GoesStraight("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(GoesStraight("10.0.0.128/25", "10.0.0.200"));
  EXPECT_FALSE(GoesStraight("10.0.0.128/25", "10.0.0.127"));
  EXPECT_TRUE(GoesStraight("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(GoesStraight("::/0", "8.8.8.8"));
  EXPECT_TRUE(GoesStraight("fd00::/8", "[fd12::1]"));
  EXPECT_FALSE(GoesStraight("fd00::/8", "[fe00::1]"));
  for (const char* none : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x"}) {
    EXPECT_FALSE(GoesStraight(none, "10.0.0.1")) << none;
  }
  // A name is not looked up for this.
  EXPECT_FALSE(GoesStraight("0.0.0.0/0", "r.example"));
}

TEST(NoProxy, NamesEverything) {
  EXPECT_TRUE(GoesStraight("*", "r.example"));
  EXPECT_TRUE(GoesStraight("x, *", "10.0.0.1"));
}

TEST(NoProxy, NeedNotNameLoopback) {
  for (const char* host : {"localhost", "127.0.0.1", "127.9.9.9", "[::1]", "x.localhost"}) {
    EXPECT_TRUE(GoesStraight("", host)) << host;
  }
  EXPECT_FALSE(GoesStraight("", "169.254.169.254"));
}

TEST(NoProxy, IsBounded) {
  std::string entries;
  for (std::size_t i = 0; i < kMaxNoProxyEntries; ++i) {
    entries += "a,";
  }
  EXPECT_THAT(ProxySettings::Parse({"", "", entries}), IsOk());
  EXPECT_THAT(ProxySettings::Parse({"", "", entries + "a"}), FailsWith(Reason::kConfigInvalid));
}

// ---- Requests through one -----------------------------------------------------------------------

Endpoint Named(const std::string& scheme, const std::string& host) {
  Endpoint endpoint;
  endpoint.origin = {scheme, host, scheme == "https" ? "443" : "80"};
  endpoint.path = "/v2";
  return endpoint;
}

base::Result<HttpResponse> Get(HttpClient& client, const Endpoint& endpoint,
                               const std::string& authorization = "") {
  HttpRequest request{&endpoint, Url{endpoint.origin, "/v2/x", ""}, HttpMethod::kGet, "*/*", 1000};
  request.authorization = authorization;
  const auto deadline = base::Deadline::After(std::chrono::seconds(10));
  return std::move(client.Perform({&request, 1}, deadline).front());
}

TEST(HttpThroughAProxy, AsksAProxyOnLoopbackForPlainHttp) {
  ScriptedServer proxy;
  proxy.Otherwise([](const ServedRequest& request, ServedReply& reply) {
    EXPECT_EQ(request.target, "http://r.example/v2/x");
    EXPECT_EQ(request.Header("proxy-authorization"),
              "Basic " + base::EncodeBase64(base::AsBytes("u:p@ss")));
    reply.Send(200, "through");
  });
  const ProxySettings settings = Settings("", "http://u:p%40ss@" + proxy.host());
  HttpClient client(settings);
  const auto response = Get(client, Named("http", "r.example"));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->body, "through");
}

TEST(HttpThroughAProxy, TunnelsTls) {
  const testing::TestPki pki = testing::MakeTestPki();
  ScriptedServer proxy;
  std::string connect;
  proxy.Otherwise([&](const ServedRequest& request, ServedReply& reply) {
    connect = request.method + " " + request.target;
    EXPECT_EQ(request.Header("authorization"), "");
    reply.Send(407, "");
  });
  const ProxySettings settings = Settings("", "http://" + proxy.host());
  HttpClient client(settings);
  Endpoint endpoint = Named("https", "r.example");
  endpoint.headers = {"X-Key: secret"};
  EXPECT_THAT(Get(client, endpoint, "Bearer t"), FailsWith(Reason::kUnreachable));
  EXPECT_EQ(connect, "CONNECT r.example:443");
}

TEST(HttpThroughAProxy, GoesStraightToLoopback) {
  ScriptedServer proxy;
  ScriptedServer server;
  server.Serve("/v2/x", "text/plain", "straight");
  const ProxySettings settings = Settings("", "http://" + proxy.host());
  HttpClient client(settings);
  const auto response = Get(client, testing::EndpointOf(server));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->body, "straight");
  EXPECT_THAT(proxy.requests(), IsEmpty());
}

TEST(HttpThroughAProxy, IsNoWayToALocalHost) {
  ScriptedServer proxy;
  const ProxySettings settings = Settings("", "http://" + proxy.host());
  HttpClient client(settings);
  EXPECT_THAT(Get(client, Named("http", "169.254.169.254")), FailsWith(Reason::kUnreachable));
  EXPECT_THAT(proxy.requests(), IsEmpty());
  proxy.Otherwise([](const ServedRequest&, ServedReply& reply) {
    reply.Send(302, "", "Location: http://169.254.169.254/latest\r\n");
  });
  EXPECT_THAT(Get(client, Named("http", "r.example")), FailsWith(Reason::kRegistryError));
  EXPECT_EQ(proxy.requests().size(), 1U);
}

TEST(HttpThroughAProxy, KnowsNoOtherEnvironment) {
  ScriptedServer proxy;
  setenv("http_proxy", ("http://" + proxy.host()).c_str(), 1);
  HttpClient client;
  EXPECT_THAT(Get(client, Named("http", "r.invalid")), FailsWith(Reason::kUnreachable));
  unsetenv("http_proxy");
  EXPECT_THAT(proxy.requests(), IsEmpty());
}

}  // namespace
}  // namespace sigward::worker
