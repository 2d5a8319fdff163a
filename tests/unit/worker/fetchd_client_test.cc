#include "worker/client/fetchd_client.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <functional>
#include <string>
#include <vector>

#include "open_descriptors.h"
#include "result_matchers.h"
#include "rpc/long_message.h"
#include "rpc/worker.pb.h"
#include "scripted_worker.h"
#include "temp_folder.h"
#include "worker/client/evidence_objects.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Reason;
using base::UniqueFd;
using testing::FailsWith;
using testing::IsOk;
using testing::ScriptedWorker;
using testing::Soon;
using verifier::Digest;
using verifier::ImageRef;

const Digest& Image() {
  static const auto* const digest = new Digest(Digest::Of(base::AsBytes("an image")));
  return *digest;
}

ImageRef Ref(const std::string& text) {
  return ImageRef::Parse(text).value();
}

UniqueFd Sealed(std::string_view text) {
  return base::SealBytes(base::AsBytes(text)).value();
}

rpc::FetchAnswer OneObject() {
  rpc::FetchAnswer answer;
  rpc::Object& object = *answer.add_objects();
  object.set_kind(static_cast<std::uint32_t>(verifier::ObjectKind::kBlob));
  object.set_digest(Digest::Of(base::AsBytes("blob")).text());
  object.set_offset(2);
  object.set_size(4);
  answer.set_requests(3);
  return answer;
}

/// What a scripted sigward-fetchd saw and says.
struct Script {
  rpc::FetchAnswer answer;
  std::vector<UniqueFd> descriptors;
  rpc::FetchQuestion question;
};

class FetchdClientTest : public ::testing::Test {
 protected:
  template <typename Call>
  auto Run(Script& script, Call call) {
    const ScriptedWorker worker(path_, [&](int connection) {
      const auto frame = rpc::Receive(connection, Soon());
      ASSERT_THAT(frame, IsOk());
      ASSERT_TRUE(script.question.ParseFromString(frame->bytes));
      std::vector<int> numbers;
      for (const UniqueFd& fd : script.descriptors) {
        numbers.push_back(fd.get());
      }
      (void)rpc::SendMessage(connection, script.answer.SerializeAsString(), numbers, Soon());
    });
    FetchdClient client(path_);
    return call(client);
  }
  base::Result<ResolvedImage> Resolve(Script& script, const ImageRef& image) {
    return Run(script, [&](FetchdClient& client) { return client.Resolve(image, Soon()); });
  }
  base::Result<EvidenceSet> Fetch(Script& script, EvidenceScope scope = EvidenceScope::kImage,
                                  const policy::SignatureSource& source = {},
                                  const std::vector<policy::LogPlace>& logs = {}) {
    return Run(script, [&](FetchdClient& client) {
      return client.FetchEvidence(Ref("registry.example/app:v1"), Image(), source, logs, scope,
                                  {.os = "linux", .architecture = "arm64", .variant = "v8"},
                                  Soon());
    });
  }

  testing::TempFolder folder_;
  std::string path_ = folder_ / "fetchd.sock";
};

TEST_F(FetchdClientTest, ResolvesATag) {
  Script script;
  script.answer.set_digest(Image().text());
  script.answer.set_media_type("application/vnd.oci.image.index.v1+json");
  const auto image = Resolve(script, Ref("Registry.Example:5000/team/app:v1"));
  ASSERT_THAT(image, IsOk());
  EXPECT_EQ(image->digest, Image());
  EXPECT_EQ(image->media_type, "application/vnd.oci.image.index.v1+json");
  EXPECT_EQ(script.question.kind(), rpc::FetchQuestion::RESOLVE);
  EXPECT_EQ(script.question.registry(), "registry.example:5000");
  EXPECT_EQ(script.question.repository(), "team/app");
  EXPECT_EQ(script.question.tag(), "v1");
  EXPECT_EQ(script.question.digest(), "");
}

TEST_F(FetchdClientTest, LeavesTimeForTheWayBack) {
  Script script;
  script.answer.set_digest(Image().text());
  ASSERT_THAT(Resolve(script, Ref("registry.example/app")), IsOk());
  EXPECT_GT(script.question.timeout_ms(), 8'000U);
  EXPECT_LE(script.question.timeout_ms(), 9'800U) << "of the ten seconds that Soon() gives";
}

TEST_F(FetchdClientTest, ResolvesADigestOnlyToItself) {
  Script script;
  script.answer.set_digest(Image().text());
  EXPECT_THAT(Resolve(script, Ref("registry.example/app@" + Image().text())), IsOk());
  EXPECT_EQ(script.question.digest(), Image().text());
  EXPECT_EQ(script.question.tag(), "");
  const std::string other = Digest::Of(base::AsBytes("another image")).text();
  EXPECT_THAT(Resolve(script, Ref("registry.example/app@" + other)), FailsWith(Reason::kProtocol));
}

TEST_F(FetchdClientTest, RefusesAResolutionOutOfShape) {
  for (const char* digest : {"", "latest", "sha256:00", "md5:00000000000000000000000000000000"}) {
    Script script;
    script.answer.set_digest(digest);
    script.answer.set_requests(1);
    EXPECT_THAT(Resolve(script, Ref("registry.example/app")), FailsWith(Reason::kProtocol));
  }
}

TEST_F(FetchdClientTest, TakesMediaTypesUpToTheirBound) {
  Script script;
  script.answer.set_digest(Image().text());
  script.answer.set_media_type(std::string(kMaxMediaType, 'm'));
  EXPECT_THAT(Resolve(script, Ref("registry.example/app")), IsOk());
  script.answer.set_media_type(std::string(kMaxMediaType + 1, 'm'));
  EXPECT_THAT(Resolve(script, Ref("registry.example/app")), FailsWith(Reason::kProtocol));
}

TEST_F(FetchdClientTest, FetchesEvidence) {
  Script script{.answer = OneObject(), .descriptors = {}, .question = {}};
  script.descriptors.push_back(Sealed("a blob is here"));
  const auto evidence = Fetch(script);
  ASSERT_THAT(evidence, IsOk());
  ASSERT_EQ(evidence->entries.size(), 1U);
  EXPECT_EQ(base::AsText(evidence->memory.bytes())
                .substr(evidence->entries[0].offset, evidence->entries[0].size),
            "blob");
  EXPECT_EQ(script.question.kind(), rpc::FetchQuestion::EVIDENCE);
  EXPECT_EQ(script.question.digest(), Image().text());
  EXPECT_EQ(script.question.tag(), "") << "evidence is asked for by digest alone";
  EXPECT_EQ(script.question.platform().os(), "linux");
  EXPECT_EQ(script.question.platform().architecture(), "arm64");
  EXPECT_EQ(script.question.platform().variant(), "v8");
}

TEST_F(FetchdClientTest, SaysWhereSignaturesAreLookedFor) {
  const auto source = policy::SignatureSource::Of("other.example/sigs", "rel-").value();
  for (const auto& place : {policy::SignatureSource(), source}) {
    Script script{.answer = OneObject(), .descriptors = {}, .question = {}};
    script.descriptors.push_back(Sealed("a blob is here"));
    EXPECT_THAT(Fetch(script, EvidenceScope::kImage, place), IsOk());
    EXPECT_EQ(script.question.registry(), "registry.example");
    EXPECT_EQ(script.question.repository(), "app");
    EXPECT_EQ(script.question.signatures().registry(), place.registry);
    EXPECT_EQ(script.question.signatures().repository(), place.repository);
    EXPECT_EQ(script.question.signatures().tag_prefix(), place.tag_prefix);
  }
}

TEST_F(FetchdClientTest, SaysWhereLogEntriesAreLookedUp) {
  Script script{.answer = OneObject(), .descriptors = {}, .question = {}};
  script.descriptors.push_back(Sealed("a blob is here"));
  EXPECT_THAT(Fetch(script, EvidenceScope::kImage, {}, {{"https://a.example", "key"}, {"b", ""}}),
              IsOk());
  ASSERT_EQ(script.question.logs_size(), 2);
  EXPECT_EQ(script.question.logs(0).url(), "https://a.example");
  EXPECT_EQ(script.question.logs(0).key_pem(), "key");
  EXPECT_EQ(script.question.logs(1).url(), "b");
  EXPECT_EQ(script.question.logs(1).key_pem(), "");
}

TEST_F(FetchdClientTest, AsksForAMemberOfAnIndexWhenToldTo) {
  Script script{.answer = OneObject(), .descriptors = {}, .question = {}};
  script.descriptors.push_back(Sealed("a blob is here"));
  EXPECT_THAT(Fetch(script, EvidenceScope::kPlatformMember), IsOk());
  EXPECT_EQ(script.question.kind(), rpc::FetchQuestion::MEMBER_EVIDENCE);
}

UniqueFd Unsealed(std::string_view text) {
  UniqueFd memory(memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(write(memory.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return memory;
}

struct Lie {
  const char* name;
  std::function<void(Script&)> change;
};

class LyingFetchdTest : public FetchdClientTest, public ::testing::WithParamInterface<Lie> {};

TEST_P(LyingFetchdTest, IsAProtocolErrorAndLeavesNothingOpen) {
  const std::ptrdiff_t before = testing::CountOpenDescriptors();
  {
    Script script{.answer = OneObject(), .descriptors = {}, .question = {}};
    script.descriptors.push_back(Sealed("a blob is here"));
    GetParam().change(script);
    EXPECT_THAT(Fetch(script), FailsWith(Reason::kProtocol));
  }
  EXPECT_EQ(testing::CountOpenDescriptors(), before);
}

INSTANTIATE_TEST_SUITE_P(
    Lies, LyingFetchdTest,
    ::testing::Values(
        Lie{"NoMemory", [](Script& script) { script.descriptors.clear(); }},
        Lie{"TwoMemories", [](Script& script) { script.descriptors.push_back(Sealed("more")); }},
        Lie{"MemoryNotSealed",
            [](Script& script) { script.descriptors.front() = Unsealed("a blob is here"); }},
        Lie{"MemoryIsAFile",
            [](Script& script) {
              script.descriptors.front() = UniqueFd(open("/dev/null", O_RDONLY));
            }},
        Lie{"MemoryTooLarge",
            [](Script& script) {
              script.descriptors.front() =
                  Sealed(std::string(verifier::kMaxEvidenceBytes + 1, 'x'));
            }},
        Lie{"ObjectOutsideTheMemory",
            [](Script& script) { script.answer.mutable_objects(0)->set_size(13); }},
        Lie{"ReasonUnknown", [](Script& script) { script.answer.set_reason(200); }},
        Lie{"FailureWithoutReason", [](Script& script) { script.answer.add_failures(); }},
        Lie{"AnswerTooLong",
            [](Script& script) { script.answer.set_detail(std::string(1U << 20, 'd')); }}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(FetchdClientTest, TakesAsMuchMemoryAsMayBe) {
  Script script{.answer = OneObject(), .descriptors = {}, .question = {}};
  script.descriptors.push_back(Sealed(std::string(verifier::kMaxEvidenceBytes, 'x')));
  EXPECT_THAT(Fetch(script), IsOk());
}

TEST_F(FetchdClientTest, TakesTheMostObjectsAndFailuresThatMayBe) {
  Script script;
  script.descriptors.push_back(Sealed(""));
  for (std::size_t i = 0; i < verifier::kMaxEvidenceObjects; ++i) {
    rpc::Object& object = *script.answer.add_objects();
    object.set_kind(1);
    object.set_digest("sha512:" + std::string(128, 'a'));
    object.set_offered_for(object.digest());
    object.set_media_type(std::string(kMaxMediaType, 'm'));
  }
  for (std::size_t i = 0; i < kMaxUnreadPlaces; ++i) {
    rpc::SourceFailure& failure = *script.answer.add_failures();
    failure.set_reason(static_cast<std::uint32_t>(Reason::kTimeout));
    failure.set_place(std::string(kMaxPlaceText, 'p'));
    failure.set_detail(std::string(kMaxPlaceText, 'd'));
  }
  const auto evidence = Fetch(script);
  ASSERT_THAT(evidence, IsOk());
  EXPECT_EQ(evidence->entries.size(), verifier::kMaxEvidenceObjects);
  EXPECT_EQ(evidence->unread.size(), kMaxUnreadPlaces);
}

TEST_F(FetchdClientTest, PassesOnWhatTheRegistrySaid) {
  for (const Reason reason : {Reason::kUnauthorized, Reason::kNotFound, Reason::kTlsFailed,
                              Reason::kTimeout, Reason::kOverloaded}) {
    Script script;
    script.answer.set_reason(static_cast<std::uint32_t>(reason));
    script.answer.set_detail("said\nby the registry");
    const auto image = Resolve(script, Ref("registry.example/app"));
    EXPECT_THAT(image, FailsWith(reason));
    EXPECT_EQ(image.error().detail, "said?by the registry");
    EXPECT_THAT(Fetch(script), FailsWith(reason));
  }
}

TEST_F(FetchdClientTest, FailsWithoutAWorker) {
  FetchdClient client(path_);
  EXPECT_THAT(client.Resolve(Ref("registry.example/app"), Soon()),
              FailsWith(Reason::kWorkerFailed));
}

TEST_F(FetchdClientTest, FailsWhenTheWorkerGoesAwayOrIsSilent) {
  FetchdClient client(path_);
  {
    const ScriptedWorker gone(path_, [](int) {});
    EXPECT_THAT(client.Resolve(Ref("registry.example/app"), Soon()),
                FailsWith(Reason::kWorkerFailed));
  }
  const ScriptedWorker silent(path_, [](int connection) {
    (void)rpc::Receive(connection, Soon());
    (void)rpc::Receive(connection, Soon());
  });
  EXPECT_THAT(
      client.Resolve(Ref("registry.example/app"), Deadline::After(std::chrono::milliseconds(50))),
      FailsWith(Reason::kTimeout));
}

}  // namespace
}  // namespace sigward::worker
