#include "worker/client/evidence_objects.h"

#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "worker/client/question_bounds.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;
using verifier::Digest;
using verifier::ObjectKind;

base::Result<ObjectKind> ParseKind(std::uint32_t number) {
  for (const ObjectKind kind : {ObjectKind::kLegacyManifest, ObjectKind::kReferrerManifest,
                                ObjectKind::kBlob, ObjectKind::kImageIndex}) {
    if (number == static_cast<std::uint32_t>(kind)) {
      return kind;
    }
  }
  return Fail(Reason::kProtocol, "an object of unknown kind " + std::to_string(number));
}

base::Result<Digest> ParseDigest(const std::string& text) {
  auto digest = Digest::Parse(text);
  if (!digest.ok()) {
    return Fail(Reason::kProtocol, "an object's digest: " + digest.error().detail);
  }
  return digest;
}

base::Result<EvidenceEntry> ParseObject(const rpc::Object& object, std::size_t memory_size) {
  SIGWARD_ASSIGN_OR_RETURN(const ObjectKind kind, ParseKind(object.kind()));
  SIGWARD_ASSIGN_OR_RETURN(Digest digest, ParseDigest(object.digest()));
  if (!object.offered_for().empty()) {
    SIGWARD_RETURN_IF_ERROR(ParseDigest(object.offered_for()));
  }
  // Two comparisons, because the sum of both numbers can wrap.
  if (object.offset() > memory_size || object.size() > memory_size - object.offset()) {
    return Fail(Reason::kProtocol, "an object does not lie in the memory that came with it");
  }
  if (object.media_type().size() > kMaxMediaType) {
    return Fail(Reason::kProtocol, "an object's media type is too long");
  }
  return EvidenceEntry{.kind = kind,
                       .digest = std::move(digest),
                       .offset = object.offset(),
                       .size = object.size(),
                       .offered_for = object.offered_for(),
                       .media_type = object.media_type()};
}

base::Result<UnreadPlace> ParseFailure(const rpc::SourceFailure& failure) {
  const std::optional<Reason> reason = base::ReasonFromNumber(failure.reason());
  if (!reason) {
    return Fail(Reason::kProtocol, "a place that could not be read has no known reason");
  }
  return UnreadPlace{.place = base::OneLine(failure.place(), kMaxPlaceText),
                     .error = Fail(*reason, base::OneLine(failure.detail(), kMaxPlaceText))};
}

}  // namespace

rpc::Platform ToMessage(const verifier::Platform& platform) {
  rpc::Platform message;
  message.set_os(platform.os);
  message.set_architecture(platform.architecture);
  message.set_variant(platform.variant);
  return message;
}

base::Result<verifier::Platform> ParsePlatform(const rpc::Platform& said) {
  for (const std::string* text : {&said.os(), &said.architecture(), &said.variant()}) {
    if (text->size() > kMaxPlatformText) {
      return Fail(Reason::kProtocol, "a platform's name is too long");
    }
  }
  return verifier::Platform{
      .os = said.os(), .architecture = said.architecture(), .variant = said.variant()};
}

Objects ToObjects(std::span<const EvidenceEntry> entries) {
  Objects objects;
  for (const EvidenceEntry& entry : entries) {
    rpc::Object& object = *objects.Add();
    object.set_kind(static_cast<std::uint32_t>(entry.kind));
    object.set_digest(entry.digest.text());
    object.set_offset(entry.offset);
    object.set_size(entry.size);
    object.set_offered_for(entry.offered_for);
    object.set_media_type(entry.media_type);
  }
  return objects;
}

base::Result<std::vector<EvidenceEntry>> ParseObjects(const Objects& objects,
                                                      std::size_t memory_size) {
  if (static_cast<std::size_t>(objects.size()) > verifier::kMaxEvidenceObjects) {
    return Fail(Reason::kProtocol, "evidence has " + std::to_string(objects.size()) + " objects");
  }
  std::vector<EvidenceEntry> entries;
  std::size_t left = verifier::kMaxEvidenceBytes;
  for (const rpc::Object& object : objects) {
    SIGWARD_ASSIGN_OR_RETURN(EvidenceEntry entry, ParseObject(object, memory_size));
    if (entry.size > left) {
      return Fail(Reason::kProtocol, "evidence is larger than " +
                                         std::to_string(verifier::kMaxEvidenceBytes) + " bytes");
    }
    left -= entry.size;
    entries.push_back(std::move(entry));
  }
  return entries;
}

base::Result<EvidenceSet> ParseEvidenceSet(const rpc::FetchAnswer& answer,
                                           base::SealedMemory memory) {
  SIGWARD_ASSIGN_OR_RETURN(std::vector<EvidenceEntry> entries,
                           ParseObjects(answer.objects(), memory.bytes().size()));
  if (static_cast<std::size_t>(answer.failures_size()) > kMaxUnreadPlaces) {
    return Fail(Reason::kProtocol,
                "evidence has " + std::to_string(answer.failures_size()) + " unread places");
  }
  std::vector<UnreadPlace> unread;
  for (const rpc::SourceFailure& failure : answer.failures()) {
    SIGWARD_ASSIGN_OR_RETURN(UnreadPlace place, ParseFailure(failure));
    unread.push_back(std::move(place));
  }
  return EvidenceSet{
      .memory = std::move(memory), .entries = std::move(entries), .unread = std::move(unread)};
}

verifier::Evidence EvidenceIn(base::ByteView memory, std::span<const EvidenceEntry> entries) {
  verifier::Evidence evidence;
  for (const EvidenceEntry& entry : entries) {
    std::optional<Digest> offered_for;
    if (auto digest = Digest::Parse(entry.offered_for); digest.ok()) {
      offered_for = std::move(digest).value();
    }
    evidence.push_back({.kind = entry.kind,
                        .digest = entry.digest,
                        .bytes = memory.subspan(entry.offset, entry.size),
                        .offered_for = std::move(offered_for)});
  }
  return evidence;
}

}  // namespace sigward::worker
