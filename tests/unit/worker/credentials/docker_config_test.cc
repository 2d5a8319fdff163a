#include "worker/credentials/docker_config.h"

#include <gtest/gtest.h>

#include <string>

#include "base/base64.h"
#include "credential_text.h"
#include "result_matchers.h"
#include "worker/client/credential_client.h"

namespace sigward::worker {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;
using testing::TextOf;

std::string Encoded(const std::string& text) {
  return base::EncodeBase64(base::AsBytes(text));
}

/// `auths` with one entry of user "u" for KEY.
std::string AuthsOf(const std::string& key) {
  return R"({"auths":{")" + key + R"(":{"username":"u","password":"p"}}})";
}

std::string Found(const std::string& text, const std::string& host, const std::string& repository) {
  const auto config = DockerConfig::Parse(text);
  EXPECT_THAT(config, IsOk()) << text;
  return config.ok() ? TextOf(config->Find(host, repository)) : "";
}

TEST(DockerConfig, TakesEverySpellingOfAKey) {
  for (const char* const key :
       {"registry.example", "Registry.Example", "https://registry.example",
        "http://registry.example", "https://registry.example/", "https://registry.example/v1/",
        "https://registry.example/v2/", "https://registry.example/v2", "registry.example/v1/"}) {
    EXPECT_EQ(Found(AuthsOf(key), "registry.example", "app"), "u:p") << key;
    EXPECT_EQ(Found(AuthsOf(key), "registry.example:443", "app"), "none") << key;
    EXPECT_EQ(Found(AuthsOf(key), "example", "app"), "none") << key;
  }
  for (const char* const key :
       {"docker.io", "index.docker.io", "https://index.docker.io/v1/", "registry-1.docker.io"}) {
    EXPECT_EQ(Found(AuthsOf(key), "docker.io", "library/nginx"), "u:p") << key;
  }
  EXPECT_EQ(Found(AuthsOf("registry.example:5000"), "registry.example:5000", "app"), "u:p");
  EXPECT_EQ(Found(AuthsOf("registry.example:5000"), "registry.example", "app"), "none");
  EXPECT_EQ(Found(AuthsOf("[::1]:5000"), "[::1]:5000", "app"), "u:p");
}

TEST(DockerConfig, TheLongestPathWins) {
  const std::string text = R"({"auths":{
      "quay.io": {"username": "host", "password": "p"},
      "quay.io/team": {"username": "team", "password": "p"},
      "quay.io/team/app": {"username": "app", "password": "p"}}})";
  EXPECT_EQ(Found(text, "quay.io", "other/app"), "host:p");
  EXPECT_EQ(Found(text, "quay.io", "team/other"), "team:p");
  EXPECT_EQ(Found(text, "quay.io", "team/app"), "app:p");
  EXPECT_EQ(Found(text, "quay.io", "team/app/sub"), "app:p");
  // Whole parts of a path only: another team's name may begin like this one's.
  EXPECT_EQ(Found(text, "quay.io", "teammates/app"), "host:p");
  EXPECT_EQ(Found(AuthsOf("quay.io/team"), "quay.io", "teammates/app"), "none");
}

TEST(DockerConfig, TakesEveryKindOfCredential) {
  const auto found = [](const std::string& entry) {
    return Found(R"({"auths":{"r.example":)" + entry + "}}", "r.example", "app");
  };
  EXPECT_EQ(found(R"({"auth":")" + Encoded("user:pass:word") + R"("})"), "user:pass:word");
  EXPECT_EQ(found(R"({"auth":")" + Encoded(std::string("user:pass\0\0", 11)) + R"("})"),
            "user:pass");
  EXPECT_EQ(found(R"({"auth":")" + Encoded("a:b") + R"(","username":"c","password":"d"})"), "a:b");
  EXPECT_EQ(found(R"({"username":"c","password":"d","email":"x@y","auth":""})"), "c:d");
  EXPECT_EQ(found(R"({"auth":")" + Encoded("00-0:") + R"(","identitytoken":"t"})"), "00-0:|t|");
  EXPECT_EQ(found(R"({"registrytoken":"t"})"), ":||t");
  EXPECT_EQ(found("{}"), "none");
}

TEST(DockerConfig, NamesTheHelperThatKnows) {
  const auto config = DockerConfig::Parse(R"({
      "credsStore": "secretservice",
      "credHelpers": {"https://gcr.io": "gcloud", "index.docker.io": "hub-2"}})");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->HelperFor("gcr.io"), "gcloud");
  EXPECT_EQ(config->HelperFor("docker.io"), "hub-2");
  EXPECT_EQ(config->HelperFor("quay.io"), "secretservice");
  const auto none = DockerConfig::Parse("{}");
  ASSERT_THAT(none, IsOk());
  EXPECT_EQ(none->HelperFor("quay.io"), "");
}

TEST(DockerConfig, WhatIsWrongIsNamedWithoutASecret) {
  for (const std::string& text : {
           std::string(""),
           std::string("[]"),
           std::string("{"),
           std::string(R"({"auths":[]})"),
           std::string(R"({"auths":{"r.example":"hunter2"}})"),
           std::string(R"({"auths":{"r.example":{"auth":"hunter2!"}}})"),
           R"({"auths":{"r.example":{"auth":")" + Encoded("hunter2") + R"("}}})",
           R"({"auths":{"r.example":{"auth":")" + Encoded(":hunter2") + R"("}}})",
           std::string(R"({"auths":{"r.example":{"username":"u","password":["hunter2"]}}})"),
           std::string(R"({"auths":{"r":{"username":"hunter2","username":"x"}}})"),
           std::string(R"({"auths":null})"),
           std::string(R"({"credHelpers":{"r":7}})"),
           std::string(R"({"credHelpers":{"r":"../hunter2"}})"),
           std::string(R"({"credHelpers":{"r":""}})"),
           std::string(R"({"credsStore":"a b"})"),
           std::string(R"({"credsStore":"A"})"),
           std::string(R"({"credsStore":["a"]})"),
       }) {
    const auto config = DockerConfig::Parse(text);
    ASSERT_THAT(config, FailsWith(Reason::kConfigInvalid)) << text;
    EXPECT_EQ(config.error().detail.find("hunter2"), std::string::npos) << config.error().detail;
    EXPECT_EQ(config.error().detail.find(Encoded("hunter2")), std::string::npos);
  }
}

TEST(DockerConfig, IsBounded) {
  const auto object = [](const std::string& name, std::size_t members, const std::string& value) {
    std::string text;
    for (std::size_t i = 0; i < members; ++i) {
      text += (i == 0 ? "\"h" : ",\"h") + std::to_string(i) + "\":" + value;
    }
    return R"({")" + name + R"(":{)" + text + "}}";
  };
  EXPECT_THAT(DockerConfig::Parse(object("auths", kMaxDockerAuths, "{}")), IsOk());
  EXPECT_THAT(DockerConfig::Parse(object("auths", kMaxDockerAuths + 1, "{}")),
              FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(DockerConfig::Parse(object("credHelpers", kMaxDockerHelpers, R"("x")")), IsOk());
  EXPECT_THAT(DockerConfig::Parse(object("credHelpers", kMaxDockerHelpers + 1, R"("x")")),
              FailsWith(Reason::kConfigInvalid));
  const auto password = [](std::size_t size) {
    return R"({"auths":{"r":{"username":"u","password":")" + std::string(size, 'p') + R"("}}})";
  };
  EXPECT_THAT(DockerConfig::Parse(password(kMaxCredentialField)), IsOk());
  EXPECT_THAT(DockerConfig::Parse(password(kMaxCredentialField + 1)),
              FailsWith(Reason::kConfigInvalid));
  const auto helper = [](std::size_t size) {
    return R"({"credsStore":")" + std::string(size, 'a') + R"("})";
  };
  EXPECT_THAT(DockerConfig::Parse(helper(kMaxHelperName)), IsOk());
  EXPECT_THAT(DockerConfig::Parse(helper(kMaxHelperName + 1)), FailsWith(Reason::kConfigInvalid));
  const std::string large = "{}" + std::string(kMaxDockerConfigBytes - 2, ' ');
  EXPECT_THAT(DockerConfig::Parse(large), IsOk());
  EXPECT_THAT(DockerConfig::Parse(large + " "), FailsWith(Reason::kConfigInvalid));
}

}  // namespace
}  // namespace sigward::worker
