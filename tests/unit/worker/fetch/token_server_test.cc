#include "worker/fetch/token_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "result_matchers.h"

namespace sigward::worker {
namespace {

using base::Reason;
using std::chrono::seconds;
using testing::FailsWith;
using testing::IsOk;

Endpoint At(const std::string& scheme, const std::string& host, const std::string& port = "443") {
  Endpoint endpoint;
  endpoint.origin = {scheme, host, port};
  endpoint.path = "/v2";
  return endpoint;
}

Challenge Bearer(const std::string& realm, const std::string& scope = "") {
  Challenge challenge{"bearer", {{"realm", realm}, {"service", "s p&c"}}};
  if (!scope.empty()) {
    challenge.parameters["scope"] = scope;
  }
  return challenge;
}

bool Trusts(const std::string& registry, const std::string& realm,
            const std::vector<std::string>& token_hosts = {}) {
  const auto server = TokenServerOf(Bearer(realm), At("https", registry), "app", token_hosts);
  EXPECT_THAT(server, IsOk()) << realm;
  return server.ok() && server->has_trust;
}

TEST(TokenServer, TrustsTheRegistryAndItsNeighbours) {
  EXPECT_TRUE(Trusts("registry-1.docker.io", "https://auth.docker.io/token"));
  EXPECT_TRUE(Trusts("registry.gitlab.com", "https://gitlab.com/jwt/auth"));
  EXPECT_TRUE(Trusts("quay.io", "https://quay.io/v2/auth"));
  EXPECT_TRUE(Trusts("quay.io", "https://quay.io:8443/v2/auth"));
  EXPECT_TRUE(Trusts("r.eu.example.com", "https://auth.eu.example.com/"));
  EXPECT_TRUE(Trusts("10.0.0.7", "https://10.0.0.7:5001/token"));
}

TEST(TokenServer, TrustsNobodyElse) {
  for (const auto& [registry, realm] : std::vector<std::pair<std::string, std::string>>{
           {"registry-1.docker.io", "https://auth.docker.io.evil.example/token"},
           {"registry-1.docker.io", "https://evildocker.io/token"},
           {"registry.example", "https://auth.example/token"},
           {"quay.io", "https://auth.quay.io/token"},
           {"quay.io", "https://ghcr.io/token"},
           {"r.eu.example.com", "https://auth.example.com/token"},
           {"10.0.0.7", "https://11.0.0.7/token"},
           {"[fd00::1]", "https://[fd00::2]/token"},
           {"r.0.0.7", "https://10.0.0.7/token"},
           {"registry", "https://auth/token"}}) {
    EXPECT_FALSE(Trusts(registry, realm)) << registry << " " << realm;
  }
}

TEST(TokenServer, TrustsWhomTheOperatorNames) {
  EXPECT_TRUE(Trusts("r.example", "https://auth.other/token", {"x.other", "auth.other"}));
  EXPECT_TRUE(Trusts("r.example", "https://auth.other:8443/token", {"auth.other:8443"}));
  EXPECT_TRUE(Trusts("r.example", "https://auth.other/token", {"auth.other:443"}));
  EXPECT_FALSE(Trusts("r.example", "https://auth.other:8444/token", {"auth.other:8443"}));
  EXPECT_FALSE(Trusts("r.example", "https://x.auth.other/token", {"auth.other"}));
}

TEST(TokenServer, IsAskedByHttpsUnlessTheRegistryIsNot) {
  EXPECT_THAT(TokenServerOf(Bearer("http://r.example/t"), At("https", "r.example"), "app", {}),
              FailsWith(Reason::kUnauthorized));
  Endpoint plain = At("http", "r.example", "80");
  plain.is_http_meant = true;
  const auto same = TokenServerOf(Bearer("http://r.example/t"), plain, "app", {});
  ASSERT_THAT(same, IsOk());
  EXPECT_TRUE(same->has_trust);
  EXPECT_EQ(same->endpoint.insecure, InsecureTransport::kPlainHttp);
  // What the operator wrote as http is the registry, not its neighbour.
  const auto other = TokenServerOf(Bearer("http://auth.example/t"), plain, "app", {"auth.example"});
  ASSERT_THAT(other, IsOk());
  EXPECT_FALSE(other->has_trust);
  const auto over_tls =
      TokenServerOf(Bearer("https://auth.example/t"), plain, "app", {"auth.example"});
  ASSERT_THAT(over_tls, IsOk());
  EXPECT_TRUE(over_tls->has_trust);
}

TEST(TokenServer, IsNotLocalUnlessTheRegistryIs) {
  for (const char* realm : {"https://127.0.0.1/t", "https://localhost/t", "https://[::1]/t",
                            "https://2130706433/t", "https://[::ffff:127.0.0.1]/t"}) {
    EXPECT_THAT(TokenServerOf(Bearer(realm), At("https", "r.example"), "app", {}),
                FailsWith(Reason::kUnauthorized))
        << realm;
    const auto server = TokenServerOf(Bearer(realm), At("https", "127.0.0.9", "5000"), "app", {});
    ASSERT_THAT(server, IsOk()) << realm;
    EXPECT_TRUE(server->endpoint.may_be_local);
  }
  const auto outside =
      TokenServerOf(Bearer("https://a.example/t"), At("https", "r.example"), "a", {});
  ASSERT_THAT(outside, IsOk());
  EXPECT_FALSE(outside->endpoint.may_be_local);
}

TEST(TokenServer, IsAtNoLinkLocalAddressOrStrangeNameOfALoopbackRegistry) {
  const Endpoint loopback = At("https", "127.0.0.1", "5000");
  for (const char* realm : {"https://169.254.169.254/t", "https://[fe80::1]/t", "https://0.0.0.0/t",
                            "https://[::ffff:169.254.169.254]/t"}) {
    EXPECT_THAT(TokenServerOf(Bearer(realm), loopback, "app", {}), FailsWith(Reason::kUnauthorized))
        << realm;
  }
  // Whoever answers on a port of this machine says where its own names lead.
  const auto named = TokenServerOf(Bearer("https://metadata.example/t"), loopback, "app", {});
  ASSERT_THAT(named, IsOk());
  EXPECT_FALSE(named->endpoint.may_be_local);
}

TEST(TokenServer, RefusesARealmThatIsNoUrl) {
  for (const char* realm : {"", "r.example", "/token", "ftp://r.example/", "https://u:p@r.example/",
                            "https://r.ex%61mple/", "https://"}) {
    EXPECT_THAT(TokenServerOf(Bearer(realm), At("https", "r.example"), "app", {}),
                FailsWith(Reason::kUnauthorized))
        << realm;
  }
}

TEST(TokenServer, GetsNoMoreThanTheRegistrysAuthorities) {
  Endpoint registry = At("https", "r.example");
  registry.ca_pem = "ca";
  registry.client = ClientCertificate{"c", "k"};
  registry.headers = {"X-Key: secret"};
  registry.insecure = InsecureTransport::kUnverifiedTls;
  const auto other = TokenServerOf(Bearer("https://auth.example/t"), registry, "app", {});
  ASSERT_THAT(other, IsOk());
  EXPECT_EQ(other->endpoint.ca_pem, "ca");
  EXPECT_FALSE(other->endpoint.client.has_value());
  EXPECT_TRUE(other->endpoint.headers.empty());
  EXPECT_FALSE(other->endpoint.insecure.has_value());
  const auto other_port = TokenServerOf(Bearer("https://r.example:1/t"), registry, "app", {});
  ASSERT_THAT(other_port, IsOk());
  EXPECT_TRUE(other_port->endpoint.headers.empty());
  EXPECT_EQ(other_port->endpoint.insecure, InsecureTransport::kUnverifiedTls);
  const auto same = TokenServerOf(Bearer("https://r.example/t"), registry, "app", {});
  ASSERT_THAT(same, IsOk());
  EXPECT_EQ(same->endpoint.headers, registry.headers);
  EXPECT_TRUE(same->endpoint.client.has_value());
}

TEST(TokenServer, IsAskedForPullOfTheRepositoryAlone) {
  Endpoint registry = At("https", "r.example");
  const auto scope_for = [&registry](const std::string& scope) {
    const auto server = TokenServerOf(Bearer("https://r.example/t", scope), registry, "a/b", {});
    return server.ok() ? server->scope : server.error().detail;
  };
  for (const char* scope :
       {"", "repository:a/b:pull", "repository:a/b:pull,push,delete", "repository:other:pull",
        "registry:catalog:*", "repository:*:*", "repository:a/b/c:pull",
        "repository:proxy/a/b:pull", "repository:other:push repository:a/b:push"}) {
    EXPECT_EQ(scope_for(scope), "repository:a/b:pull") << scope;
  }
  registry.path = "/v2/proxy";
  EXPECT_EQ(scope_for("repository:proxy/a/b:pull"), "repository:proxy/a/b:pull");
  EXPECT_EQ(scope_for("repository:x:pull repository:proxy/a/b:*"), "repository:proxy/a/b:pull");
  EXPECT_EQ(scope_for("repository:proxy/x:pull"), "repository:a/b:pull");
  registry.mirrored_registry = "docker.io";
  EXPECT_EQ(scope_for("repository:docker.io/a/b:pull"), "repository:docker.io/a/b:pull");
}

TEST(TokenServer, IsAskedWithServiceAndScope) {
  const auto server =
      TokenServerOf(Bearer("https://r.example/t?x=1"), At("https", "r.example"), "a/b", {});
  ASSERT_THAT(server, IsOk());
  EXPECT_EQ(TokenUrl(*server).text(),
            "https://r.example/t?x=1&service=s%20p%26c&scope=repository%3Aa%2Fb%3Apull");
  EXPECT_EQ(TokenForm(*server, "re&fresh"),
            "grant_type=refresh_token&client_id=sigward&service=s%20p%26c&"
            "scope=repository%3Aa%2Fb%3Apull&refresh_token=re%26fresh");
  const auto bare = TokenServerOf({"bearer", {{"realm", "https://r.example/t"}}},
                                  At("https", "r.example"), "a", {});
  ASSERT_THAT(bare, IsOk());
  EXPECT_EQ(TokenUrl(*bare).text(), "https://r.example/t?scope=repository%3Aa%3Apull");
}

TEST(TokenAnswer, IsReadWithItsLife) {
  const auto life_of = [](const std::string& members) {
    const auto token = ReadToken("{\"token\":\"t\"" + members + "}");
    EXPECT_THAT(token, IsOk()) << members;
    return token.ok() ? token->life : seconds(-1);
  };
  EXPECT_EQ(life_of(""), kDefaultTokenLife);
  EXPECT_EQ(life_of(",\"expires_in\":300"), seconds(300));
  EXPECT_EQ(life_of(",\"expires_in\":5"), seconds(5));
  EXPECT_EQ(life_of(",\"expires_in\":3601"), kLongestTokenLife);
  EXPECT_EQ(life_of(",\"expires_in\":18446744073709551615"), kLongestTokenLife);
  for (const char* odd : {"-1", "1.5", "\"300\"", "null"}) {
    EXPECT_EQ(life_of(std::string(",\"expires_in\":") + odd), seconds(0)) << odd;
  }
}

TEST(TokenAnswer, HasOneOfTwoNames) {
  EXPECT_EQ(ReadToken("{\"access_token\":\"a.b-c_d~e+f/g==\"}")->text, "a.b-c_d~e+f/g==");
  EXPECT_EQ(ReadToken("{\"access_token\":\"a\",\"token\":\"t\"}")->text, "t");
  EXPECT_EQ(ReadToken("{\"access_token\":\"a\",\"token\":\"\"}")->text, "a");
}

TEST(TokenAnswer, IsRefusedWhereItIsNone) {
  for (const char* answer :
       {"", "{}", "[]", "x", "{\"token\":1}", "{\"token\":\"\"}", "{\"token\":\"a b\"}",
        "{\"token\":\"a\\r\\nX: y\"}", "{\"token\":\"a\",\"token\":\"b\"}"}) {
    EXPECT_THAT(ReadToken(answer), FailsWith(Reason::kRegistryError)) << answer;
  }
}

TEST(TokenAnswer, IsBounded) {
  const auto with = [](std::size_t size) {
    return "{\"token\":\"" + std::string(size, 't') + "\"}";
  };
  EXPECT_THAT(ReadToken(with(kMaxTokenBytes)), IsOk());
  EXPECT_THAT(ReadToken(with(kMaxTokenBytes + 1)), FailsWith(Reason::kRegistryError));
  const std::string small = with(1);
  EXPECT_THAT(ReadToken(small + std::string(kMaxTokenAnswerBytes - small.size(), ' ')), IsOk());
  EXPECT_THAT(ReadToken(small + std::string(kMaxTokenAnswerBytes - small.size() + 1, ' ')),
              FailsWith(Reason::kRegistryError));
}

TEST(MayCarryCredential, NeedsTlsLoopbackOrTheOperatorsWord) {
  EXPECT_TRUE(MayCarryCredential(At("https", "r.example")));
  EXPECT_FALSE(MayCarryCredential(At("http", "r.example", "80")));
  EXPECT_FALSE(MayCarryCredential(At("http", "169.254.1.1", "80")));
  EXPECT_TRUE(MayCarryCredential(At("http", "127.0.0.1", "80")));
  Endpoint meant = At("http", "r.example", "80");
  meant.is_http_meant = true;
  EXPECT_TRUE(MayCarryCredential(meant));
}

}  // namespace
}  // namespace sigward::worker
