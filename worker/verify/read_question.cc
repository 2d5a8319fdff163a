#include "worker/verify/read_question.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/text.h"
#include "rpc/frame.h"
#include "rpc/worker.pb.h"
#include "verifier/chain_id.h"
#include "verifier/image_config.h"
#include "verifier/image_mount.h"
#include "verifier/lexical_path.h"
#include "verifier/manifest.h"
#include "verifier/mountinfo.h"
#include "verifier/platform.h"
#include "verifier/rootfs_mount.h"
#include "verifier/runtime_config.h"
#include "verifier/signature_listing.h"
#include "worker/client/evidence_objects.h"
#include "worker/client/question_bounds.h"
#include "worker/client/reader.h"
#include "worker/verify/exchange.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;

static_assert(kMaxReadBytes >= verifier::kMaxManifestBytes &&
              kMaxReadBytes >= verifier::kMaxImageConfigBytes &&
              kMaxReadBytes >= verifier::kMaxRuntimeConfigBytes &&
              kMaxReadBytes >= verifier::kMaxMountinfoBytes);
static_assert(verifier::kMaxMismatchText <= kMaxAnswerText);

base::Result<ImageObjectRole> ParseRole(std::uint32_t number) {
  for (const ImageObjectRole role :
       {ImageObjectRole::kTarget, ImageObjectRole::kManifest, ImageObjectRole::kConfig}) {
    if (number == static_cast<std::uint32_t>(role)) {
      return role;
    }
  }
  return Fail(Reason::kProtocol, "an object in an unknown role " + std::to_string(number));
}

base::Status ReadManifest(base::ByteView bytes, rpc::ImageObjectAnswer& answer) {
  SIGWARD_ASSIGN_OR_RETURN(const verifier::Manifest manifest, verifier::ParseManifest(bytes));
  rpc::ManifestAnswer& said = *answer.mutable_manifest();
  said.set_config(manifest.config.digest.text());
  for (const verifier::Descriptor& layer : manifest.layers) {
    if (static_cast<std::size_t>(said.layers_size()) == kMaxLayersInFacts) {
      break;
    }
    said.add_layers(layer.digest.text());
  }
  return base::Ok();
}

base::Status ReadTarget(base::ByteView bytes, const verifier::Platform& platform,
                        rpc::ImageObjectAnswer& answer) {
  const auto index = verifier::ParseIndex(bytes);
  if (!index.ok()) {
    // Each parser refuses what is both at once, so only a document that is no index at all goes on.
    return index.error().reason == Reason::kWrongType ? ReadManifest(bytes, answer)
                                                      : base::Status(index.error());
  }
  SIGWARD_ASSIGN_OR_RETURN(const verifier::Digest member,
                           verifier::ManifestForPlatform(*index, platform));
  answer.set_member(member.text());
  return base::Ok();
}

base::Status ReadConfig(base::ByteView bytes, rpc::ImageObjectAnswer& answer) {
  SIGWARD_ASSIGN_OR_RETURN(const verifier::ImageConfig config, verifier::ParseImageConfig(bytes));
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<verifier::Digest> chain_ids,
                           verifier::ChainIds(config.diff_ids));
  answer.mutable_configuration()->set_chain_id(chain_ids.back().text());
  answer.mutable_configuration()->set_lineage(verifier::LineageOf(chain_ids).text());
  return base::Ok();
}

base::Status ReadObject(const rpc::ImageObjectQuestion& question, base::ByteView bytes,
                        rpc::ImageObjectAnswer& answer) {
  SIGWARD_ASSIGN_OR_RETURN(const ImageObjectRole role, ParseRole(question.role()));
  SIGWARD_ASSIGN_OR_RETURN(const verifier::Platform platform, ParsePlatform(question.platform()));
  const auto digest = verifier::Digest::Parse(question.digest());
  if (!digest.ok()) {
    return Fail(Reason::kProtocol, "a question's digest: " + digest.error().detail);
  }
  SIGWARD_RETURN_IF_ERROR(verifier::CheckDigest(bytes, *digest, "object"));
  answer.set_digest(digest->text());
  switch (role) {
    case ImageObjectRole::kTarget:
      return ReadTarget(bytes, platform, answer);
    case ImageObjectRole::kManifest:
      return ReadManifest(bytes, answer);
    case ImageObjectRole::kConfig:
      return ReadConfig(bytes, answer);
  }
  return Fail(Reason::kInternal, "a role without a reader");
}

/// A path that a question may name a folder by.
bool IsFolder(std::string_view path) {
  return path.starts_with('/') && path == verifier::CleanPath(path);
}

base::Status CheckContainerQuestion(const rpc::ContainerQuestion& question) {
  if (!IsFolder(question.bundle()) || !IsFolder(question.volumes())) {
    return Fail(Reason::kProtocol, "a question about a folder without a clean absolute path");
  }
  if (static_cast<std::size_t>(question.mounts_size()) > kMaxMountsPerQuestion ||
      static_cast<std::size_t>(question.annotations_size()) > kMaxAnnotationsWanted) {
    return Fail(Reason::kProtocol, "a question about too many mounts or annotations");
  }
  std::set<std::string_view> seen;
  for (const std::string& name : question.annotations()) {
    if (name.empty() || name.size() > kMaxAnnotationName || !seen.insert(name).second) {
      return Fail(Reason::kProtocol, "a question about an annotation without a fitting name");
    }
  }
  return base::Ok();
}

std::vector<SnapshotMount> MountsOf(const rpc::ContainerQuestion& question) {
  std::vector<SnapshotMount> mounts;
  for (const rpc::SnapshotMount& mount : question.mounts()) {
    mounts.push_back({.type = mount.type(),
                      .source = mount.source(),
                      .options = {mount.options().begin(), mount.options().end()}});
  }
  return mounts;
}

base::Status ReadImageMounts(const verifier::RuntimeConfig& config,
                             const verifier::MountTable& table, const std::string& volumes,
                             rpc::ContainerAnswer& answer) {
  const verifier::ImageMounts mounts(table, config.root_path, volumes);
  for (const std::string& source : config.bind_sources) {
    std::optional<std::string> point = mounts.PointOf(source);
    if (!point) {
      continue;
    }
    if (static_cast<std::size_t>(answer.image_mounts_size()) == kMaxImageMounts) {
      return Fail(Reason::kTooLarge,
                  "more than " + std::to_string(kMaxImageMounts) + " mounts of images");
    }
    rpc::ImageMount& mount = *answer.add_image_mounts();
    mount.set_source(source);
    mount.set_mount_point(std::move(*point));
  }
  return base::Ok();
}

base::Status ReadContainer(const rpc::ContainerQuestion& question, base::ByteView config,
                           base::ByteView mountinfo, rpc::ContainerAnswer& answer) {
  SIGWARD_RETURN_IF_ERROR(CheckContainerQuestion(question));
  auto parsed = verifier::ParseRuntimeConfig(config, question.bundle());
  if (!parsed.ok()) {
    return base::Within("config.json", std::move(parsed).error());
  }
  SIGWARD_ASSIGN_OR_RETURN(const verifier::MountTable table,
                           verifier::MountTable::Parse(mountinfo));
  const auto mismatch = verifier::MismatchAt(table, parsed->root_path, MountsOf(question));
  answer.set_root_matches(!mismatch);
  answer.set_root_mismatch(mismatch.value_or(""));
  for (const std::string& name : question.annotations()) {
    if (const auto found = parsed->annotations.find(name); found != parsed->annotations.end()) {
      rpc::Annotation& annotation = *answer.add_annotations();
      annotation.set_name(name);
      annotation.set_value(found->second);
    }
  }
  return ReadImageMounts(*parsed, table, question.volumes(), answer);
}

base::Status ReadListing(const rpc::ListingQuestion& question, base::ByteView index,
                         rpc::ListingAnswer& answer) {
  if (!question.digest().empty()) {
    const auto digest = verifier::Digest::Parse(question.digest());
    if (!digest.ok()) {
      return Fail(Reason::kProtocol, "a question's digest: " + digest.error().detail);
    }
    SIGWARD_RETURN_IF_ERROR(verifier::CheckDigest(index, *digest, "index"));
  }
  SIGWARD_ASSIGN_OR_RETURN(const auto listed, verifier::ListSignatures(index));
  answer.set_in_all(static_cast<std::uint32_t>(listed.size()));
  const std::size_t begin = std::min<std::size_t>(question.skip(), listed.size());
  const std::size_t end = std::min(begin + kMaxListedPerAnswer, listed.size());
  for (std::size_t i = begin; i < end; ++i) {
    rpc::ListedManifest& said = *answer.add_manifests();
    said.set_digest(listed[i].digest.text());
    said.set_listed_as(static_cast<std::uint32_t>(listed[i].as));
    said.set_subject(listed[i].subject ? listed[i].subject->text() : "");
  }
  return base::Ok();
}

base::Status ReadManifests(const rpc::ManifestsQuestion& question, base::ByteView memory,
                           rpc::ManifestsAnswer& answer) {
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<EvidenceEntry> entries,
                           ParseObjects(question.objects(), memory.size()));
  if (entries.size() > kMaxManifestsAtOnce) {
    return Fail(Reason::kProtocol, "a question about too many manifests");
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const base::ByteView bytes = memory.subspan(entries[i].offset, entries[i].size);
    if (!verifier::CheckDigest(bytes, entries[i].digest, "manifest").ok()) {
      continue;
    }
    if (const auto signature = verifier::ReadSignatureManifest(bytes)) {
      rpc::SignatureManifest& said = *answer.add_signatures();
      said.set_object(static_cast<std::uint32_t>(i));
      said.set_kind(static_cast<std::uint32_t>(signature->kind));
      said.set_subject(signature->subject.text());
      said.set_rank(static_cast<std::uint32_t>(signature->rank));
    }
  }
  return base::Ok();
}

base::Status Read(const rpc::ReadQuestion& question, std::span<const base::ByteView> memories,
                  rpc::ReadAnswer& answer) {
  if (question.nonce().size() != kNonceBytes) {
    return Fail(Reason::kProtocol, "a question without its nonce");
  }
  if (question.has_image_object() && memories.size() == 1) {
    return ReadObject(question.image_object(), memories[0], *answer.mutable_image_object());
  }
  if (question.has_container() && memories.size() == 2) {
    return ReadContainer(question.container(), memories[0], memories[1],
                         *answer.mutable_container());
  }
  if (question.has_listing() && memories.size() == 1) {
    return ReadListing(question.listing(), memories[0], *answer.mutable_listing());
  }
  if (question.has_manifests() && memories.size() == 1) {
    return ReadManifests(question.manifests(), memories[0], *answer.mutable_manifests());
  }
  return Fail(Reason::kProtocol, "a question about nothing, or without what it is about");
}

}  // namespace

std::optional<std::size_t> MemoriesOfRead(std::string_view question) {
  switch (Decode<rpc::ReadQuestion>(question).about_case()) {
    case rpc::ReadQuestion::kImageObject:
    case rpc::ReadQuestion::kListing:
    case rpc::ReadQuestion::kManifests:
      return 1;
    case rpc::ReadQuestion::kContainer:
      return 2;
    case rpc::ReadQuestion::ABOUT_NOT_SET:
      break;
  }
  return std::nullopt;
}

std::string AnswerRead(std::string_view question, std::span<const base::ByteView> memories) {
  const auto said = Decode<rpc::ReadQuestion>(question);
  rpc::ReadAnswer answer;
  const base::Status read = Read(said, memories, answer);
  if (!read.ok()) {
    return Refusal<rpc::ReadAnswer>(said.nonce(), read.error());
  }
  answer.set_nonce(said.nonce());
  if (answer.ByteSizeLong() > rpc::kMaxFrameBytes) {
    return Refusal<rpc::ReadAnswer>(
        said.nonce(), Fail(Reason::kTooLarge, "what was asked for does not fit into one answer"));
  }
  return answer.SerializeAsString();
}

std::string RefuseRead(std::string_view question, const base::Error& error) {
  return Refusal<rpc::ReadAnswer>(Decode<rpc::ReadQuestion>(question).nonce(), error);
}

void RehearseRead() {
  constexpr std::string_view kConfig =
      R"({"ociVersion":"1.2.0","root":{"path":"rootfs"},"annotations":{"a":"b"},)"
      R"("mounts":[{"destination":"/proc","type":"proc","source":"proc","options":["nosuid"]}]})";
  constexpr std::string_view kTable =
      "22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
      "40 22 0:40 / /b/rootfs rw - overlay overlay rw,lowerdir=/l2:/l1,upperdir=/u,workdir=/w\n";
  rpc::ReadQuestion question;
  question.set_nonce(std::string(kNonceBytes, 'n'));
  rpc::ContainerQuestion& container = *question.mutable_container();
  container.set_bundle("/b");
  container.set_volumes("/v");
  container.add_annotations("a");
  rpc::SnapshotMount& mount = *container.add_mounts();
  mount.set_type("overlay");
  mount.set_source("overlay");
  for (const char* option : {"workdir=/w", "upperdir=/u", "lowerdir=/l2:/l1"}) {
    mount.add_options(option);
  }
  (void)AnswerRead(question.SerializeAsString(),
                   std::array{base::AsBytes(kConfig), base::AsBytes(kTable)});
}

}  // namespace sigward::worker
