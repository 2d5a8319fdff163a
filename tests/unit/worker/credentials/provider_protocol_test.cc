#include "worker/credentials/provider_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/strict_json.h"
#include "credential_text.h"
#include "result_matchers.h"
#include "worker/client/credential_client.h"
#include "worker/credentials/docker_credential.h"

namespace sigward::worker {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::TextOf;

/// A response with AUTH and MORE members.
std::string Response(const std::string& auth, const std::string& more = "") {
  return R"({"apiVersion":"credentialprovider.kubelet.k8s.io/v1","kind":)"
         R"("CredentialProviderResponse","cacheKeyType":"Registry","auth":)" +
         auth + more + "}";
}

std::string Entry(const std::string& key, const std::string& user) {
  return "\"" + key + R"(":{"username":")" + user + R"(","password":"p"})";
}

std::string Chosen(const std::string& auth, const std::string& image) {
  const auto response = ParseProviderResponse(Response(auth));
  EXPECT_THAT(response, IsOk()) << auth;
  return response.ok() ? TextOf(MostSpecific(response->auths, image)) : "";
}

TEST(ProviderRequest, IsWhatKubeletSends) {
  const auto request = base::ParseStrictJson(ProviderRequest("r.example/app"), 1000);
  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(*request, base::Json::parse(R"({"kind":"CredentialProviderRequest","image":
      "r.example/app","apiVersion":"credentialprovider.kubelet.k8s.io/v1"})"));
}

TEST(ProviderResponse, TakesEveryMember) {
  const auto response = ParseProviderResponse(
      Response("{" + Entry("r.example", "u") + "}", R"(,"cacheDuration":"5m","newer":[1])"));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->cache_key_type, CacheKeyType::kRegistry);
  EXPECT_EQ(response->cache_duration, std::chrono::minutes(5));
  EXPECT_EQ(response->auths.size(), 1U);
  const auto empty = ParseProviderResponse(Response("null", R"(,"cacheDuration":null)"));
  ASSERT_THAT(empty, IsOk());
  EXPECT_EQ(empty->cache_duration, std::nullopt);
  EXPECT_TRUE(empty->auths.empty());
}

TEST(ProviderResponse, WhatIsWrongIsRefusedWithoutItsText) {
  const std::string good = Response("{" + Entry("r.example", "hunter2") + "}");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& text :
       {std::string("hunter2"), std::string("[]"), with("/v1", "/v1alpha1"),
        with("CredentialProviderResponse", "hunter2"), with("\"Registry\"", "\"hunter2\""),
        with("\"Registry\"", "1"), with("\"r.example\"", "\"https://https://hunter2\""),
        with("{\"username\"", "[{\"username\"") + "]", with("\"p\"", "7"),
        Response("[\"hunter2\"]"), Response(R"({"r.example":"hunter2"})"),
        Response("null", R"(,"cacheDuration":"hunter2")"),
        Response("null", R"(,"cacheDuration":300)")}) {
    const auto response = ParseProviderResponse(text);
    ASSERT_THAT(response, FailsWith(Reason::kWorkerFailed)) << text;
    EXPECT_EQ(response.error().detail.find("hunter2"), std::string::npos);
  }
}

TEST(ProviderResponse, IsBounded) {
  const auto entries = [](std::size_t count, std::size_t password) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text += (i == 0 ? "\"h" : ",\"h") + std::to_string(i) + R"(":{"password":")" +
              std::string(password, 'p') + "\"}";
    }
    return Response("{" + text + "}");
  };
  EXPECT_THAT(ParseProviderResponse(entries(kMaxProviderAuths, 1)), IsOk());
  EXPECT_THAT(ParseProviderResponse(entries(kMaxProviderAuths + 1, 1)),
              FailsWith(Reason::kWorkerFailed));
  EXPECT_THAT(ParseProviderResponse(entries(1, kMaxCredentialField)), IsOk());
  EXPECT_THAT(ParseProviderResponse(entries(1, kMaxCredentialField + 1)),
              FailsWith(Reason::kWorkerFailed));
  // Two bytes of each are its name.
  EXPECT_THAT(ParseProviderResponse(entries(8, kMaxProviderAuthBytes / 8 - 2)), IsOk());
  EXPECT_THAT(ParseProviderResponse(entries(8, kMaxProviderAuthBytes / 8 - 1)),
              FailsWith(Reason::kWorkerFailed));
}

TEST(MostSpecific, TheLongestThatMatchesWins) {
  const std::string auth = "{" + Entry("quay.io", "host") + "," + Entry("quay.io/team", "team") +
                           "," + Entry("*.io", "star") + "," + Entry("https://other.io/v2/", "o") +
                           "}";
  EXPECT_EQ(Chosen(auth, "quay.io/app"), "host:p");
  EXPECT_EQ(Chosen(auth, "quay.io/team/app"), "team:p");
  EXPECT_EQ(Chosen(auth, "gcr.io/app"), "star:p");
  EXPECT_EQ(Chosen(auth, "other.io/app"), "o:p");
  EXPECT_EQ(Chosen(auth, "quay.org/app"), "none");
  EXPECT_EQ(Chosen(R"({"quay.io":{"username":"","password":""}})", "quay.io/app"), "none");
}

TEST(MostSpecific, DockerHubHasTheNameThatDockerGaveIt) {
  const std::string auth = "{" + Entry("https://index.docker.io/v1/", "hub") + "}";
  EXPECT_EQ(Chosen(auth, "docker.io/library/nginx"), "hub:p");
  EXPECT_EQ(Chosen(auth, "quay.io/app"), "none");
  EXPECT_EQ(Chosen("{" + Entry("docker.io", "own") + "," + Entry("index.docker.io", "hub") + "}",
                   "docker.io/library/nginx"),
            "own:p");
}

std::string HelperSaid(const std::string& out, int exit_code = 0) {
  const auto found = ReadHelperOutput({.exit_code = exit_code, .out = out, .error_line = ""});
  return found.ok() ? TextOf(*found) : std::string(base::ReasonWord(found.error().reason));
}

TEST(CredentialHelper, SaysWhatItKnows) {
  EXPECT_EQ(HelperSaid(R"({"ServerURL":"https://r.example","Username":"u","Secret":"s"})"), "u:s");
  EXPECT_EQ(HelperSaid(R"({"Username":"<token>","Secret":"s"})"), ":|s|");
  EXPECT_EQ(HelperSaid(R"({"Username":"u","Secret":""})"), "none");
  EXPECT_EQ(HelperSaid("credentials not found in native keychain\n", 1), "none");
}

TEST(CredentialHelper, WhatFailsIsNeverNothing) {
  for (const char* const out :
       {"", "hunter2", "[]", "{}", R"({"Username":"u"})", R"({"Username":"u","Secret":7})",
        "credentials not found in native keychain"}) {
    EXPECT_EQ(HelperSaid(out), "worker-failed") << out;
  }
  EXPECT_EQ(HelperSaid(R"({"Username":"u","Secret":"s"})", 1), "worker-failed");
  EXPECT_EQ(HelperSaid("", -1), "worker-failed");
  EXPECT_EQ(HelperServer("docker.io"), "https://index.docker.io/v1/");
  EXPECT_EQ(HelperServer("r.example:5000"), "r.example:5000");
}

TEST(CredentialHelper, IsBounded) {
  const auto said = [](std::size_t size) {
    return HelperSaid(R"({"Username":"","Secret":")" + std::string(size, 's') + "\"}");
  };
  EXPECT_NE(said(kMaxCredentialField), "worker-failed");
  EXPECT_EQ(said(kMaxCredentialField + 1), "worker-failed");
}

}  // namespace
}  // namespace sigward::worker
