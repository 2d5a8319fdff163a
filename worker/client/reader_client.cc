#include "worker/client/reader_client.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "rpc/frame.h"
#include "rpc/worker.pb.h"
#include "verifier/lexical_path.h"
#include "worker/client/answer_binding.h"
#include "worker/client/ask_worker.h"
#include "worker/client/evidence_objects.h"
#include "worker/client/question_bounds.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;
using verifier::Digest;

/// Asks QUESTION, to which it gives a nonce, and returns an answer that belongs to it and is no
/// refusal.
base::Result<rpc::ReadAnswer> Ask(const std::string& path, rpc::ReadQuestion question,
                                  const std::vector<int>& memories,
                                  const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(*question.mutable_nonce(), MakeNonce());
  const std::string bytes = question.SerializeAsString();
  if (bytes.size() > kMaxQuestionBytes) {
    return Fail(Reason::kTooLarge, "a snapshot's mounts are longer than " +
                                       std::to_string(kMaxQuestionBytes) + " bytes");
  }
  SIGWARD_ASSIGN_OR_RETURN(const rpc::Message message,
                           AskWorker(path, bytes, memories, rpc::kMaxFrameBytes, deadline));
  SIGWARD_ASSIGN_OR_RETURN(rpc::ReadAnswer answer, DecodeAnswer<rpc::ReadAnswer>(message));
  SIGWARD_RETURN_IF_ERROR(
      CheckBinding(question.nonce(), answer.nonce(), answer.reason(), answer.detail()));
  return answer;
}

base::Result<Digest> ParseDigest(const std::string& text) {
  auto digest = Digest::Parse(text);
  if (!digest.ok()) {
    return NotAnAnswer("names a digest that is none");
  }
  return digest;
}

base::Result<ImageObjectFacts> AcceptManifest(const rpc::ManifestAnswer& said) {
  if (static_cast<std::size_t>(said.layers_size()) > kMaxLayersInFacts) {
    return NotAnAnswer("names more layers than are told");
  }
  SIGWARD_ASSIGN_OR_RETURN(Digest config, ParseDigest(said.config()));
  ManifestFacts facts{.config = std::move(config), .layers = {}};
  for (const std::string& text : said.layers()) {
    SIGWARD_ASSIGN_OR_RETURN(Digest layer, ParseDigest(text));
    facts.layers.push_back(std::move(layer));
  }
  return ImageObjectFacts(std::move(facts));
}

base::Result<Digest> ParseSha256(const std::string& text) {
  SIGWARD_ASSIGN_OR_RETURN(Digest digest, ParseDigest(text));
  if (digest.algorithm() != verifier::DigestAlgorithm::kSha256) {
    return NotAnAnswer("names a chain id or lineage that is not SHA-256");
  }
  return digest;
}

base::Result<ImageObjectFacts> AcceptConfig(const rpc::ConfigAnswer& said) {
  SIGWARD_ASSIGN_OR_RETURN(Digest chain_id, ParseSha256(said.chain_id()));
  SIGWARD_ASSIGN_OR_RETURN(Digest lineage, ParseSha256(said.lineage()));
  return ImageObjectFacts(
      ConfigFacts{.chain_id = std::move(chain_id), .lineage = std::move(lineage)});
}

base::Result<ImageObjectFacts> AcceptObject(const rpc::ReadAnswer& answer, const Digest& asked,
                                            ImageObjectRole role) {
  const rpc::ImageObjectAnswer& said = answer.image_object();
  if (said.digest() != asked.text()) {
    return NotAnAnswer("is about another object");
  }
  const bool is_config = role == ImageObjectRole::kConfig;
  if (said.has_member() && role == ImageObjectRole::kTarget) {
    SIGWARD_ASSIGN_OR_RETURN(Digest member, ParseDigest(said.member()));
    return ImageObjectFacts(IndexFacts{.member = std::move(member)});
  }
  if (said.has_manifest() && !is_config) {
    return AcceptManifest(said.manifest());
  }
  if (said.has_configuration() && is_config) {
    return AcceptConfig(said.configuration());
  }
  return NotAnAnswer("is about another kind of object");
}

base::Status AcceptAnnotations(const rpc::ContainerAnswer& said,
                               std::span<const std::string_view> wanted, ContainerFacts& facts) {
  for (const rpc::Annotation& annotation : said.annotations()) {
    if (std::ranges::find(wanted, annotation.name()) == wanted.end() ||
        !facts.annotations.emplace(annotation.name(), annotation.value()).second) {
      return NotAnAnswer("has an annotation that was not asked for, or one twice");
    }
  }
  return base::Ok();
}

bool IsCleanAbsolute(std::string_view path) {
  return path.starts_with('/') && path == verifier::CleanPath(path);
}

base::Status AcceptImageMounts(const rpc::ContainerAnswer& said, const std::string& volumes,
                               ContainerFacts& facts) {
  if (static_cast<std::size_t>(said.image_mounts_size()) > kMaxImageMounts) {
    return NotAnAnswer("has more image mounts than are told");
  }
  for (const rpc::ImageMount& mount : said.image_mounts()) {
    const std::string& source = mount.source();
    const std::string& point = mount.mount_point();
    if (!IsCleanAbsolute(source) || !IsCleanAbsolute(point) ||
        !verifier::IsAtOrBelow(source, point) ||
        (verifier::IsAtOrBelow(source, volumes) && !verifier::IsAtOrBelow(point, volumes))) {
      return NotAnAnswer("has an image mount that does not lie where it is mounted");
    }
    facts.image_mounts.push_back({.source = source, .mount_point = point});
  }
  return base::Ok();
}

base::Result<ContainerFacts> AcceptContainer(const rpc::ReadAnswer& answer,
                                             std::span<const std::string_view> annotations,
                                             const std::string& volumes) {
  const rpc::ContainerAnswer& said = answer.container();
  if (!answer.has_container() || said.root_matches() != said.root_mismatch().empty()) {
    return NotAnAnswer("does not say whether the rootfs is the snapshot's");
  }
  ContainerFacts facts;
  if (!said.root_matches()) {
    facts.root_mismatch = base::OneLine(said.root_mismatch(), kMaxAnswerText);
  }
  SIGWARD_RETURN_IF_ERROR(AcceptAnnotations(said, annotations, facts));
  SIGWARD_RETURN_IF_ERROR(AcceptImageMounts(said, volumes, facts));
  return facts;
}

}  // namespace

base::Result<ImageObjectFacts> VerifydReader::ReadImageObject(const Digest& digest,
                                                              ImageObjectRole role,
                                                              const verifier::Platform& platform,
                                                              const base::SealedMemory& bytes,
                                                              const base::Deadline& deadline) {
  rpc::ReadQuestion question;
  rpc::ImageObjectQuestion& object = *question.mutable_image_object();
  object.set_digest(digest.text());
  object.set_role(static_cast<std::uint32_t>(role));
  *object.mutable_platform() = ToMessage(platform);
  SIGWARD_ASSIGN_OR_RETURN(const rpc::ReadAnswer answer,
                           Ask(socket_path_, std::move(question), {bytes.fd()}, deadline));
  return AcceptObject(answer, digest, role);
}

base::Result<ContainerFacts> VerifydReader::ReadContainer(
    const base::SealedMemory& config, const base::SealedMemory& mountinfo,
    const std::string& bundle, std::span<const SnapshotMount> mounts,
    std::span<const std::string_view> annotations, const std::string& volumes,
    const base::Deadline& deadline) {
  if (mounts.size() > kMaxMountsPerQuestion || annotations.size() > kMaxAnnotationsWanted) {
    return Fail(Reason::kTooLarge, "a container with " + std::to_string(mounts.size()) +
                                       " mounts as its rootfs, or a question about " +
                                       std::to_string(annotations.size()) + " annotations");
  }
  rpc::ReadQuestion question;
  rpc::ContainerQuestion& container = *question.mutable_container();
  container.set_bundle(bundle);
  container.set_volumes(volumes);
  for (const SnapshotMount& mount : mounts) {
    rpc::SnapshotMount& message = *container.add_mounts();
    message.set_type(mount.type);
    message.set_source(mount.source);
    *message.mutable_options() = {mount.options.begin(), mount.options.end()};
  }
  for (const std::string_view name : annotations) {
    container.add_annotations(std::string(name));
  }
  SIGWARD_ASSIGN_OR_RETURN(
      const rpc::ReadAnswer answer,
      Ask(socket_path_, std::move(question), {config.fd(), mountinfo.fd()}, deadline));
  return AcceptContainer(answer, annotations, volumes);
}

}  // namespace sigward::worker
