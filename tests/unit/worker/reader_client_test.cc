#include "worker/client/reader_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "read_documents.h"
#include "result_matchers.h"
#include "rpc/frame.h"
#include "rpc/long_message.h"
#include "temp_folder.h"
#include "worker/verify/read_question.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Reason;
using base::SealedMemory;
using base::UniqueFd;
using testing::ConfigOver;
using testing::DescriptorOf;
using testing::DigestOf;
using testing::FailsWith;
using testing::IsOk;
using testing::kLinuxAmd64;
using testing::kVolumes;
using testing::Layers;
using testing::ManifestWith;
using testing::ReadContainer;
using testing::ReadObject;
using testing::ScriptedWorker;
using testing::Sealed;
using ::testing::SizeIs;
using testing::Soon;

constexpr std::uint32_t kNoReason = 200;

/// A worker that answers truly, then as the test makes of it.
class LyingReaderTest : public ::testing::Test {
 protected:
  using Change = std::function<void(rpc::ReadAnswer&)>;

  static void AnswerChanged(int connection, const Change& change) {
    auto question = rpc::ReceiveMessage(connection, kMaxQuestionBytes, Soon());
    ASSERT_THAT(question, IsOk());
    std::vector<SealedMemory> memories;
    std::vector<base::ByteView> views;
    for (UniqueFd& descriptor : question->descriptors()) {
      memories.push_back(SealedMemory::Open(std::move(descriptor), kMaxReadBytes).value());
      views.push_back(memories.back().bytes());
    }
    rpc::ReadAnswer answer;
    ASSERT_TRUE(answer.ParseFromString(AnswerRead(question->bytes(), views)));
    change(answer);
    (void)rpc::SendMessage(connection, answer.SerializeAsString(), {}, Soon());
  }
  base::Result<ContainerFacts> Container(const Change& change) {
    const ScriptedWorker worker(path_, [&](int connection) { AnswerChanged(connection, change); });
    return ReadContainer(path_);
  }
  base::Result<ImageObjectFacts> Object(const std::string& text, ImageObjectRole role,
                                        const Change& change) {
    const ScriptedWorker worker(path_, [&](int connection) { AnswerChanged(connection, change); });
    return ReadObject(path_, text, role);
  }

  base::Result<std::vector<verifier::ListedManifest>> Listing(const Change& change) {
    const ScriptedWorker worker(path_, [&](int connection) { AnswerChanged(connection, change); });
    return VerifydReader(path_).ReadListing(
        std::nullopt, Sealed(R"({"manifests":[)" + DescriptorOf(DigestOf("a"), "x") + "]}"),
        Soon());
  }
  base::Result<std::vector<SignatureAt>> Signatures(const Change& change) {
    const ScriptedWorker worker(path_, [&](int connection) { AnswerChanged(connection, change); });
    const std::string text = ManifestWith(1);
    const std::vector<ManifestAt> asked = {{DigestOf(text), 0, text.size()}};
    return VerifydReader(path_).ReadSignatures(asked, Sealed(text), Soon());
  }

  testing::TempFolder folder_;
  std::string path_ = folder_ / "verifyd.sock";
};

struct Lie {
  const char* name;
  std::function<void(rpc::ReadAnswer&)> change;
  Reason reason = Reason::kWorkerFailed;
};

/// Adds an image mount to an answer that has one.
std::function<void(rpc::ReadAnswer&)> ImageMountAt(std::string source, std::string point) {
  return [source = std::move(source), point = std::move(point)](rpc::ReadAnswer& answer) {
    rpc::ImageMount& mount = *answer.mutable_container()->add_image_mounts();
    mount.set_source(source);
    mount.set_mount_point(point);
  };
}

class LieAboutAListingTest : public LyingReaderTest, public ::testing::WithParamInterface<Lie> {};

TEST_P(LieAboutAListingTest, SaysNothing) {
  EXPECT_THAT(Listing(GetParam().change), FailsWith(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Lies, LieAboutAListingTest,
    ::testing::Values(
        Lie{"NothingSaid", [](auto& answer) { answer.clear_about(); }},
        Lie{"EndlessPages",
            [](auto& answer) {
              answer.mutable_listing()->set_in_all(1);
              answer.mutable_listing()->clear_manifests();
            }},
        Lie{"MoreThanItSays", [](auto& answer) { answer.mutable_listing()->set_in_all(0); }},
        Lie{"MoreThanMayBe",
            [](auto& answer) {
              answer.mutable_listing()->set_in_all(verifier::kMaxListedManifests + 1);
            }},
        Lie{"NoDigest",
            [](auto& answer) {
              answer.mutable_listing()->mutable_manifests(0)->set_digest("../../etc/shadow");
            }},
        Lie{"ListedAsNothing",
            [](auto& answer) { answer.mutable_listing()->mutable_manifests(0)->set_listed_as(0); }},
        Lie{"ListedAsSomethingNew",
            [](auto& answer) { answer.mutable_listing()->mutable_manifests(0)->set_listed_as(6); }},
        Lie{"ATagWithoutSubject",
            [](auto& answer) {
              answer.mutable_listing()->mutable_manifests(0)->set_listed_as(1);
            }}),
    [](const auto& param) { return param.param.name; });

/// Says that the OBJECTth manifest bears a signature.
std::function<void(rpc::ReadAnswer&)> SignatureAtPlace(std::uint32_t object, std::uint32_t kind,
                                                       std::uint32_t rank = 0) {
  return [=](rpc::ReadAnswer& answer) {
    rpc::SignatureManifest& said = *answer.mutable_manifests()->add_signatures();
    said.set_object(object);
    said.set_kind(kind);
    said.set_rank(rank);
    said.set_subject(DigestOf("image").text());
  };
}

TEST_F(LyingReaderTest, LiesAboutManifestsSayNothing) {
  EXPECT_THAT(Signatures(SignatureAtPlace(0, 2)), IsOk()) << "a lie that cannot be seen";
  for (const Change& change :
       {SignatureAtPlace(1, 2), SignatureAtPlace(0, 3), SignatureAtPlace(0, 0),
        SignatureAtPlace(0, 2, verifier::kMaxSignatureRank + 1), Change([](auto& answer) {
          SignatureAtPlace(0, 2)(answer);
          SignatureAtPlace(0, 2)(answer);
        }),
        Change([](auto& answer) { answer.clear_about(); })}) {
    EXPECT_THAT(Signatures(change), FailsWith(Reason::kWorkerFailed));
  }
}

class LieAboutAContainerTest : public LyingReaderTest, public ::testing::WithParamInterface<Lie> {};

TEST_P(LieAboutAContainerTest, SaysNothing) {
  EXPECT_THAT(Container(GetParam().change), FailsWith(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Lies, LieAboutAContainerTest,
    ::testing::Values(
        Lie{"NonceOfAnother",
            [](auto& answer) { answer.set_nonce(std::string(kNonceBytes, 'x')); }},
        Lie{"NonceAbsent", [](auto& answer) { answer.clear_nonce(); }},
        Lie{"NothingSaid", [](auto& answer) { answer.clear_about(); }},
        Lie{"AboutAnObject",
            [](auto& answer) {
              answer.mutable_image_object()->mutable_configuration()->set_chain_id("sha256:00");
            }},
        Lie{"MatchedByAbsence",
            [](auto& answer) { answer.mutable_container()->clear_root_matches(); }},
        Lie{"MatchedAndNot",
            [](auto& answer) { answer.mutable_container()->set_root_mismatch("differs"); }},
        Lie{"AnnotationNotAskedFor",
            [](auto& answer) { answer.mutable_container()->add_annotations()->set_name("other"); }},
        Lie{"AnnotationTwice",
            [](auto& answer) {
              auto& container = *answer.mutable_container();
              *container.add_annotations() = container.annotations(0);
            }},
        Lie{"ImageMountWithoutASource", ImageMountAt("", kVolumes)},
        Lie{"ImageMountWithoutAPoint", ImageMountAt("/mnt", "")},
        Lie{"ImageMountOfARelativeSource", ImageMountAt("mnt/a", "/")},
        Lie{"ImageMountNotClean", ImageMountAt("/mnt/../a", "/mnt")},
        Lie{"ImageMountAtAPointNotClean", ImageMountAt("/mnt/a", "/mnt/")},
        Lie{"ImageMountFromElsewhere", ImageMountAt("/etc/hosts", "/mnt")},
        Lie{"ImageMountBelowItsSource", ImageMountAt("/mnt", "/mnt/a")},
        Lie{"VolumeOnWhatIsAboveTheFolder", ImageMountAt(kVolumes + std::string("/s"), "/")},
        Lie{"TooManyImageMounts",
            [](auto& answer) {
              for (std::size_t i = 0; i < kMaxImageMounts; ++i) {
                ImageMountAt("/mnt/a", "/mnt")(answer);
              }
            }},
        Lie{"RefusalUnknown", [](auto& answer) { answer.set_reason(kNoReason); }},
        Lie{"RefusalBesideFacts",
            [](auto& answer) { answer.set_reason(static_cast<std::uint32_t>(Reason::kTooLarge)); },
            Reason::kTooLarge},
        Lie{"RefusalOfAnotherQuestion",
            [](auto& answer) {
              answer.set_reason(static_cast<std::uint32_t>(Reason::kMalformed));
              answer.clear_nonce();
            }},
        Lie{"LongerThanAFrame",
            [](auto& answer) { answer.set_detail(std::string(rpc::kMaxFrameBytes, 'd')); },
            Reason::kProtocol}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(LyingReaderTest, IsBelievedWhereItSpeaksTrue) {
  EXPECT_THAT(Container([](auto&) {}), IsOk());
  EXPECT_THAT(Container(ImageMountAt("/mnt/a", "/mnt")), IsOk());
  EXPECT_THAT(Container(ImageMountAt(kVolumes, kVolumes)), IsOk());
  const auto differing = Container([](rpc::ReadAnswer& answer) {
    answer.mutable_container()->clear_root_matches();
    answer.mutable_container()->set_root_mismatch("a\nb" + std::string(9999, 'x'));
  });
  ASSERT_THAT(differing, IsOk());
  EXPECT_TRUE(differing->root_mismatch.value_or("").starts_with("a?b"));
  EXPECT_LE(differing->root_mismatch.value_or("").size(), kMaxAnswerText);
}

TEST_F(LyingReaderTest, IsNotBelievedAboutAnotherObjectOrKind) {
  const std::string manifest = ManifestWith(1);
  const std::string digest = DigestOf("another").text();
  const auto target = [&](const Change& change) {
    return Object(manifest, ImageObjectRole::kTarget, change);
  };
  EXPECT_THAT(target([](auto&) {}), IsOk());
  for (const Change& change : std::vector<Change>{
           [&](auto& answer) { answer.mutable_image_object()->set_digest(digest); },
           [](auto& answer) { answer.mutable_image_object()->clear_digest(); },
           [](auto& answer) { answer.mutable_image_object()->clear_facts(); },
           [&](auto& answer) {
             auto& said = *answer.mutable_image_object()->mutable_configuration();
             said.set_chain_id(digest);
             said.set_lineage(digest);
           },
           [](auto& answer) { answer.mutable_image_object()->set_member("sha256:00"); },
           [](auto& answer) { answer.mutable_image_object()->mutable_manifest()->clear_config(); },
           [](auto& answer) { answer.mutable_image_object()->mutable_manifest()->add_layers("x"); },
           [&](auto& answer) {
             for (std::size_t i = 0; i < kMaxLayersInFacts; ++i) {
               answer.mutable_image_object()->mutable_manifest()->add_layers(digest);
             }
           },
           [](auto& answer) { answer.mutable_container()->set_root_matches(true); }}) {
    EXPECT_THAT(target(change), FailsWith(Reason::kWorkerFailed));
  }
  const Change index = [&](auto& answer) { answer.mutable_image_object()->set_member(digest); };
  EXPECT_THAT(Object(manifest, ImageObjectRole::kManifest, index),
              FailsWith(Reason::kWorkerFailed));
  EXPECT_THAT(Object(ConfigOver(Layers()), ImageObjectRole::kConfig,
                     [](auto& answer) {
                       answer.mutable_image_object()->mutable_manifest()->set_config(
                           DigestOf("config").text());
                     }),
              FailsWith(Reason::kWorkerFailed));
}

TEST_F(LyingReaderTest, IsBelievedAboutAConfigurationOnlyWithBothItsDigests) {
  const std::string text = ConfigOver(Layers());
  const std::string sha512 =
      verifier::Digest::Of(base::AsBytes(text), verifier::DigestAlgorithm::kSha512).text();
  const auto config = [&](const std::function<void(rpc::ConfigAnswer&)>& change) {
    return Object(text, ImageObjectRole::kConfig, [&](rpc::ReadAnswer& answer) {
      change(*answer.mutable_image_object()->mutable_configuration());
    });
  };
  EXPECT_THAT(config([](auto&) {}), IsOk());
  for (const std::string& bad : {std::string(), std::string("sha256:00"), sha512}) {
    EXPECT_THAT(config([&](auto& said) { said.set_chain_id(bad); }),
                FailsWith(Reason::kWorkerFailed));
    EXPECT_THAT(config([&](auto& said) { said.set_lineage(bad); }),
                FailsWith(Reason::kWorkerFailed));
  }
}

TEST_F(LyingReaderTest, IsAskedWithAnotherNonceEachTime) {
  std::set<std::string> nonces;
  for (int i = 0; i < 5; ++i) {
    ASSERT_THAT(Container([&](auto& answer) { nonces.insert(answer.nonce()); }), IsOk());
  }
  EXPECT_THAT(nonces, SizeIs(5));
}

TEST_F(LyingReaderTest, FailsWithoutAWorkerAndInTime) {
  EXPECT_THAT(ReadContainer(path_), FailsWith(Reason::kWorkerFailed));
  const ScriptedWorker worker(path_, [](int connection) {
    (void)rpc::Receive(connection, Soon());
    (void)rpc::Receive(connection, Soon());
  });
  const std::string text = ManifestWith(1);
  EXPECT_THAT(VerifydReader(path_).ReadImageObject(DigestOf(text), ImageObjectRole::kTarget,
                                                   kLinuxAmd64, Sealed(text),
                                                   Deadline::After(std::chrono::milliseconds(50))),
              FailsWith(Reason::kTimeout));
}

}  // namespace
}  // namespace sigward::worker
