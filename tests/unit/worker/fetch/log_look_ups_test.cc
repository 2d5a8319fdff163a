#include "worker/fetch/log_look_ups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/strict_json.h"
#include "log_look_ups_fixture.h"
#include "result_matchers.h"
#include "scripted_server.h"

namespace sigward::worker {
namespace {

using base::Json;
using base::Reason;
using testing::AnswerOf;
using testing::DescriptorOf;
using testing::DigestOf;
using ::testing::ElementsAre;
using testing::Entry;
using testing::FailsWith;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::kLeaf;
using testing::kRetrieve;
using testing::Layer;
using testing::LogLookUpsTest;
using testing::ManifestOf;
using testing::ScriptedServer;
using testing::Seen;
using testing::ServedReply;
using testing::ServedRequest;
using ::testing::SizeIs;
using verifier::ObjectKind;

TEST_F(LogLookUpsTest, AnEntryThatTheLogHasComesWithItsSignature) {
  const std::string manifest = Sign({Layer("0")});
  const Seen seen = LookUp({{Url(), "key"}});
  EXPECT_THAT(seen.failures, IsEmpty());
  EXPECT_THAT(Indices(seen), ElementsAre(7, -1));
  EXPECT_EQ(seen.objects.at(1), std::pair(ObjectKind::kLegacyManifest, manifest));
  EXPECT_EQ(seen.digests.at(0), DigestOf(seen.objects.at(0).second).text());
  EXPECT_THAT(seen.offered_for, ElementsAre(image_.text(), image_.text(), ""));
  ASSERT_THAT(asked_, SizeIs(1));
  EXPECT_EQ(asked_[0].method, "POST");
  EXPECT_EQ(asked_[0].Header("content-type"), "application/json");
  EXPECT_EQ(asked_[0].Header("accept"), "application/json");
  EXPECT_EQ(asked_[0].body, LogQuery({0, std::string(DigestOf("0").hex()), "c2ln", ""}, "key"));
  EXPECT_EQ(seen.requests, 5U);
}

TEST_F(LogLookUpsTest, NothingIsAskedWithoutNeed) {
  Sign({Layer("0", "", R"({"Payload":{"logIndex":3}})")});
  EXPECT_THAT(Indices(LookUp({{Url(), "key"}})), ElementsAre(3));
  Sign({Layer("0")});
  EXPECT_THAT(Indices(LookUp({})), ElementsAre(-1));
  EXPECT_THAT(Indices(LookUp({{Url(), ""}})), ElementsAre(-1)) << "by a key that nobody names";
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(LogLookUpsTest, ACertificateIsAskedForInPlaceOfKeys) {
  Sign({Layer("0", std::string(kLeaf) + kLeaf), Layer("1")});
  LookUp({{Url(), ""}, {Url(), "key a"}, {Url(), "key b"}});
  EXPECT_THAT(AskedKeys(), ElementsAre(kLeaf, "key a", "key b"));
}

TEST_F(LogLookUpsTest, AReferrersSignaturesAreLookedUpToo) {
  const std::string manifest = ManifestOf({Layer("0")});
  registry_.Blob("0");
  registry_.Manifest(manifest);
  registry_.ReferrersApi(image_,
                         testing::IndexOf({DescriptorOf(manifest, testing::kManifestType)}));
  const Seen seen = LookUp({{Url(), "key"}});
  EXPECT_THAT(Indices(seen), ElementsAre(7, -1));
  EXPECT_EQ(seen.objects.at(0).first, ObjectKind::kReferrerManifest);
}

TEST_F(LogLookUpsTest, AManifestWithManySignaturesHidesNoOthers) {
  Sign(std::vector<std::string>(kMaxLookUps, Layer("0", kLeaf)));
  const std::string referrer = ManifestOf({Layer("1")});
  registry_.Blob("1");
  registry_.Manifest(referrer);
  registry_.ReferrersApi(image_,
                         testing::IndexOf({DescriptorOf(referrer, testing::kManifestType)}));
  LookUp({{Url(), "key"}});
  EXPECT_THAT(asked_, SizeIs(kMaxLookUps));
  EXPECT_THAT(AskedKeys(), ::testing::Contains("key"));
}

TEST_F(LogLookUpsTest, NothingFoundIsNoFailure) {
  Sign({Layer("0")});
  for (const auto& [status, body] :
       {std::pair(200, "[]"), std::pair(400, "{\"code\":400}"), std::pair(422, "")}) {
    AnswerWith(status, body, "application/json; charset=utf-8");
    const Seen seen = LookUp({{Url(), "key"}});
    EXPECT_THAT(seen.failures, IsEmpty()) << status;
    EXPECT_THAT(Indices(seen), ElementsAre(-1)) << status;
  }
}

TEST_F(LogLookUpsTest, ALogThatCannotTellIsAFailure) {
  Sign({Layer("0")});
  struct Row {
    int status;
    std::string body;
    Reason reason;
    std::string type = "application/json";
  };
  for (const Row& row : {Row{200, "nonsense", Reason::kRegistryError},
                         Row{401, "", Reason::kUnauthorized}, Row{403, "", Reason::kForbidden},
                         Row{404, "", Reason::kRegistryError}, Row{500, "", Reason::kRegistryError},
                         // What another server says where the log should be, or a proxy.
                         Row{400, "<html>", Reason::kRegistryError, "text/html"},
                         Row{400, "", Reason::kRegistryError, ""},
                         Row{422, "{}", Reason::kRegistryError, "text/plain"},
                         Row{200, std::string(kMaxLogAnswerBytes + 1, ' '), Reason::kTooLarge}}) {
    AnswerWith(row.status, row.body, row.type);
    const Seen seen = LookUp({{Url(), "key"}});
    ASSERT_THAT(seen.failures, SizeIs(1)) << row.status;
    EXPECT_EQ(seen.failures[0].first, row.reason) << row.status;
    EXPECT_EQ(seen.places[0], "transparency log " + Url());
    EXPECT_THAT(Indices(seen), ElementsAre(-1));
  }
}

TEST_F(LogLookUpsTest, ALogThatIsGoneOrNoneIsAFailure) {
  Sign({Layer("0")});
  const Seen gone = LookUp({{"http://127.0.0.1:1", "key"}});
  ASSERT_THAT(gone.failures, SizeIs(1));
  EXPECT_EQ(gone.failures[0].first, Reason::kUnreachable);
  const Seen none = LookUp({{"https://[:::::]", "key"}});
  ASSERT_THAT(none.failures, SizeIs(1));
  EXPECT_EQ(none.failures[0].first, Reason::kMalformed);
}

TEST_F(LogLookUpsTest, AnEntryThatLacksAPartSpoilsNoOther) {
  Sign({Layer("0")});
  AnswerWith(200, Json::array({{{"u", Json::object()}}, {{"v", Entry(9)}}}).dump());
  const Seen seen = LookUp({{Url(), "key"}});
  EXPECT_THAT(Indices(seen), ElementsAre(9, -1));
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.failures[0].first, Reason::kRegistryError);
}

TEST_F(LogLookUpsTest, ALogThatHangsLeavesTimeToAnswerAndToTheNextLog) {
  Sign({Layer("0")});
  ScriptedServer hangs;
  hangs.On(kRetrieve, [](const ServedRequest&, ServedReply& reply) {
    reply.Raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(4500));
  });
  const policy::LogPlace hanging{"http://" + hangs.host(), "key"};
  const auto start = std::chrono::steady_clock::now();
  const Seen alone = LookUp({hanging}, 4000);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(3200));
  ASSERT_THAT(alone.failures, SizeIs(1));
  EXPECT_EQ(alone.failures[0].first, Reason::kTimeout);

  const Seen first = LookUp({hanging, {Url(), "key"}}, 4000);
  ASSERT_THAT(first.failures, SizeIs(1));
  EXPECT_EQ(first.failures[0].first, Reason::kTimeout);
  EXPECT_THAT(Indices(first), ElementsAre(7, -1));
}

TEST_F(LogLookUpsTest, NoRedirectIsFollowed) {
  Sign({Layer("0")});
  ScriptedServer elsewhere;
  for (const int status : {301, 302, 307, 308}) {
    answer_ = [&](const ServedRequest&, ServedReply& reply) {
      reply.Send(status, "", "Location: http://" + elsewhere.host() + kRetrieve + "\r\n");
    };
    const Seen seen = LookUp({{Url(), "key"}});
    ASSERT_THAT(seen.failures, SizeIs(1)) << status;
    EXPECT_EQ(seen.failures[0].first, Reason::kRegistryError);
  }
  EXPECT_THAT(elsewhere.requests(), IsEmpty());
}

TEST_F(LogLookUpsTest, NothingSaysWhoAsks) {
  std::filesystem::create_directories(hosts_ / log_.host());
  std::ofstream(hosts_ / (log_.host() + "/hosts.toml"))
      << "server = \"" << Url() << "\"\n[header]\n  x-token = \"secret\"\n";
  Sign({Layer("0")});
  EXPECT_THAT(Indices(LookUp({{Url(), "key"}})), ElementsAre(7, -1));
  ASSERT_THAT(asked_, SizeIs(1));
  EXPECT_EQ(asked_[0].Header("x-token"), "");
  EXPECT_EQ(asked_[0].Header("authorization"), "");
}

TEST_F(LogLookUpsTest, APrivateAuthorityIsTheHostsOwn) {
  const testing::TestPki pki = testing::MakeTestPki();
  ScriptedServer log(&pki);
  log.On(kRetrieve, [](const ServedRequest&, ServedReply& reply) { reply.Send(200, AnswerOf(1)); });
  const std::string url = "https://" + log.host() + "/";
  Sign({Layer("0")});
  const Seen unknown = LookUp({{url, "key"}});
  ASSERT_THAT(unknown.failures, SizeIs(1));
  EXPECT_EQ(unknown.failures[0].first, Reason::kTlsFailed);
  std::filesystem::create_directories(hosts_ / log.host());
  std::ofstream(hosts_ / (log.host() + "/ca.pem")) << pki.ca_pem;
  std::ofstream(hosts_ / (log.host() + "/hosts.toml"))
      << "server = \"https://" << log.host() << "\"\nca = \"ca.pem\"\n";
  EXPECT_THAT(Indices(LookUp({{url, "key"}})), ElementsAre(0, -1));
}

TEST_F(LogLookUpsTest, ALogThatWantsAPauseIsLeftAlone) {
  Sign({Layer("0")});
  answer_ = [](const ServedRequest&, ServedReply& reply) {
    reply.Send(429, "", "Retry-After: 100\r\n");
  };
  EXPECT_EQ(LookUp({{Url(), "key"}}).failures.at(0).first, Reason::kRateLimited);
  EXPECT_EQ(LookUp({{Url(), "key"}}).failures.at(0).first, Reason::kRateLimited);
  EXPECT_THAT(asked_, SizeIs(1));
}

TEST(ParseTaskLogs, RefusesLogsOutOfShape) {
  const auto parse = [](const std::vector<policy::LogPlace>& logs, bool resolve = false) {
    rpc::FetchQuestion question;
    question.set_kind(resolve ? rpc::FetchQuestion::RESOLVE : rpc::FetchQuestion::EVIDENCE);
    question.set_registry("r.example");
    question.set_repository("a");
    question.set_tag(resolve ? "v1" : "");
    question.set_digest(resolve ? "" : DigestOf("x").text());
    for (const policy::LogPlace& log : logs) {
      rpc::LogPlace& place = *question.add_logs();
      place.set_url(log.url);
      place.set_key_pem(log.key_pem);
    }
    return ParseTask(question);
  };
  const std::string longest_key(verifier::kMaxPublicKeyPem, 'k');
  const std::string prefix = "https://l.example/";
  const std::string longest_url = prefix + std::string(policy::kMaxUrlLength - prefix.size(), 'u');
  ASSERT_THAT(parse({{longest_url, longest_key}}), IsOk());
  EXPECT_THAT(parse({{longest_url, longest_key}})->logs,
              ElementsAre(policy::LogPlace{longest_url, longest_key}));
  EXPECT_THAT(parse({{longest_url + "u", ""}}), FailsWith(Reason::kProtocol));
  EXPECT_THAT(parse({{prefix, longest_key + "k"}}), FailsWith(Reason::kProtocol));
  EXPECT_THAT(parse({{"ftp://l.example", ""}}), FailsWith(Reason::kProtocol));
  EXPECT_THAT(parse({{"https://user@l.example", ""}}), FailsWith(Reason::kProtocol));
  EXPECT_THAT(parse({{"", "key"}}), FailsWith(Reason::kProtocol));
  EXPECT_THAT(parse({{prefix, ""}}, true), FailsWith(Reason::kProtocol));
  std::vector<policy::LogPlace> logs;
  for (std::size_t i = 0; i < policy::kMaxLogPlaces; ++i) {
    logs.push_back({prefix + std::to_string(i), ""});
  }
  EXPECT_THAT(parse(logs), IsOk());
  logs.push_back({prefix, ""});
  EXPECT_THAT(parse(logs), FailsWith(Reason::kProtocol));
}

}  // namespace
}  // namespace sigward::worker
