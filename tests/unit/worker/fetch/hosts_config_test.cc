#include "worker/fetch/hosts_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "result_matchers.h"
#include "temp_folder.h"

namespace sigward::worker {
namespace {

using base::Reason;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::SizeIs;

constexpr const char* kPem = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";

class HostsConfigTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path(root_ / name);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  Endpoints FindOk(const std::string& registry) {
    const auto endpoints = config_.Find(registry);
    EXPECT_THAT(endpoints, IsOk()) << registry;
    return endpoints.ok() ? **endpoints : Endpoints{};
  }
  std::vector<std::string> Urls(const std::string& registry) {
    std::vector<std::string> urls;
    for (const Endpoint& endpoint : FindOk(registry)) {
      urls.push_back(endpoint.url());
    }
    return urls;
  }

  testing::TempFolder root_;
  HostsConfig config_{root_.path()};
};

TEST_F(HostsConfigTest, DefaultsWithoutAFolder) {
  struct Row {
    const char* registry;
    const char* url;
    std::optional<InsecureTransport> insecure;
    bool may_be_local;
  };
  for (const Row& row : {
           Row{"registry.example", "https://registry.example/v2", std::nullopt, false},
           Row{"registry.example:5000", "https://registry.example:5000/v2", std::nullopt, false},
           Row{"docker.io", "https://registry-1.docker.io/v2", std::nullopt, false},
           Row{"localhost:5000", "http://localhost:5000/v2", InsecureTransport::kPlainHttp, true},
           Row{"127.0.0.1:5000", "http://127.0.0.1:5000/v2", InsecureTransport::kPlainHttp, true},
           Row{"127.9.9.9:80", "http://127.9.9.9/v2", InsecureTransport::kPlainHttp, true},
           Row{"[::1]:5000", "http://[::1]:5000/v2", InsecureTransport::kPlainHttp, true},
           Row{"localhost", "https://localhost/v2", InsecureTransport::kUnverifiedTls, true},
           Row{"localhost:443", "https://localhost/v2", InsecureTransport::kUnverifiedTls, true},
           // Link-local is no loopback: somebody else may answer there.
           Row{"169.254.1.1:5000", "https://169.254.1.1:5000/v2", std::nullopt, true},
           Row{"10.0.0.1:5000", "https://10.0.0.1:5000/v2", std::nullopt, false},
       }) {
    const Endpoints endpoints = FindOk(row.registry);
    ASSERT_THAT(endpoints, SizeIs(1));
    EXPECT_EQ(endpoints.front().url(), row.url);
    EXPECT_EQ(endpoints.front().insecure, row.insecure) << row.registry;
    EXPECT_EQ(endpoints.front().may_be_local, row.may_be_local) << row.registry;
    EXPECT_EQ(endpoints.front().mirrored_registry, "");
  }
}

TEST_F(HostsConfigTest, LooksFoldersUpAsContainerdDoes) {
  Write("_default/hosts.toml", "server = \"https://default.example\"");
  EXPECT_THAT(Urls("a.example:5000"), ElementsAre("https://default.example/v2"));
  Write("a.example:5000/hosts.toml", "server = \"https://colon.example\"");
  EXPECT_THAT(Urls("a.example:5000"), ElementsAre("https://colon.example/v2"));
  Write("a.example_5000_/hosts.toml", "server = \"https://underscore.example\"");
  EXPECT_THAT(Urls("a.example:5000"), ElementsAre("https://underscore.example/v2"));
  EXPECT_THAT(Urls("b.example"), ElementsAre("https://default.example/v2"));
  Write("b.example/hosts.toml", "server = \"https://plain.example\"");
  EXPECT_THAT(Urls("b.example"), ElementsAre("https://plain.example/v2"));
}

TEST_F(HostsConfigTest, PutsTheRegistryItselfLastWhereNoServerIsNamed) {
  Write("docker.io/hosts.toml", "[host.\"https://mirror.example\"]\ncapabilities = [\"pull\"]");
  const Endpoints endpoints = FindOk("docker.io");
  ASSERT_THAT(endpoints, SizeIs(2));
  EXPECT_EQ(endpoints[0].url(), "https://mirror.example/v2");
  EXPECT_FALSE(endpoints[0].capabilities.resolve);
  EXPECT_EQ(endpoints[0].mirrored_registry, "docker.io");
  EXPECT_EQ(endpoints[1].url(), "https://registry-1.docker.io/v2");
  EXPECT_TRUE(endpoints[1].capabilities.resolve);
  EXPECT_EQ(endpoints[1].mirrored_registry, "");
}

TEST_F(HostsConfigTest, AsksAPlaceOnceThatIsHostAndServer) {
  Write("r.example/hosts.toml",
        "server = \"http://r.example\"\n[host.\"http://r.example\"]\n"
        "capabilities = [\"pull\", \"resolve\"]");
  EXPECT_THAT(Urls("r.example"), ElementsAre("http://r.example/v2"));
  Write("s.example/hosts.toml",
        "server = \"http://s.example\"\n[host.\"http://s.example\"]\ncapabilities = [\"pull\"]");
  EXPECT_THAT(Urls("s.example"), ElementsAre("http://s.example/v2", "http://s.example/v2"));
  Write("t.example/hosts.toml",
        "server = \"https://t.example\"\n[host.\"https://t.example\"]\nskip_verify = true");
  EXPECT_THAT(Urls("t.example"), ElementsAre("https://t.example/v2", "https://t.example/v2"));
}

TEST_F(HostsConfigTest, MarksInsecureTransport) {
  Write("a.example/hosts.toml", "server = \"http://a.example\"");
  EXPECT_EQ(FindOk("a.example").front().insecure, InsecureTransport::kPlainHttp);
  Write("b.example/hosts.toml", "skip_verify = true");
  EXPECT_EQ(FindOk("b.example").front().insecure, InsecureTransport::kUnverifiedTls);
  Write("c.example/hosts.toml", "skip_verify = false");
  EXPECT_EQ(FindOk("c.example").front().insecure, std::nullopt);
  Write("localhost/hosts.toml", "skip_verify = false");
  EXPECT_EQ(FindOk("localhost").front().insecure, std::nullopt);
}

TEST_F(HostsConfigTest, TakesALocalAddressOnlyFromTheOperator) {
  Write("_default/hosts.toml", "[host.\"http://mirror.example\"]");
  const Endpoints endpoints = FindOk("evil.example");
  ASSERT_THAT(endpoints, SizeIs(2));
  EXPECT_TRUE(endpoints[0].may_be_local);
  EXPECT_FALSE(endpoints[1].may_be_local);
  Write("named.example/hosts.toml", "");
  EXPECT_TRUE(FindOk("named.example").front().may_be_local);
}

TEST_F(HostsConfigTest, ReadsCertificatesBesideTheFileOrByAbsolutePath) {
  Write("elsewhere/two.pem", kPem + std::string("two"));
  Write("r.example/one.pem", kPem + std::string("one"));
  Write("r.example/client.pem", kPem);
  Write("r.example/hosts.toml",
        "ca = [\"one.pem\", \"" + (root_ / "elsewhere/two.pem") + "\"]\nclient = \"client.pem\"");
  const Endpoints endpoints = FindOk("r.example");
  ASSERT_THAT(endpoints, SizeIs(1));
  EXPECT_THAT(endpoints.front().ca_pem, HasSubstr("one\n"));
  EXPECT_THAT(endpoints.front().ca_pem, HasSubstr("two\n"));
  ASSERT_TRUE(endpoints.front().client.has_value());
  EXPECT_EQ(endpoints.front().client->key_pem, kPem);
}

TEST_F(HostsConfigTest, ReadsDockersLayoutWithoutHostsToml) {
  Write("r.example/b.crt", kPem + std::string("b"));
  Write("r.example/a.crt", kPem + std::string("a"));
  Write("r.example/client.cert", kPem);
  Write("r.example/client.key", kPem + std::string("key"));
  Write("r.example/notes.txt", "nothing");
  const Endpoints endpoints = FindOk("r.example");
  ASSERT_THAT(endpoints, SizeIs(1));
  EXPECT_EQ(endpoints.front().url(), "https://r.example/v2");
  EXPECT_EQ(endpoints.front().ca_pem, kPem + std::string("a\n") + kPem + std::string("b\n"));
  ASSERT_TRUE(endpoints.front().client.has_value());
  EXPECT_EQ(endpoints.front().client->key_pem, kPem + std::string("key"));
  Write("r.example/other.cert", kPem);
  EXPECT_THAT(config_.Find("r.example"), FailsWith(Reason::kConfigInvalid));
}

TEST_F(HostsConfigTest, PassesFoldersOverInDockersLayout) {
  Write("r.example/a.crt", kPem);
  Write("r.example/old.crt/x", "");
  Write("r.example/old.cert/x", "");
  const Endpoints endpoints = FindOk("r.example");
  ASSERT_THAT(endpoints, SizeIs(1));
  EXPECT_EQ(endpoints.front().ca_pem, kPem + std::string("\n"));
  EXPECT_FALSE(endpoints.front().client.has_value());
}

TEST_F(HostsConfigTest, KnowsIpv6Literals) {
  Write("[fd00::1]_5000_/hosts.toml", "server = \"https://[FD00::2]:5001\"\n[host.\"[fd00::3]\"]");
  EXPECT_THAT(Urls("[fd00::1]:5000"),
              ElementsAre("https://[fd00::3]/v2", "https://[fd00::2]:5001/v2"));
  EXPECT_EQ(FindOk("[fd00::1]:5000")[0].authority(), "[fd00::3]");
  EXPECT_EQ(FindOk("[fd00::1]:5000")[1].authority(), "[fd00::2]:5001");
}

TEST_F(HostsConfigTest, TellsWhereTheOperatorMeantHttp) {
  Write("a.example/hosts.toml", "server = \"http://a.example\"\n[host.\"https://m.example\"]");
  const Endpoints endpoints = FindOk("a.example");
  EXPECT_FALSE(endpoints.at(0).is_http_meant);
  EXPECT_TRUE(endpoints.at(1).is_http_meant);
  // Nobody wrote this one.
  EXPECT_FALSE(FindOk("127.0.0.1:5000").front().is_http_meant);
  Write("127.0.0.1:5000/hosts.toml", "header = {x-key = \"y\"}");
  EXPECT_FALSE(FindOk("127.0.0.1:5000").front().is_http_meant);
}

TEST_F(HostsConfigTest, RefusesFilesThatAreNotToBeHad) {
  Write("r.example/hosts.toml", "ca = \"missing.pem\"");
  EXPECT_THAT(config_.Find("r.example"), FailsWith(Reason::kConfigInvalid));
  Write("r.example/missing.pem", "no certificate");
  EXPECT_THAT(config_.Find("r.example"), FailsWith(Reason::kConfigInvalid));
  Write("r.example/missing.pem", kPem);
  EXPECT_THAT(config_.Find("r.example"), IsOk());
}

TEST_F(HostsConfigTest, BoundsFiles) {
  Write("r.example/hosts.toml", std::string(kMaxHostsTomlBytes + 1, ' '));
  EXPECT_THAT(config_.Find("r.example"), FailsWith(Reason::kTooLarge));
  Write("r.example/hosts.toml", "ca = \"ca.pem\"");
  Write("r.example/ca.pem", kPem + std::string(kMaxCertificateFileBytes, ' '));
  EXPECT_THAT(config_.Find("r.example"), FailsWith(Reason::kTooLarge));
}

TEST_F(HostsConfigTest, WaitsForNoPipe) {
  std::filesystem::create_directories(root_ / "r.example");
  Write("r.example/hosts.toml", "ca = \"ca.pem\"");
  ASSERT_EQ(mkfifo((root_ / "r.example/ca.pem").c_str(), 0600), 0);
  EXPECT_THAT(config_.Find("r.example"), FailsWith(Reason::kConfigInvalid));
}

TEST_F(HostsConfigTest, ReadsAgainWhatHasChanged) {
  Write("r.example/hosts.toml", "server = \"https://one.example\"");
  EXPECT_THAT(Urls("r.example"), ElementsAre("https://one.example/v2"));
  Write("r.example/hosts.toml", "server = \"https://other.example\"");
  EXPECT_THAT(Urls("r.example"), ElementsAre("https://other.example/v2"));
  Write("r.example/hosts.toml", "server = 1");
  EXPECT_THAT(config_.Find("r.example"), FailsWith(Reason::kConfigInvalid));
  std::filesystem::remove_all(root_ / "r.example");
  EXPECT_THAT(Urls("r.example"), ElementsAre("https://r.example/v2"));
}

TEST_F(HostsConfigTest, ReadsAgainWhenACertificateHasChanged) {
  Write("r.example/hosts.toml", "ca = \"ca.pem\"");
  Write("r.example/ca.pem", kPem + std::string("old"));
  EXPECT_THAT(FindOk("r.example").front().ca_pem, HasSubstr("old"));
  Write("r.example/ca.pem", kPem + std::string("newer"));
  EXPECT_THAT(FindOk("r.example").front().ca_pem, HasSubstr("newer"));
}

TEST_F(HostsConfigTest, KeepsWhatHasNotChanged) {
  Write("r.example/hosts.toml", "server = \"https://one.example\"");
  const auto first = config_.Find("r.example");
  const auto second = config_.Find("r.example");
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->get(), second->get());
}

}  // namespace
}  // namespace sigward::worker
