#include "worker/credentials/provider_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"

namespace sigward::worker {
namespace {

using base::Reason;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;

constexpr const char* kKubeletsOwn = R"(
apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
  # As a cloud's documentation shows it.
  - name: ecr-credential-provider
    matchImages:
      - "*.dkr.ecr.*.amazonaws.com"
      - registry.io:8080/path
    defaultCacheDuration: "12h"
    apiVersion: credentialprovider.kubelet.k8s.io/v1
    args:
      - get-credentials
      - "--v=3"
    env:
      - name: AWS_PROFILE
        value: example_profile
  - name: second
    matchImages: [gcr.io]
    defaultCacheDuration: 0s
    apiVersion: credentialprovider.kubelet.k8s.io/v1
)";

/// One provider with MORE lines, each indented by four.
std::string WithLines(const std::string& more) {
  return "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n"
         "  - name: p\n    matchImages: [a.io]\n    defaultCacheDuration: 1h\n"
         "    apiVersion: credentialprovider.kubelet.k8s.io/v1\n" +
         more;
}

TEST(ProviderConfig, IsKubeletsOwnFile) {
  const auto providers = ParseProviderConfig(kKubeletsOwn);
  ASSERT_THAT(providers, IsOk());
  ASSERT_EQ(providers->size(), 2U);
  const Provider& first = providers->front();
  EXPECT_EQ(first.name, "ecr-credential-provider");
  EXPECT_TRUE(first.Covers("1.dkr.ecr.eu.amazonaws.com/app"));
  EXPECT_TRUE(first.Covers("registry.io:8080/path/app"));
  EXPECT_FALSE(first.Covers("gcr.io/app"));
  EXPECT_EQ(first.default_cache_duration, std::chrono::hours(12));
  EXPECT_THAT(first.arguments, ElementsAre("get-credentials", "--v=3"));
  EXPECT_THAT(first.environment, ElementsAre("AWS_PROFILE=example_profile"));
  EXPECT_EQ(providers->back().default_cache_duration.count(), 0);
}

TEST(ProviderConfig, MayBeJson) {
  const auto providers = ParseProviderConfig(R"({"apiVersion":"kubelet.config.k8s.io/v1",
      "kind":"CredentialProviderConfig","providers":[{"name":"p","matchImages":["a.io"],
      "defaultCacheDuration":"1h","apiVersion":"credentialprovider.kubelet.k8s.io/v1"}]})");
  ASSERT_THAT(providers, IsOk());
  EXPECT_EQ(providers->size(), 1U);
}

TEST(ProviderConfig, WhatIsWrongIsNamed) {
  const std::string good = WithLines("");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  const std::pair<std::string, std::string> rows[] = {
      {"", "expected one document"},
      {good + "---\n" + good, "expected one document"},
      {"a: [", "line "},
      {with("kubelet.config.k8s.io/v1", "kubelet.config.k8s.io/v1beta1"), "apiVersion"},
      {with("CredentialProviderConfig", "CredentialProvider"), "kind"},
      {with("kind: CredentialProviderConfig\n", ""), "kind"},
      {with("name: p", "name: ../p"), "providers[0].name"},
      {with("name: p", "name: .."), "providers[0].name"},
      {with("name: p", "name: 7"), "name"},
      {with("[a.io]", "[]"), "providers[0].matchImages"},
      {with("[a.io]", "[\"https://a.io\"]"), "providers[0].matchImages"},
      {with("[a.io]", "a.io"), "matchImages"},
      {with("1h", "-1h"), "providers[0].defaultCacheDuration"},
      {with("    defaultCacheDuration: 1h\n", ""), "defaultCacheDuration"},
      {with("credentialprovider.kubelet.k8s.io/v1", "credentialprovider.kubelet.k8s.io/v1alpha1"),
       "providers[0].apiVersion"},
      {WithLines("    args: [1]\n"), "providers[0].args"},
      {WithLines("    env: [{name: A}]\n"), "value"},
      {WithLines("    env: [{name: A=B, value: c}]\n"), "providers[0].env"},
      {WithLines("    env: [{name: A, value: c, valueFrom: d}]\n"), "valueFrom"},
      // What a newer kubelet would do with it is not done here.
      {WithLines("    tokenAttributes: {}\n"), "tokenAttributes"},
      {WithLines("") + "extra: 1\n", "extra"},
      {WithLines("  - name: p\n    matchImages: [b.io]\n    defaultCacheDuration: 1h\n"
                 "    apiVersion: credentialprovider.kubelet.k8s.io/v1\n"),
       "two have the name p"},
      {"apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders: []\n",
       "providers"},
  };
  for (const auto& [text, named] : rows) {
    const auto providers = ParseProviderConfig(text);
    ASSERT_THAT(providers, FailsWith(Reason::kConfigInvalid)) << text;
    EXPECT_THAT(providers.error().detail, HasSubstr(named)) << text;
  }
}

TEST(ProviderConfig, IsBounded) {
  const auto providers = [](std::size_t count) {
    std::string text =
        "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n";
    for (std::size_t i = 0; i < count; ++i) {
      text += "  - {name: p" + std::to_string(i) +
              ", matchImages: [a.io], defaultCacheDuration: 1h, "
              "apiVersion: credentialprovider.kubelet.k8s.io/v1}\n";
    }
    return text;
  };
  EXPECT_THAT(ParseProviderConfig(providers(kMaxProviders)), IsOk());
  EXPECT_THAT(ParseProviderConfig(providers(kMaxProviders + 1)), FailsWith(Reason::kConfigInvalid));
  const auto arguments = [](std::size_t count) {
    std::string text = "    args:\n";
    for (std::size_t i = 0; i < count; ++i) {
      text += "      - a\n";
    }
    return WithLines(text);
  };
  EXPECT_THAT(ParseProviderConfig(arguments(kMaxProviderItems)), IsOk());
  EXPECT_THAT(ParseProviderConfig(arguments(kMaxProviderItems + 1)),
              FailsWith(Reason::kConfigInvalid));
  const std::string good = WithLines("");
  const std::string large =
      good + "#" + std::string(kMaxProviderConfigBytes - good.size() - 1, 'x');
  EXPECT_THAT(ParseProviderConfig(large), IsOk());
  EXPECT_THAT(ParseProviderConfig(large + "x"), FailsWith(Reason::kConfigInvalid));
}

}  // namespace
}  // namespace sigward::worker
