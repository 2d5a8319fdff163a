#include "worker/fetch/hosts_toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "result_matchers.h"
#include "worker/fetch/url.h"

namespace sigward::worker {
namespace {

using base::Reason;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;

constexpr const char* kFile = "/certs.d/r/hosts.toml";

/// URLs in the order in which they are asked; "-" for the registry itself.
std::vector<std::string> UrlsOf(const std::vector<HostSection>& sections) {
  std::vector<std::string> urls;
  for (const HostSection& section : sections) {
    urls.push_back(section.origin ? Url{*section.origin, section.path, ""}.text() : "-");
  }
  return urls;
}

TEST(ParseHostsToml, AsksHostsInTheOrderOfTheFileAndTheServerLast) {
  struct Row {
    const char* text;
    std::vector<std::string> urls;
  };
  const std::vector<Row> rows{
      {"", {"-"}},
      {"# nothing", {"-"}},
      {"server = \"\"", {"-"}},
      {"server = \"https://docker.io\"", {"https://docker.io/v2"}},
      {"server = \"registry.example\"", {"https://registry.example/v2"}},
      {"server = \"registry.example:5000\"", {"https://registry.example:5000/v2"}},
      {"server = \"http://10.0.0.1:5000\"", {"http://10.0.0.1:5000/v2"}},
      {"server = \"https://registry.example/\"", {"https://registry.example/v2"}},
      {"server = \"https://registry.example/v2\"", {"https://registry.example/v2"}},
      {"server = \"https://registry.example/v2/\"", {"https://registry.example/v2"}},
      {"server = \"https://registry.example/mirror\"", {"https://registry.example/mirror/v2"}},
      {"server = \"https://registry.example/mirror\"\noverride_path = true",
       {"https://registry.example/mirror"}},
      {"server = \"https://registry.example\"\noverride_path = true", {"https://registry.example"}},
      {"server = \"https://registry.example\"\noverride_path = false",
       {"https://registry.example/v2"}},
      {"server = \"https://Registry.Example\"", {"https://registry.example/v2"}},
      // The order of the file, not of the alphabet.
      {"server = "
       "\"https://s.example\"\n[host.\"https://z.example\"]\n[host.\"https://a.example\"]\n"
       "[host.\"https://m.example\"]",
       {"https://z.example/v2", "https://a.example/v2", "https://m.example/v2",
        "https://s.example/v2"}},
      // A sub-table is no host of its own, whichever of both comes first.
      {"[host.\"https://b.example\"]\n[host.\"https://b.example\".header]\nx = \"y\"\n"
       "[host.\"https://a.example\"]",
       {"https://b.example/v2", "https://a.example/v2", "-"}},
      {"[host.\"https://b.example\".header]\nx = \"y\"\n[host.\"https://a.example\"]\n",
       {"https://b.example/v2", "https://a.example/v2", "-"}},
      {"[host.\"http://mirror:5000\"]\n", {"http://mirror:5000/v2", "-"}},
      {"[host.\"mirror.example\"]\n", {"https://mirror.example/v2", "-"}},
      {"[host.\"https://mirror.example/v2/proxy\"]\noverride_path = true\n",
       {"https://mirror.example/v2/proxy", "-"}},
  };
  for (const Row& row : rows) {
    const auto sections = ParseHostsToml(row.text, kFile);
    ASSERT_THAT(sections, IsOk()) << row.text;
    EXPECT_EQ(UrlsOf(*sections), row.urls) << row.text;
  }
}

TEST(ParseHostsToml, ReadsEverySetting) {
  const auto sections = ParseHostsToml(R"(
server = "https://registry.example"
ca = "/etc/certs/server.pem"

[host."https://mirror.example"]
  capabilities = ["pull", "Resolve"]
  ca = ["one.pem", "two.pem"]
  client = [["client.cert", "client.key"]]
  skip_verify = true
  dial_timeout = "1.5s"
  [host."https://mirror.example".header]
    x-custom-1 = "one"
    x-custom-2 = ["two", "three"]
)",
                                       kFile);
  ASSERT_THAT(sections, IsOk());
  ASSERT_THAT(*sections, SizeIs(2));
  const HostSection& mirror = sections->front();
  EXPECT_TRUE(mirror.capabilities.pull);
  EXPECT_TRUE(mirror.capabilities.resolve);
  EXPECT_THAT(mirror.ca_files, ElementsAre("one.pem", "two.pem"));
  ASSERT_TRUE(mirror.client.has_value());
  EXPECT_EQ(mirror.client->certificate, "client.cert");
  EXPECT_EQ(mirror.client->key, "client.key");
  EXPECT_EQ(mirror.skip_verify, true);
  EXPECT_EQ(mirror.connect_timeout, std::chrono::milliseconds(1500));
  EXPECT_THAT(mirror.headers,
              ElementsAre("x-custom-1: one", "x-custom-2: two", "x-custom-2: three"));

  const HostSection& server = sections->back();
  EXPECT_THAT(server.ca_files, ElementsAre("/etc/certs/server.pem"));
  EXPECT_EQ(server.skip_verify, std::nullopt);
  EXPECT_EQ(server.connect_timeout, kConnectTimeout);
  EXPECT_FALSE(server.client.has_value());
  EXPECT_THAT(server.headers, IsEmpty());
}

TEST(ParseHostsToml, ReadsCapabilities) {
  struct Row {
    const char* value;
    bool pull;
    bool resolve;
  };
  for (const Row& row :
       {Row{"[]", true, true}, Row{R"(["pull"])", true, false}, Row{R"(["resolve"])", false, true},
        Row{R"(["push"])", false, false}, Row{R"(["PULL", "referrers"])", true, false}}) {
    const auto sections = ParseHostsToml(
        "[host.\"https://m.example\"]\ncapabilities = " + std::string(row.value), kFile);
    ASSERT_THAT(sections, IsOk());
    EXPECT_EQ(sections->front().capabilities.pull, row.pull) << row.value;
    EXPECT_EQ(sections->front().capabilities.resolve, row.resolve) << row.value;
  }
}

TEST(ParseHostsToml, GivesARegistryWithoutServerEveryCapability) {
  const auto sections = ParseHostsToml("capabilities = [\"push\"]", kFile);
  ASSERT_THAT(sections, IsOk());
  EXPECT_TRUE(sections->back().capabilities.pull);
  EXPECT_TRUE(sections->back().capabilities.resolve);
}

TEST(ParseHostsToml, ReadsClientCertificates) {
  struct Row {
    const char* value;
    const char* certificate;
    const char* key;
  };
  for (const Row& row : {Row{"\"c.pem\"", "c.pem", ""}, Row{"[\"c.pem\"]", "c.pem", ""},
                         Row{"[[\"c.pem\", \"k.pem\"]]", "c.pem", "k.pem"},
                         Row{"[[\"c.pem\", \"\"]]", "c.pem", ""}}) {
    const auto sections = ParseHostsToml("client = " + std::string(row.value), kFile);
    ASSERT_THAT(sections, IsOk()) << row.value;
    ASSERT_TRUE(sections->back().client.has_value());
    EXPECT_EQ(sections->back().client->certificate, row.certificate);
    EXPECT_EQ(sections->back().client->key, row.key);
  }
}

TEST(ParseHostsToml, RefusesWhatItWouldNotFollowWithFileAndLine) {
  struct Row {
    const char* text;
    int line;
    const char* what;
  };
  for (const Row& row : {
           Row{"server = ", 1, ""},
           Row{"server = \"a\"\nserver = \"b\"", 2, ""},
           Row{"\n\nfoo = 1", 3, "unknown key \"foo\""},
           Row{"[host.\"https://m\"]\ncapabilites = []", 2, "unknown key \"capabilites\""},
           Row{"[host.\"https://m\"]\nserver = \"x\"", 2, "unknown key \"server\""},
           Row{"[hosts.\"https://m\"]", 1, "unknown key \"hosts\""},
           Row{"server = 1", 1, "server must be a string"},
           Row{"server = \"ftp://x\"", 1, "server is not a registry URL"},
           Row{"server = \"https://u:p@x\"", 1, "credentials"},
           Row{"server = \"https://x?a=b\"", 1, "query"},
           Row{"server = \"https://\"", 1, "server is not a registry URL"},
           Row{"\nhost = 1", 2, "host must be a table"},
           Row{"[[host]]\na = 1", 1, "host must be a table"},
           Row{"[host]\n\"https://m\" = 1", 2, "must be a table"},
           Row{"\n[host.\"ftp://m\"]", 2, "host is not a registry URL"},
           Row{"capabilities = \"pull\"", 1, "capabilities must be"},
           Row{"capabilities = [\n\"pull\",\n1]", 3, "each element of capabilities"},
           Row{"capabilities = [\n\"fetch\"]", 2, "unknown capability \"fetch\""},
           Row{"ca = 1", 1, "ca must be"},
           Row{"ca = [1]", 1, "each element of ca"},
           Row{"client = 1", 1, "client must be a string"},
           Row{"client = []", 1, "exactly one certificate"},
           Row{"client = [\"a\", \"b\"]", 1, "exactly one certificate"},
           Row{"client = [[\"a\"]]", 1, "a certificate and a key"},
           Row{"client = [[\"a\", \"b\", \"c\"]]", 1, "a certificate and a key"},
           Row{"client = [[1, \"b\"]]", 1, "client certificate must be a string"},
           Row{"skip_verify = \"true\"", 1, "skip_verify must be true or false"},
           Row{"skip_verify = 1", 1, "skip_verify must be true or false"},
           Row{"override_path = \"x\"", 1, "override_path must be true or false"},
           Row{"header = \"x\"", 1, "header must be a table"},
           Row{"[header]\nx = 1", 2, "header x must be"},
           Row{"[header]\nx = [1]", 2, "each element of header x"},
           Row{"[header]\nx = \"a\\r\\nb: c\"", 2, "control characters"},
           Row{"[header]\n\"a b\" = \"x\"", 2, "not a header name"},
           Row{"[header]\n\"\" = \"x\"", 2, "not a header name"},
           Row{"dial_timeout = 3", 1, "dial_timeout must be a string"},
           Row{"dial_timeout = \"3\"", 1, "dial_timeout must be a duration"},
           Row{"dial_timeout = \"-3s\"", 1, "dial_timeout must be a duration"},
           Row{"x = \"\xff\"", 1, ""},
           Row{"# \xc3\xa4\n\xef\xbb\x9f = 1", 2, "beyond ASCII"},
           Row{"\xef\xbb\xbf\nfoo = 1", 2, "unknown key \"foo\""},
       }) {
    const auto sections = ParseHostsToml(row.text, kFile);
    ASSERT_THAT(sections, FailsWith(Reason::kConfigInvalid)) << row.text;
    EXPECT_THAT(sections.error().detail,
                ::testing::StartsWith(std::string(kFile) + ":" + std::to_string(row.line) + ": "))
        << row.text;
    EXPECT_THAT(sections.error().detail, HasSubstr(row.what)) << row.text;
  }
}

TEST(ParseHostsToml, BoundsTheFile) {
  const std::string comment = "#" + std::string(kMaxHostsTomlBytes - 1, ' ');
  EXPECT_THAT(ParseHostsToml(comment, kFile), IsOk());
  EXPECT_THAT(ParseHostsToml(comment + " ", kFile), FailsWith(Reason::kTooLarge));
}

TEST(ParseHostsToml, BoundsHosts) {
  std::string text;
  for (std::size_t i = 0; i < kMaxHosts; ++i) {
    text += "[host.\"https://m" + std::to_string(i) + "\"]\n";
  }
  EXPECT_THAT(ParseHostsToml(text, kFile), IsOk());
  text += "[host.\"https://more\"]\n";
  EXPECT_THAT(ParseHostsToml(text, kFile), FailsWith(Reason::kConfigInvalid));
}

TEST(ParseHostsToml, BoundsHeaders) {
  std::string text = "[header]\n";
  for (std::size_t i = 0; i < kMaxHeadersPerHost; ++i) {
    text += "x" + std::to_string(i) + " = \"y\"\n";
  }
  EXPECT_THAT(ParseHostsToml(text, kFile), IsOk());
  EXPECT_THAT(ParseHostsToml(text + "more = \"y\"\n", kFile), FailsWith(Reason::kConfigInvalid));
}

TEST(ParseGoDuration, ReadsWhatGoWrites) {
  struct Row {
    const char* text;
    long milliseconds;
  };
  for (const Row& row :
       {Row{"0", 0}, Row{"0s", 0}, Row{"3s", 3000}, Row{"300ms", 300}, Row{"1.5s", 1500},
        Row{"1m30s", 90'000}, Row{"1h", 3'600'000}, Row{".5s", 500}, Row{"1500us", 2},
        Row{"1500µs", 2}, Row{"2000000ns", 2}, Row{"24h", 86'400'000}}) {
    const auto duration = ParseGoDuration(row.text);
    ASSERT_THAT(duration, IsOk()) << row.text;
    EXPECT_EQ(duration->count(), row.milliseconds) << row.text;
  }
}

TEST(ParseGoDuration, RefusesTheRest) {
  for (const char* text : {"", "3", "s", "3x", "-3s", "+3s", "3s ", " 3s", "1e3s", "infs", "nans",
                           "0x3s", "3s4", "24h1ms", "99999999999999999999h"}) {
    EXPECT_THAT(ParseGoDuration(text), FailsWith(Reason::kMalformed)) << text;
  }
}

}  // namespace
}  // namespace sigward::worker
