// Through a real sigward-verifyd.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "read_documents.h"
#include "result_matchers.h"
#include "rpc/frame.h"
#include "rpc/long_message.h"
#include "verifier/chain_id.h"
#include "verifier/image_config.h"
#include "verifier/manifest.h"
#include "verifyd_process.h"
#include "worker/client/reader_client.h"

namespace sigward::worker {
namespace {

using base::Reason;
using base::SealedMemory;
using base::UniqueFd;
using ::testing::AllOf;
using testing::ConfigOver;
using testing::ContainerQuestion;
using testing::DescriptorOf;
using testing::DigestOf;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::Field;
using ::testing::HasSubstr;
using testing::IndexFor;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::kBundle;
using testing::kConfigJson;
using testing::kLinuxAmd64;
using testing::kMountinfo;
using testing::kVolumes;
using testing::Layers;
using testing::ManifestWith;
using testing::ObjectQuestion;
using testing::Overlay;
using testing::ReadContainer;
using testing::ReadObject;
using testing::Sealed;
using ::testing::SizeIs;
using testing::Soon;
using testing::WordOf;
using verifier::Digest;

auto IsImageMount(const std::string& source, const std::string& point) {
  return AllOf(Field(&ImageMount::source, source), Field(&ImageMount::mount_point, point));
}

class VerifydReaderTest : public ::testing::Test {
 protected:
  base::Result<ImageObjectFacts> Read(const std::string& text, ImageObjectRole role) {
    return ReadObject(verifyd_.path(), text, role);
  }
  rpc::ReadAnswer AskRaw(const rpc::ReadQuestion& question, const std::vector<int>& descriptors) {
    const UniqueFd connection = rpc::Connect(verifyd_.path(), Soon()).value();
    EXPECT_THAT(
        rpc::SendMessage(connection.get(), question.SerializeAsString(), descriptors, Soon()),
        IsOk());
    const auto frame = rpc::Receive(connection.get(), Soon());
    EXPECT_THAT(frame, IsOk());
    rpc::ReadAnswer answer;
    EXPECT_TRUE(frame.ok() && answer.ParseFromString(frame->bytes));
    return answer;
  }

  testing::VerifydProcess verifyd_;
};

TEST_F(VerifydReaderTest, ReadsAManifest) {
  for (const ImageObjectRole role : {ImageObjectRole::kTarget, ImageObjectRole::kManifest}) {
    const auto facts = Read(ManifestWith(2), role);
    ASSERT_THAT(facts, IsOk());
    const auto& manifest = std::get<ManifestFacts>(*facts);
    EXPECT_EQ(manifest.config, DigestOf("config"));
    EXPECT_THAT(manifest.layers, ElementsAre(DigestOf("layer 0"), DigestOf("layer 1")));
  }
}

TEST_F(VerifydReaderTest, TellsTheFirstLayersOnly) {
  for (const std::size_t count : {kMaxLayersInFacts, kMaxLayersInFacts + 1}) {
    const auto facts = Read(ManifestWith(count), ImageObjectRole::kManifest);
    ASSERT_THAT(facts, IsOk());
    EXPECT_THAT(std::get<ManifestFacts>(*facts).layers, SizeIs(kMaxLayersInFacts));
  }
}

TEST_F(VerifydReaderTest, ReadsAnIndex) {
  const auto facts = Read(IndexFor("amd64"), ImageObjectRole::kTarget);
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(std::get<IndexFacts>(*facts).member, DigestOf("member"));
  EXPECT_THAT(Read(IndexFor("arm64"), ImageObjectRole::kTarget),
              FailsWith(Reason::kUnsupportedFormat));
}

TEST_F(VerifydReaderTest, ReadsAConfiguration) {
  const auto facts = Read(ConfigOver(Layers()), ImageObjectRole::kConfig);
  ASSERT_THAT(facts, IsOk());
  const auto chain_ids = verifier::ChainIds(Layers());
  ASSERT_THAT(chain_ids, IsOk());
  EXPECT_EQ(std::get<ConfigFacts>(*facts).chain_id, chain_ids->back());
  EXPECT_EQ(std::get<ConfigFacts>(*facts).lineage, verifier::LineageOf(*chain_ids));
}

TEST_F(VerifydReaderTest, RefusesAnotherKindOfObject) {
  EXPECT_THAT(Read(IndexFor("amd64"), ImageObjectRole::kManifest), FailsWith(Reason::kWrongType));
  EXPECT_THAT(Read(IndexFor("amd64"), ImageObjectRole::kConfig), FailsWith(Reason::kWrongType));
  EXPECT_THAT(Read(ManifestWith(1), ImageObjectRole::kConfig), FailsWith(Reason::kWrongType));
  EXPECT_THAT(Read(ConfigOver(Layers()), ImageObjectRole::kTarget), FailsWith(Reason::kMalformed));
}

TEST_F(VerifydReaderTest, RefusesBadObjects) {
  const std::string sha512 =
      Digest::Of(base::AsBytes("x"), verifier::DigestAlgorithm::kSha512).text();
  EXPECT_THAT(Read("{", ImageObjectRole::kTarget), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Read(ConfigOver({}), ImageObjectRole::kConfig), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Read(R"({"rootfs":{},"rootfs":{}})", ImageObjectRole::kConfig),
              FailsWith(Reason::kDuplicateKey));
  EXPECT_THAT(Read(R"({"rootfs":{"type":"layers","diff_ids":[")" + sha512 + R"("]}})",
                   ImageObjectRole::kConfig),
              FailsWith(Reason::kUnsupportedAlgorithm));
}

TEST_F(VerifydReaderTest, HashesWhatItReads) {
  const std::string text = ManifestWith(1);
  VerifydReader reader(verifyd_.path());
  for (const ImageObjectRole role :
       {ImageObjectRole::kTarget, ImageObjectRole::kManifest, ImageObjectRole::kConfig}) {
    EXPECT_THAT(
        reader.ReadImageObject(DigestOf(text), role, kLinuxAmd64, Sealed(text + " "), Soon()),
        FailsWith(Reason::kDigestMismatch));
  }
  const auto sha512 = Digest::Of(base::AsBytes(text), verifier::DigestAlgorithm::kSha512);
  EXPECT_THAT(
      reader.ReadImageObject(sha512, ImageObjectRole::kTarget, kLinuxAmd64, Sealed(text), Soon()),
      IsOk());
}

TEST_F(VerifydReaderTest, TakesAnObjectUpToItsBoundAndNoMore) {
  std::string config = ConfigOver(Layers());
  config.append(verifier::kMaxImageConfigBytes - config.size(), ' ');
  EXPECT_THAT(Read(config, ImageObjectRole::kConfig), IsOk());
  EXPECT_THAT(Read(config + " ", ImageObjectRole::kConfig), FailsWith(Reason::kTooLarge));
  std::string manifest = ManifestWith(1);
  manifest.append(verifier::kMaxManifestBytes - manifest.size(), ' ');
  EXPECT_THAT(Read(manifest, ImageObjectRole::kTarget), IsOk());
  EXPECT_THAT(Read(manifest + " ", ImageObjectRole::kTarget), FailsWith(Reason::kTooLarge));
}

/// An index whose COUNT unnamed manifests may be referrers, and one that a tag names.
std::string ListingOf(std::size_t count) {
  std::string text =
      R"({"schemaVersion":2,"manifests":[)" +
      DescriptorOf(DigestOf("signature"), "application/octet-stream",
                   R"(,"annotations":{"org.opencontainers.image.ref.name":"sha256-)" +
                       std::string(DigestOf("image").hex()) + R"(.sig"})");
  for (std::size_t i = 0; i < count; ++i) {
    text += "," + DescriptorOf(DigestOf("referrer " + std::to_string(i)), "x");
  }
  return text + "]}";
}

TEST_F(VerifydReaderTest, ReadsAListingInAsManyPagesAsItTakes) {
  VerifydReader reader(verifyd_.path());
  for (const std::size_t count :
       {std::size_t{0}, kMaxListedPerAnswer - 1, kMaxListedPerAnswer, 2 * kMaxListedPerAnswer}) {
    const std::string text = ListingOf(count);
    const auto listed = reader.ReadListing(DigestOf(text), Sealed(text), Soon());
    ASSERT_THAT(listed, IsOk());
    ASSERT_THAT(*listed, SizeIs(count + 1));
    EXPECT_EQ(listed->front().as, verifier::ListedAs::kSignatureTag);
    EXPECT_EQ(listed->front().subject, DigestOf("image"));
    if (count > 0) {
      EXPECT_EQ(listed->back().digest, DigestOf("referrer " + std::to_string(count - 1)));
      EXPECT_EQ(listed->back().as, verifier::ListedAs::kUntold);
    }
  }
}

TEST_F(VerifydReaderTest, APageOfTheLongestDigestsFitsIntoAFrame) {
  const std::string sha512 =
      Digest::Of(base::AsBytes("x"), verifier::DigestAlgorithm::kSha512).text();
  std::string tag = sha512;
  tag.replace(6, 1, "-");
  std::string text = R"({"manifests":[)";
  for (std::size_t i = 0; i <= kMaxListedPerAnswer; ++i) {
    text += (i == 0 ? "" : ",") + (R"({"digest":")" + sha512) +
            R"(","annotations":{"org.opencontainers.image.ref.name":")" + tag + R"(.sig"}})";
  }
  EXPECT_THAT(VerifydReader(verifyd_.path()).ReadListing(std::nullopt, Sealed(text + "]}"), Soon()),
              IsOkAndHolds(SizeIs(kMaxListedPerAnswer + 1)));
}

TEST_F(VerifydReaderTest, HashesAListingThatADigestNames) {
  VerifydReader reader(verifyd_.path());
  const std::string text = ListingOf(1);
  EXPECT_THAT(reader.ReadListing(DigestOf("another"), Sealed(text), Soon()),
              FailsWith(Reason::kDigestMismatch));
  EXPECT_THAT(reader.ReadListing(std::nullopt, Sealed(ManifestWith(1)), Soon()),
              FailsWith(Reason::kWrongType));
}

TEST_F(VerifydReaderTest, TellsWhichManifestsBearSignatures) {
  std::string bundle = ManifestWith(0);
  bundle.resize(bundle.size() - 2);
  bundle += DescriptorOf(DigestOf("b"), "application/vnd.dev.sigstore.bundle.v0.3+json") +
            R"(],"subject":)" + DescriptorOf(DigestOf("image"), "x") + "}";
  const std::string other = ManifestWith(1);
  const std::string memory = other + bundle + bundle;
  const std::vector<ManifestAt> asked = {
      {DigestOf(other), 0, other.size()},
      {DigestOf(bundle), other.size(), bundle.size()},
      {DigestOf("swapped"), other.size() + bundle.size(), bundle.size()}};
  VerifydReader reader(verifyd_.path());
  const auto signatures = reader.ReadSignatures(asked, Sealed(memory), Soon());
  ASSERT_THAT(signatures, IsOk());
  ASSERT_THAT(*signatures, SizeIs(1));
  EXPECT_EQ(signatures->front().index, 1U);
  EXPECT_EQ(signatures->front().manifest.subject, DigestOf("image"));
  EXPECT_EQ(signatures->front().manifest.kind, verifier::ObjectKind::kReferrerManifest);
  const std::vector<ManifestAt> most(kMaxManifestsAtOnce, asked[1]);
  EXPECT_THAT(reader.ReadSignatures(most, Sealed(memory), Soon()),
              IsOkAndHolds(SizeIs(kMaxManifestsAtOnce)));
  const std::vector<ManifestAt> too_many(kMaxManifestsAtOnce + 1, asked[1]);
  EXPECT_THAT(reader.ReadSignatures(too_many, Sealed(memory), Soon()),
              FailsWith(Reason::kTooLarge));
}

TEST_F(VerifydReaderTest, ReadsAContainer) {
  const auto facts = ReadContainer(verifyd_.path());
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(facts->root_mismatch, std::nullopt);
  EXPECT_EQ(facts->annotations,
            (std::map<std::string, std::string, std::less<>>{{"wanted", "yes"}}));
  const std::string volume = std::string(kVolumes) + "/s/v";
  EXPECT_THAT(facts->image_mounts, ElementsAre(IsImageMount(volume, volume)));
}

TEST_F(VerifydReaderTest, TellsMountsOfImagesWhereverTheyAre) {
  const std::string image = "/var/lib/docker/rootfs/overlayfs/sha256:0a-reference";
  const std::string volume = std::string(kVolumes) + "/s/v";
  const std::string mountinfo =
      kMountinfo + ("70 43 0:42 / " + image +
                    " ro - overlay overlay ro,"
                    "lowerdir=/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/"
                    "snapshots/2/fs:/a\n71 43 0:43 / " +
                    volume + " ro - overlay overlay ro,lowerdir=/b:/a\n");
  const std::string config = R"({"root":{"path":"rootfs"},"mounts":[{"type":"bind","source":")" +
                             image + R"(/etc"},{"type":"none","options":["rbind"],"source":")" +
                             volume + R"(/usr"},{"type":"tmpfs","source":")" + image +
                             R"("},{"type":"bind","source":")" + kBundle +
                             R"(/rootfs/etc"},{"type":"bind","source":"/etc/hosts"}]})";
  const auto facts = ReadContainer(verifyd_.path(), config, mountinfo);
  ASSERT_THAT(facts, IsOk());
  EXPECT_THAT(facts->image_mounts, ElementsAre(IsImageMount(image + "/etc", image),
                                               IsImageMount(volume + "/usr", volume)));
}

/// A config.json with COUNT bind mounts of sources in the folder, each SIZE bytes long or more.
std::string ConfigWithVolumes(std::size_t count, std::size_t size = 0) {
  std::string text = R"({"root":{"path":"rootfs"},"mounts":[{"type":"bind","source":"/etc/hosts"})";
  for (std::size_t i = 0; i < count; ++i) {
    text += R"(,{"type":"bind","source":")" + std::string(kVolumes) + "/s/" + std::to_string(i) +
            std::string(size, 'v') + R"("})";
  }
  return text + "]}";
}

TEST_F(VerifydReaderTest, TellsMountsOfImagesUpToTheirBoundAndNoMore) {
  const auto facts = ReadContainer(verifyd_.path(), ConfigWithVolumes(kMaxImageMounts));
  ASSERT_THAT(facts, IsOk());
  EXPECT_THAT(facts->image_mounts, SizeIs(kMaxImageMounts));
  EXPECT_THAT(ReadContainer(verifyd_.path(), ConfigWithVolumes(kMaxImageMounts + 1)),
              FailsWith(Reason::kTooLarge));
  EXPECT_THAT(
      ReadContainer(verifyd_.path(),
                    ConfigWithVolumes(kMaxImageMounts, rpc::kMaxFrameBytes / kMaxImageMounts)),
      FailsWith(Reason::kTooLarge));
}

TEST_F(VerifydReaderTest, SaysWhatDoesNotMatch) {
  const auto facts = ReadContainer(verifyd_.path(), kConfigJson, kMountinfo,
                                   {Overlay("lowerdir=/s/3/fs:/s/1/fs")});
  ASSERT_THAT(facts, IsOk());
  EXPECT_THAT(facts->root_mismatch.value_or(""), HasSubstr("/s/3/fs"));
  const auto nothing = ReadContainer(verifyd_.path(), kConfigJson, kMountinfo, {});
  ASSERT_THAT(nothing, IsOk());
  EXPECT_TRUE(nothing->root_mismatch);
}

TEST_F(VerifydReaderTest, ReadsAContainerOfManyLayers) {
  constexpr int kLayers = 1000;
  std::string expected = "lowerdir=";
  std::string mounted;
  for (int i = kLayers; i > 0; --i) {
    const std::string name = "/" + std::string(90, 's') + "/" + std::to_string(i) + "/fs";
    expected += name + (i == 1 ? "" : ":");
    mounted += ",lowerdir+=" + name;
  }
  ASSERT_GT(expected.size(), rpc::kMaxFrameBytes);
  std::string mountinfo = kMountinfo;
  mountinfo.replace(mountinfo.find(",lowerdir"), std::string(",lowerdir=/s/2/fs:/s/1/fs").size(),
                    mounted);
  const auto facts = ReadContainer(verifyd_.path(), kConfigJson, mountinfo, {Overlay(expected)});
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(facts->root_mismatch, std::nullopt);
}

TEST_F(VerifydReaderTest, RefusesBadContainers) {
  EXPECT_THAT(ReadContainer(verifyd_.path(), "{"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ReadContainer(verifyd_.path(), R"({"root":{},"root":{}})"),
              FailsWith(Reason::kDuplicateKey));
  EXPECT_THAT(ReadContainer(verifyd_.path(), kConfigJson, "garbage\n"),
              FailsWith(Reason::kMalformed));
}

TEST_F(VerifydReaderTest, TakesAContainerUpToItsBoundsAndNoMore) {
  std::string config = kConfigJson;
  config.append(kMaxRuntimeConfigBytes - config.size(), ' ');
  std::string mountinfo = kMountinfo;
  mountinfo.append("90 43 0:9 / /other rw - tmpfs none ");
  mountinfo.append(kMaxMountinfoBytes - mountinfo.size() - 1, 'o').append("\n");
  EXPECT_THAT(ReadContainer(verifyd_.path(), config, mountinfo), IsOk());
  EXPECT_THAT(ReadContainer(verifyd_.path(), config + " ", mountinfo),
              FailsWith(Reason::kTooLarge));
  mountinfo.insert(mountinfo.size() - 1, "o");
  EXPECT_THAT(ReadContainer(verifyd_.path(), config, mountinfo), FailsWith(Reason::kTooLarge));
}

TEST_F(VerifydReaderTest, RefusesFactsThatDoNotFitIntoAFrame) {
  const auto with_value = [](std::size_t size) {
    return R"({"root":{"path":"rootfs"},"annotations":{"wanted":")" + std::string(size, 'v') +
           "\"}}";
  };
  EXPECT_THAT(ReadContainer(verifyd_.path(), with_value(rpc::kMaxFrameBytes - 256)), IsOk());
  EXPECT_THAT(ReadContainer(verifyd_.path(), with_value(rpc::kMaxFrameBytes)),
              FailsWith(Reason::kTooLarge));
}

TEST_F(VerifydReaderTest, BoundsItsQuestions) {
  const auto with = [&](std::size_t mounts, std::size_t annotations) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < annotations; ++i) {
      names.push_back("name " + std::to_string(i));
    }
    return ReadContainer(verifyd_.path(), kConfigJson, kMountinfo,
                         std::vector<SnapshotMount>(mounts, Overlay()),
                         {names.begin(), names.end()});
  };
  EXPECT_THAT(with(kMaxMountsPerQuestion, kMaxAnnotationsWanted), IsOk());
  EXPECT_THAT(with(kMaxMountsPerQuestion + 1, 1), FailsWith(Reason::kTooLarge));
  EXPECT_THAT(with(1, kMaxAnnotationsWanted + 1), FailsWith(Reason::kTooLarge));
  const std::string long_option(kMaxQuestionBytes, 'o');
  EXPECT_THAT(ReadContainer(verifyd_.path(), kConfigJson, kMountinfo, {Overlay(long_option)}),
              FailsWith(Reason::kTooLarge));
}

TEST_F(VerifydReaderTest, RefusesMemoryThatCouldStillChange) {
  const UniqueFd open_memory(memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const std::string text = ManifestWith(1);
  ASSERT_EQ(write(open_memory.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  const SealedMemory sealed = Sealed(kMountinfo);
  const rpc::ReadAnswer object = AskRaw(ObjectQuestion(), {open_memory.get()});
  EXPECT_EQ(WordOf(object), "protocol");
  EXPECT_EQ(object.nonce(), std::string(kNonceBytes, 'n'));
  EXPECT_EQ(object.about_case(), rpc::ReadAnswer::ABOUT_NOT_SET);
  for (const std::vector<int>& memories :
       {std::vector<int>{open_memory.get(), sealed.fd()}, {sealed.fd(), open_memory.get()}}) {
    EXPECT_EQ(WordOf(AskRaw(ContainerQuestion(), memories)), "protocol");
  }
}

TEST_F(VerifydReaderTest, RefusesAnotherNumberOfMemories) {
  const SealedMemory object = Sealed(ManifestWith(1));
  const SealedMemory config = Sealed(kConfigJson);
  const SealedMemory mountinfo = Sealed(kMountinfo);
  EXPECT_EQ(WordOf(AskRaw(ObjectQuestion(), {})), "protocol");
  EXPECT_EQ(WordOf(AskRaw(ObjectQuestion(), {object.fd(), object.fd()})), "protocol");
  EXPECT_EQ(WordOf(AskRaw(ObjectQuestion(), {object.fd()})), "");
  EXPECT_EQ(WordOf(AskRaw(ContainerQuestion(), {config.fd()})), "protocol");
  EXPECT_EQ(WordOf(AskRaw(ContainerQuestion(), {config.fd(), mountinfo.fd(), config.fd()})),
            "protocol");
  EXPECT_EQ(WordOf(AskRaw(ContainerQuestion(), {config.fd(), mountinfo.fd()})), "");
}

}  // namespace
}  // namespace sigward::worker
