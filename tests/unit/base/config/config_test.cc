#include "base/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"

namespace sigward {
namespace {

using base::Reason;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::IsEmpty;
using testing::IsOk;

constexpr const char* kPolicy = "[policy]\nsource = \"file:///etc/sigward/policy.json\"\n";

TEST(Config, HasADefaultForEverythingButThePolicy) {
  const auto config = ParseConfig(kPolicy, "c.toml");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->gate_socket, "/run/sigward/gate.sock");
  EXPECT_EQ(config->fetchd_socket(), "/run/sigward/fetchd.sock");
  EXPECT_EQ(config->verifyd_socket(), "/run/sigward/verifyd.sock");
  EXPECT_EQ(config->policy_path, "/etc/sigward/policy.json");
  EXPECT_EQ(config->state_dir, "/var/lib/sigward");
  EXPECT_EQ(config->hosts_dir, "/etc/containerd/certs.d");
  EXPECT_EQ(config->credentiald_socket(), "/run/sigward/credentiald.sock");
  EXPECT_EQ(config->auth_file, "");
  EXPECT_EQ(config->credential_provider_config, "");
  EXPECT_EQ(config->credential_provider_bin_dir, "");
  EXPECT_FALSE(config->HasCredentials());
  EXPECT_THAT(config->token_hosts, IsEmpty());
  EXPECT_THAT(config->evidence_layouts, IsEmpty());
  EXPECT_EQ(config->containerd_address, "/run/containerd/containerd.sock");
  EXPECT_EQ(config->containerd_state, "/run/containerd");
  EXPECT_EQ(config->nri_socket, "/run/nri/nri.sock");
  EXPECT_EQ(config->nri_index, "10");
  EXPECT_EQ(config->pull_deadline, std::chrono::seconds(8));
}

TEST(Config, TakesEveryKey) {
  const auto config = ParseConfig(R"(
[gate]
socket = "/tmp/x/g.sock"
pull_deadline = "3s"
[containerd]
address = "/tmp/x/containerd.sock"
state = "/tmp/x/run"
[nri]
socket = "/tmp/x/nri.sock"
index = "07"
[policy]
source = "file:///tmp/x/policy.json"
[state]
dir = "/tmp/x/state"
[registry]
hosts_dir = "/tmp/x/certs.d"
auth_file = "/tmp/x/auth.json"
credential_provider_config = "/tmp/x/providers.yaml"
credential_provider_bin_dir = "/tmp/x/providers"
token_hosts = ["auth.example", "10.0.0.1:8443"]
[evidence]
layouts = ["/tmp/x/layout", "/tmp/y"]
)",
                                  "c.toml");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->gate_socket, "/tmp/x/g.sock");
  EXPECT_EQ(config->pull_deadline, std::chrono::seconds(3));
  EXPECT_EQ(config->containerd_address, "/tmp/x/containerd.sock");
  EXPECT_EQ(config->containerd_state, "/tmp/x/run");
  EXPECT_EQ(config->nri_socket, "/tmp/x/nri.sock");
  EXPECT_EQ(config->nri_index, "07");
  EXPECT_EQ(config->policy_path, "/tmp/x/policy.json");
  EXPECT_EQ(config->state_dir, "/tmp/x/state");
  EXPECT_EQ(config->hosts_dir, "/tmp/x/certs.d");
  EXPECT_EQ(config->auth_file, "/tmp/x/auth.json");
  EXPECT_EQ(config->credential_provider_config, "/tmp/x/providers.yaml");
  EXPECT_EQ(config->credential_provider_bin_dir, "/tmp/x/providers");
  EXPECT_TRUE(config->HasCredentials());
  EXPECT_THAT(config->token_hosts, ElementsAre("auth.example", "10.0.0.1:8443"));
  EXPECT_THAT(config->evidence_layouts, ElementsAre("/tmp/x/layout", "/tmp/y"));
}

TEST(Config, TheNriDoorCanBeShut) {
  const auto config = ParseConfig(std::string(kPolicy) + "[nri]\nsocket = \"\"\n", "c.toml");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->nri_socket, "");
}

TEST(Config, WhatIsWrongIsNamedWithItsLineAndWhatWasExpected) {
  const std::pair<std::string, std::string> wrong[] = {
      {"[gate]\nsokcet = \"/x/y\"\n",
       "c.toml:2: unknown key sokcet in [gate], expected one of pull_deadline, socket"},
      {"[gates]\nsocket = \"/x/y\"\n",
       "c.toml:1: unknown section or key gates, expected one of the sections containerd, "
       "evidence, gate, nri, policy, registry, state"},
      {"\nsocket = \"/x/y\"\n", "c.toml:2: unknown section or key socket"},
      {"gate = 3\n", "c.toml:1: gate must be a section: [gate]"},
      {"[gate]\n\nsocket = \"x/y\"\n",
       "c.toml:3: [gate] socket: expected an absolute path in quotes"},
      {"[gate]\nsocket = 7\n", "c.toml:2: [gate] socket: expected an absolute path in quotes"},
      {"[gate]\nsocket = \"/gate.sock\"\n",
       "c.toml:2: [gate] socket: expected the path of a socket in a folder of its own"},
      {"[gate]\npull_deadline = 8\n",
       "c.toml:2: [gate] pull_deadline: expected whole seconds from 1 to 9"},
      {"[gate]\npull_deadline = \"10s\"\n",
       "c.toml:2: [gate] pull_deadline: expected whole seconds from 1 to 9"},
      {"[gate]\npull_deadline = \"0s\"\n",
       "c.toml:2: [gate] pull_deadline: expected whole seconds from 1 to 9"},
      {"[gate]\npull_deadline = \"-1s\"\n",
       "c.toml:2: [gate] pull_deadline: expected whole seconds from 1 to 9"},
      {"[policy]\nsource = \"https://x/policy.json\"\n",
       "c.toml:2: [policy] source: expected \"file:///ABSOLUTE/PATH\""},
      {"[policy]\nsource = \"/x/policy.json\"\n",
       "c.toml:2: [policy] source: expected \"file:///ABSOLUTE/PATH\""},
      {"[policy]\nsource = \"file:///\"\n",
       "c.toml:2: [policy] source: expected \"file:///ABSOLUTE/PATH\""},
      {"[policy]\n", "c.toml: [policy] source is missing"},
      {"[containerd]\nstate = \"run/containerd\"\n",
       "c.toml:2: [containerd] state: expected an absolute path in quotes"},
      {"[containerd]\nstate = \"\"\n",
       "c.toml:2: [containerd] state: expected an absolute path in quotes"},
      {"[containerd]\nstate = 7\n",
       "c.toml:2: [containerd] state: expected an absolute path in quotes"},
      {"[containerd]\nroot = \"/x\"\n",
       "c.toml:2: unknown key root in [containerd], expected one of address, state"},
      {"[nri]\nsocket = \"nri.sock\"\n",
       "c.toml:2: [nri] socket: expected an absolute path in quotes, or \"\" for none"},
      {"[nri]\nsocket = false\n",
       "c.toml:2: [nri] socket: expected an absolute path in quotes, or \"\" for none"},
      {"[nri]\nname = \"x\"\n",
       "c.toml:2: unknown key name in [nri], expected one of index, socket"},
      {"[nri]\nindex = 10\n", "c.toml:2: [nri] index: expected two digits in quotes, like \"10\""},
      {"[nri]\nindex = \"\"\n", "c.toml:2: [nri] index: expected two digits"},
      {"[nri]\nindex = \"1\"\n", "c.toml:2: [nri] index: expected two digits"},
      {"[nri]\nindex = \"100\"\n", "c.toml:2: [nri] index: expected two digits"},
      {"[nri]\nindex = \"-1\"\n", "c.toml:2: [nri] index: expected two digits"},
      {"[nri]\nindex = \"1a\"\n", "c.toml:2: [nri] index: expected two digits"},
      {"[state]\ndir = [\"/x\"]\n", "c.toml:2: [state] dir: expected an absolute path in quotes"},
      {"[gate\n", "c.toml:1: "},
      {"[gate]\nsocket = \"/x/y\"\nsocket = \"/x/z\"\n", "c.toml:3: "},
      {"[registry]\nauth_file = \"auth.json\"\n",
       "c.toml:2: [registry] auth_file: expected an absolute path in quotes"},
      {"[registry]\ncredential_provider_config = \"/x\"\n[policy]\nsource = \"file:///p\"\n",
       "c.toml: [registry] credential_provider_config and credential_provider_bin_dir are only of"},
      {"[registry]\ncredential_provider_bin_dir = \"/x\"\n[policy]\nsource = \"file:///p\"\n",
       "c.toml: [registry] credential_provider_config and credential_provider_bin_dir are only of"},
      {"[evidence]\nlayouts = \"/x\"\n",
       "c.toml:2: [evidence] layouts: expected a list of at most 16 paths"},
      {"[evidence]\nlayouts = [\"/x\", \"/x/../y\"]\n",
       "c.toml:2: [evidence] layouts: expected an absolute path without"},
      {"[evidence]\nlayouts = [7]\n",
       "c.toml:2: [evidence] layouts: expected an absolute path in quotes"},
      {"# f\u00fcr\n[state]\ndir = \"/f\u00fcr\"\n", "c.toml:3: character beyond ASCII"},
      // What toml++ 3.3 must never see.
      {"cs =3[\"e\u00b5 = 1\n", "c.toml:1: character beyond ASCII"},
      {"[.state]\n", "c.toml:1: "},
  };
  for (const auto& [text, message] : wrong) {
    const auto config = ParseConfig(text, "c.toml");
    ASSERT_THAT(config, FailsWith(Reason::kConfigInvalid)) << text;
    EXPECT_TRUE(config.error().detail.starts_with(message)) << config.error().detail << "\n"
                                                            << message;
  }
}

TEST(Config, TokenHostsAreHostNamesInLowerCase) {
  const auto parse = [](const std::string& host) {
    return ParseConfig(std::string(kPolicy) + "[registry]\ntoken_hosts = [\"" + host + "\"]\n",
                       "c.toml");
  };
  const std::string label(63, 'a');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  for (const std::string& host : {std::string("a"), std::string("auth.example:65535"), longest}) {
    EXPECT_THAT(parse(host), IsOk()) << host;
  }
  for (const std::string& host :
       {std::string(), std::string("Auth.example"), std::string("https://auth.example"),
        std::string("auth.example/token"), std::string("auth..example"), std::string(".example"),
        std::string("auth.example."), std::string("-auth.example"), std::string("auth-.example"),
        std::string("*.example"), std::string("auth.example:"), std::string("auth.example:0"),
        std::string("auth.example:65536"), std::string("auth.example:080"),
        std::string("auth.example:+80"), std::string(":80"), label + "a", longest + "a"}) {
    EXPECT_THAT(parse(host), FailsWith(Reason::kConfigInvalid)) << host;
  }
}

TEST(Config, ListsAreBounded) {
  const auto list = [](std::size_t count, const std::string& element) {
    std::string text = "[";
    for (std::size_t i = 0; i < count; ++i) {
      text += '"' + element + "\",";
    }
    return text + "]\n";
  };
  const auto parse = [&](std::size_t hosts, std::size_t layouts) {
    return ParseConfig(std::string(kPolicy) + "[registry]\ntoken_hosts = " + list(hosts, "a") +
                           "[evidence]\nlayouts = " + list(layouts, "/x"),
                       "c.toml");
  };
  EXPECT_THAT(parse(kMaxTokenHosts, kMaxEvidenceLayouts), IsOk());
  EXPECT_THAT(parse(kMaxTokenHosts + 1, 0), FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(parse(0, kMaxEvidenceLayouts + 1), FailsWith(Reason::kConfigInvalid));
}

TEST(Config, CommentsMayHoldAnything) {
  EXPECT_THAT(ParseConfig(std::string("# f\u00fcr\n") + kPolicy, "c.toml"), IsOk());
}

TEST(Config, TheWorkersSocketsFitTheKernelsBound) {
  const std::string longest = "/" + std::string(107 - 1 - 17, 'd') + "/g.sock";
  EXPECT_THAT(ParseConfig("[gate]\nsocket = \"" + longest + "\"\n" + kPolicy, "c.toml"), IsOk());
  EXPECT_THAT(ParseConfig("[gate]\nsocket = \"/d" + longest.substr(1) + "\"\n" + kPolicy, "c.toml"),
              FailsWith(Reason::kConfigInvalid));
}

TEST(Config, AFileThatIsNotThereIsAnErrorThatNamesIt) {
  const auto config = ReadConfig("/nowhere/config.toml");
  ASSERT_THAT(config, FailsWith(Reason::kConfigInvalid));
  EXPECT_NE(config.error().detail.find("/nowhere/config.toml"), std::string::npos);
}

}  // namespace
}  // namespace sigward
