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

/// Takes one page of a listing; true when it was the last.
base::Result<bool> AcceptListing(const rpc::ReadAnswer& answer,
                                 std::vector<verifier::ListedManifest>& listed) {
  using verifier::ListedAs;
  const rpc::ListingAnswer& said = answer.listing();
  const std::size_t in_all = said.in_all();
  const std::size_t after = listed.size() + static_cast<std::size_t>(said.manifests_size());
  if (!answer.has_listing() || in_all > verifier::kMaxListedManifests || after > in_all ||
      (said.manifests().empty() && in_all > 0)) {
    return NotAnAnswer("lists more or fewer manifests than it says");
  }
  for (const rpc::ListedManifest& one : said.manifests()) {
    SIGWARD_ASSIGN_OR_RETURN(Digest digest, ParseDigest(one.digest()));
    std::optional<Digest> subject;
    const auto as = static_cast<ListedAs>(one.listed_as());
    if (one.listed_as() < static_cast<std::uint32_t>(ListedAs::kSignatureTag) ||
        one.listed_as() > static_cast<std::uint32_t>(ListedAs::kUntold)) {
      return NotAnAnswer("lists a manifest as nothing known");
    }
    if (as == ListedAs::kSignatureTag || as == ListedAs::kReferrersTag) {
      SIGWARD_ASSIGN_OR_RETURN(subject, ParseDigest(one.subject()));
    }
    listed.push_back({std::move(digest), as, std::move(subject)});
  }
  return after == in_all;
}

base::Result<std::vector<SignatureAt>> AcceptSignatures(const rpc::ReadAnswer& answer,
                                                        std::size_t asked) {
  using verifier::ObjectKind;
  if (!answer.has_manifests()) {
    return NotAnAnswer("is not about manifests");
  }
  std::vector<SignatureAt> signatures;
  for (const rpc::SignatureManifest& one : answer.manifests().signatures()) {
    SIGWARD_ASSIGN_OR_RETURN(Digest subject, ParseDigest(one.subject()));
    const auto kind = static_cast<ObjectKind>(one.kind());
    const bool is_known = one.kind() == static_cast<std::uint32_t>(ObjectKind::kReferrerManifest) ||
                          one.kind() == static_cast<std::uint32_t>(ObjectKind::kLegacyManifest);
    const bool in_order = signatures.empty() || one.object() > signatures.back().index;
    if (!is_known || !in_order || one.object() >= asked ||
        one.rank() > verifier::kMaxSignatureRank) {
      return NotAnAnswer("tells of a manifest that was not asked about");
    }
    signatures.push_back({one.object(), {kind, std::move(subject), static_cast<int>(one.rank())}});
  }
  return signatures;
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

base::Result<std::vector<verifier::ListedManifest>> VerifydReader::ReadListing(
    const std::optional<Digest>& digest, const base::SealedMemory& index,
    const base::Deadline& deadline) {
  std::vector<verifier::ListedManifest> listed;
  // Each page has a child of its own, so none waits for the next question.
  while (true) {
    rpc::ReadQuestion question;
    question.mutable_listing()->set_digest(digest ? digest->text() : "");
    question.mutable_listing()->set_skip(static_cast<std::uint32_t>(listed.size()));
    SIGWARD_ASSIGN_OR_RETURN(const rpc::ReadAnswer answer,
                             Ask(socket_path_, std::move(question), {index.fd()}, deadline));
    SIGWARD_ASSIGN_OR_RETURN(const bool is_last, AcceptListing(answer, listed));
    if (is_last) {
      return listed;
    }
  }
}

base::Result<std::vector<SignatureAt>> VerifydReader::ReadSignatures(
    std::span<const ManifestAt> manifests, const base::SealedMemory& memory,
    const base::Deadline& deadline) {
  if (manifests.size() > kMaxManifestsAtOnce) {
    return Fail(Reason::kTooLarge,
                "a question about " + std::to_string(manifests.size()) + " manifests at once");
  }
  rpc::ReadQuestion question;
  std::vector<EvidenceEntry> entries;
  for (const ManifestAt& one : manifests) {
    entries.push_back(
        {verifier::ObjectKind::kReferrerManifest, one.digest, one.offset, one.size, "", ""});
  }
  *question.mutable_manifests()->mutable_objects() = ToObjects(entries);
  SIGWARD_ASSIGN_OR_RETURN(const rpc::ReadAnswer answer,
                           Ask(socket_path_, std::move(question), {memory.fd()}, deadline));
  return AcceptSignatures(answer, manifests.size());
}

}  // namespace sigward::worker
