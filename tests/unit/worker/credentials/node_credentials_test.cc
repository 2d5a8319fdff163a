#include "worker/credentials/node_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "credential_text.h"
#include "fake_clock.h"
#include "result_matchers.h"
#include "script.h"
#include "temp_folder.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Reason;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::TextOf;
using testing::WriteScript;

class NodeCredentialsTest : public ::testing::Test {
 protected:
  void WriteAuth(const std::string& text) {
    ASSERT_THAT(base::WriteNewFile(folder_ / "auth.json", text), IsOk());
  }

  /// A configuration with these providers, each for MATCH.
  void WriteProviders(const std::vector<std::string>& names, const std::string& match) {
    std::string text =
        "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n";
    for (const std::string& name : names) {
      text += "  - {name: " + name + ", matchImages: [\"" + match +
              "\"], defaultCacheDuration: 1h, args: [give], env: [{name: USER, value: " + name +
              "}], apiVersion: credentialprovider.kubelet.k8s.io/v1}\n";
    }
    ASSERT_THAT(base::WriteNewFile(folder_ / "providers.yaml", text), IsOk());
  }

  /// A provider that counts its runs, keeps its question, and gives a credential for KEY under the
  /// name in its environment.
  void WriteProvider(const std::string& name, const std::string& key,
                     const std::string& cache_key_type = "Image") {
    const std::string own = folder_ / name;
    WriteScript(own, "cat >" + own + ".in; echo >>" + own + ".runs\n" +
                         R"(printf '{"kind":"CredentialProviderResponse","apiVersion":)" +
                         R"("credentialprovider.kubelet.k8s.io/v1","cacheKeyType":")" +
                         cache_key_type + R"(","auth":{")" + key +
                         R"(":{"username":"%s","password":"p"}}}' "$USER")");
  }

  std::size_t Runs(const std::string& name) {
    const auto text = base::ReadFile(folder_ / (name + ".runs"), 1U << 20);
    return text.ok() ? text->size() : 0;
  }

  NodeCredentials& credentials() {
    if (!credentials_.has_value()) {
      credentials_.emplace(
          CredentialPlaces{.auth_file = auth_ ? folder_ / "auth.json" : "",
                           .provider_config = providers_ ? folder_ / "providers.yaml" : "",
                           .provider_bin_dir = folder_.path(),
                           .search_path = folder_.path() + ":/usr/bin:/bin",
                           .environment = {"PATH=/usr/bin:/bin"}},
          clock_);
    }
    return *credentials_;
  }

  base::Result<std::optional<Credential>> Find(const std::string& host,
                                               const std::string& repository,
                                               bool refused = false) {
    return credentials().Find(host, repository, refused,
                              Deadline::After(std::chrono::milliseconds(30'000)));
  }

  std::string Text(const std::string& host, const std::string& repository, bool refused = false) {
    const auto found = Find(host, repository, refused);
    EXPECT_THAT(found, IsOk());
    return found.ok() ? TextOf(*found) : "";
  }

  const testing::TempFolder folder_;
  testing::FakeClock clock_;
  bool auth_ = true;
  bool providers_ = false;
  std::optional<NodeCredentials> credentials_;
};

TEST_F(NodeCredentialsTest, TheAuthFileIsReadAgainWhenItChanges) {
  WriteAuth(R"({"auths":{"r.example":{"username":"u","password":"one"}}})");
  EXPECT_EQ(Text("r.example", "app"), "u:one");
  WriteAuth(R"({"auths":{"r.example":{"username":"u","password":"two"}}})");
  EXPECT_EQ(Text("r.example", "app"), "u:two");
  EXPECT_EQ(Text("other.example", "app"), "none");
}

TEST_F(NodeCredentialsTest, AFileThatCannotBeUsedIsNeverNoCredential) {
  EXPECT_THAT(Find("r.example", "app"), FailsWith(Reason::kConfigInvalid));
  WriteAuth("{");
  EXPECT_THAT(Find("r.example", "app"), FailsWith(Reason::kConfigInvalid));
  WriteAuth("{}");
  EXPECT_EQ(Text("r.example", "app"), "none");
  ASSERT_EQ(chmod((folder_ / "auth.json").c_str(), 0666), 0);
  EXPECT_THAT(Find("r.example", "app"), FailsWith(Reason::kConfigInvalid));
  ASSERT_EQ(chmod((folder_ / "auth.json").c_str(), 0644), 0);
  EXPECT_EQ(Text("r.example", "app"), "none");
  ASSERT_EQ(chown((folder_ / "auth.json").c_str(), 65534, 0), 0);
  EXPECT_THAT(Find("r.example", "app"), FailsWith(Reason::kConfigInvalid));
}

TEST_F(NodeCredentialsTest, OnlyNamesOfRepositoriesAreAskedFor) {
  WriteAuth("{}");
  EXPECT_EQ(Text("r.example:5000", "a/b"), "none");
  EXPECT_EQ(Text("mirror", "a/b"), "none");
  EXPECT_EQ(Text("localhost", "a/b"), "none");
  EXPECT_EQ(Text("docker.io", "library/nginx"), "none");
  EXPECT_EQ(Text("[::1]:5000", "a"), "none");
  const std::pair<const char*, const char*> wrong[] = {
      {"", "app"},           {"r.example", ""},      {"r.example", "app:v1"},
      {"r.example/a", "b"},  {"r.example", "App"},   {"R.example", "app"},
      {"r.example", "../x"}, {"r.example\n", "app"}, {"https://r.example", "app"},
      {"--help", "app"},     {"docker.io", "nginx"}, {"r.example", "a@sha256:00"}};
  for (const auto& [host, repository] : wrong) {
    EXPECT_THAT(Find(host, repository), FailsWith(Reason::kConfigInvalid)) << host << repository;
  }
}

TEST_F(NodeCredentialsTest, AHelperIsAskedForItsHostsAlone) {
  WriteScript(folder_ / "docker-credential-one",
              "read -r url; printf '{\"Username\":\"%s\",\"Secret\":\"%s\"}' \"$url\" \"$1\"");
  WriteAuth(R"({"credHelpers":{"r.example":"one","docker.io":"one"},"auths":{
      "r.example":{"username":"file","password":"p"},"s.example":{"username":"s","password":"p"}}})");
  EXPECT_EQ(Text("r.example", "app"), "r.example:get");
  EXPECT_EQ(Text("docker.io", "library/nginx"), "https://index.docker.io/v1/:get");
  EXPECT_EQ(Text("s.example", "app"), "s:p");
}

TEST_F(NodeCredentialsTest, WhatAHelperLacksIsNotThere) {
  WriteAuth(R"({"credsStore":"one","auths":{"r.example":{"username":"file","password":"p"}}})");
  EXPECT_THAT(Find("r.example", "app"), FailsWith(Reason::kConfigInvalid));
  WriteScript(folder_ / "docker-credential-one",
              "echo credentials not found in native keychain; exit 1");
  EXPECT_EQ(Text("r.example", "app"), "none");
}

TEST_F(NodeCredentialsTest, AHelperThatFailsSaysNoSecret) {
  WriteAuth(R"({"credsStore":"one"})");
  WriteScript(folder_ / "docker-credential-one", "echo hunter2; echo hunter3 >&2; exit 3");
  ::testing::internal::CaptureStderr();
  const auto found = Find("r.example", "app");
  const std::string log = ::testing::internal::GetCapturedStderr();
  ASSERT_THAT(found, FailsWith(Reason::kWorkerFailed));
  EXPECT_THAT(found.error().detail, HasSubstr("one: ended with 3"));
  EXPECT_THAT(found.error().detail, Not(HasSubstr("hunter")));
  EXPECT_THAT(log, HasSubstr("hunter3"));
  EXPECT_THAT(log, Not(HasSubstr("hunter2")));
}

TEST_F(NodeCredentialsTest, WhatAHelperThatWorksComplainsOfIsNotLogged) {
  WriteAuth(R"({"credsStore":"one"})");
  WriteScript(folder_ / "docker-credential-one",
              R"(echo hunter2 >&2; echo '{"Username":"u","Secret":"hunter2"}')");
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(Text("r.example", "app"), "u:hunter2");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

class ProvidersTest : public NodeCredentialsTest {
 protected:
  ProvidersTest() {
    auth_ = false;
    providers_ = true;
  }
};

TEST_F(ProvidersTest, AProviderIsAskedForWhatItMatches) {
  WriteProviders({"cloud"}, "*.example");
  WriteProvider("cloud", "*.example");
  EXPECT_EQ(Text("r.example", "team/app"), "cloud:p");
  const auto question = base::ReadFile(folder_ / "cloud.in", 1000);
  ASSERT_THAT(question, IsOk());
  EXPECT_THAT(*question, HasSubstr(R"("image":"r.example/team/app")"));
  EXPECT_EQ(Text("r.elsewhere", "app"), "none");
  EXPECT_EQ(Runs("cloud"), 1U);
}

TEST_F(ProvidersTest, AnswersAreKeptUntilTheyEndOrAreRefused) {
  WriteProviders({"cloud"}, "*.example");
  WriteProvider("cloud", "*.example", "Registry");
  EXPECT_EQ(Text("r.example", "app"), "cloud:p");
  EXPECT_EQ(Text("r.example", "other"), "cloud:p");
  EXPECT_EQ(Runs("cloud"), 1U);
  EXPECT_EQ(Text("r.example", "app", /*refused=*/true), "cloud:p");
  EXPECT_EQ(Runs("cloud"), 2U);
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(Text("r.example", "app"), "cloud:p");
  EXPECT_EQ(Runs("cloud"), 3U);
}

TEST_F(ProvidersTest, ANewConfigurationForgetsWhatWasKept) {
  WriteProviders({"cloud"}, "*.example");
  WriteProvider("cloud", "*.example");
  EXPECT_EQ(Text("r.example", "app"), "cloud:p");
  WriteProviders({"cloud"}, "r.*");
  EXPECT_EQ(Text("r.example", "app"), "cloud:p");
  EXPECT_EQ(Runs("cloud"), 2U);
}

TEST_F(ProvidersTest, SeveralAreMergedInTheirOrder) {
  WriteProviders({"first", "second", "third"}, "*.example");
  WriteProvider("first", "*.example");
  WriteProvider("second", "r.example");
  WriteProvider("third", "r.example");
  EXPECT_EQ(Text("r.example", "app"), "second:p");
  EXPECT_EQ(Text("s.example", "app"), "first:p");
}

TEST_F(ProvidersTest, AFailureCountsOnlyWhereNothingElseIsFound) {
  WriteProviders({"broken", "good"}, "*.example");
  WriteScript(folder_ / "broken", "exit 1");
  WriteProvider("good", "r.example");
  EXPECT_EQ(Text("r.example", "app"), "good:p");
  EXPECT_THAT(Find("s.example", "app"), FailsWith(Reason::kWorkerFailed));
  unlink((folder_ / "broken").c_str());
  EXPECT_THAT(Find("s.example", "app"), FailsWith(Reason::kConfigInvalid));
}

TEST_F(ProvidersTest, EqualQuestionsAtOnceRunOneProgram) {
  WriteProviders({"cloud"}, "*.example");
  WriteProvider("cloud", "*.example");
  const std::string good = *base::ReadFile(folder_ / "cloud", 10'000);
  WriteScript(folder_ / "cloud", "sleep 1\n" + good);
  credentials();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this] { EXPECT_EQ(Text("r.example", "app"), "cloud:p"); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(Runs("cloud"), 1U);
}

TEST_F(ProvidersTest, WhoHasMoreTimeThanTheFirstIsNotTimedOutWithHim) {
  WriteProviders({"cloud"}, "*.example");
  WriteProvider("cloud", "*.example");
  const std::string good = *base::ReadFile(folder_ / "cloud", 10'000);
  const std::string mark = folder_ / "mark";
  WriteScript(folder_ / "cloud", "[ -e " + mark + " ] || { : >" + mark + "; sleep 60; }\n" + good);
  credentials();
  std::thread first([this] {
    EXPECT_THAT(credentials().Find("r.example", "app", false,
                                   Deadline::After(std::chrono::milliseconds(5000))),
                FailsWith(Reason::kTimeout));
  });
  while (access(mark.c_str(), F_OK) != 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(Text("r.example", "app"), "cloud:p");
  first.join();
}

TEST_F(ProvidersTest, ABurstWaitsForThePrograms) {
  WriteProviders({"cloud"}, "*.example");
  WriteProvider("cloud", "*.example", "Registry");
  const std::string good = *base::ReadFile(folder_ / "cloud", 10'000);
  WriteScript(folder_ / "cloud", "sleep 1\n" + good);
  credentials();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 2 * kMaxProgramsAtOnce; ++i) {
    threads.emplace_back(
        [this, i] { EXPECT_EQ(Text("r.example", "app" + std::to_string(i)), "cloud:p"); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_LE(Runs("cloud"), kMaxRunsOfOneProgram);
}

TEST_F(ProvidersTest, WhoWaitsForAProgramWaitsUntilHisDeadline) {
  WriteProviders({"cloud"}, "*.example");
  WriteScript(folder_ / "cloud", "sleep 5; exit 1");
  credentials();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i <= kMaxProgramsAtOnce; ++i) {
    threads.emplace_back([this, i] {
      EXPECT_THAT(credentials().Find("r.example", "app" + std::to_string(i), false,
                                     Deadline::After(std::chrono::milliseconds(1000))),
                  FailsWith(Reason::kTimeout));
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_F(ProvidersTest, OneThatHangsLeavesTheOthersRoom) {
  WriteProviders({"hangs", "works"}, "*.example");
  std::string text = *base::ReadFile(folder_ / "providers.yaml", 10'000);
  text.replace(text.find("*.example"), 9, "h.example");
  text.replace(text.find("*.example"), 9, "w.example");
  ASSERT_THAT(base::WriteNewFile(folder_ / "providers.yaml", text), IsOk());
  WriteScript(folder_ / "hangs", "echo >>" + (folder_ / "hangs.runs") + "; sleep 60");
  WriteProvider("works", "w.example");
  credentials();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kMaxProgramsAtOnce; ++i) {
    threads.emplace_back([this, i] {
      EXPECT_THAT(credentials().Find("h.example", "app" + std::to_string(i), false,
                                     Deadline::After(std::chrono::milliseconds(8000))),
                  FailsWith(Reason::kTimeout));
    });
  }
  while (Runs("hangs") < kMaxRunsOfOneProgram) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const auto found = credentials().Find("w.example", "app", false,
                                        Deadline::After(std::chrono::milliseconds(4000)));
  EXPECT_THAT(found, IsOk());
  EXPECT_EQ(found.ok() ? TextOf(*found) : "", "works:p");
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_F(ProvidersTest, TheAuthFileComesFirst) {
  auth_ = true;
  WriteAuth(R"({"auths":{"r.example":{"username":"file","password":"p"}}})");
  WriteProviders({"cloud"}, "*.example");
  WriteProvider("cloud", "*.example");
  EXPECT_EQ(Text("r.example", "app"), "file:p");
  EXPECT_EQ(Text("s.example", "app"), "cloud:p");
}

TEST_F(ProvidersTest, AConfigurationThatCannotBeUsedIsNeverNoCredential) {
  EXPECT_THAT(Find("r.example", "app"), FailsWith(Reason::kConfigInvalid));
  WriteProviders({"cloud"}, "*.elsewhere");
  EXPECT_EQ(Text("r.example", "app"), "none");
  ASSERT_EQ(chmod((folder_ / "providers.yaml").c_str(), 0666), 0);
  EXPECT_THAT(Find("r.example", "app"), FailsWith(Reason::kConfigInvalid));
}

TEST(EnvironmentForPrograms, IsPathHomeAndProxies) {
  std::vector<std::string> words{"PATH=/bin", "SECRET=x", "https_proxy=p", "LISTEN_FDS=1",
                                 "PATHOLOGY=y"};
  std::vector<char*> pointers;
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  EXPECT_THAT(EnvironmentForPrograms(pointers.data()),
              ElementsAre("HOME=/root", "PATH=/bin", "https_proxy=p"));
}

}  // namespace
}  // namespace sigward::worker
