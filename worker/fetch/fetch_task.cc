#include "worker/fetch/fetch_task.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/text.h"
#include "worker/client/evidence_objects.h"
#include "worker/client/question_bounds.h"
#include "worker/fetch/log_look_ups.h"

namespace sigward::worker {
namespace {

using base::Error;
using base::Fail;
using base::Reason;
using base::Result;
using verifier::Digest;
using verifier::ImageRef;

/// What containerd asks for when it resolves a name.
constexpr std::string_view kAcceptImage =
    "application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.oci.image.index.v1+json, */*";

static_assert(kMaxFailures <= kMaxUnreadPlaces);

Error WrongQuestion(const char* what) {
  return Fail(Reason::kProtocol, what);
}

Result<ImageRef> ReferenceIn(const rpc::FetchQuestion& question) {
  const std::string name = question.registry() + "/" + question.repository();
  const bool by_digest = !question.digest().empty();
  if (by_digest == !question.tag().empty()) {
    return WrongQuestion("question needs a tag or a digest");
  }
  auto image =
      ImageRef::Parse(by_digest ? name + "@" + question.digest() : name + ":" + question.tag());
  if (!image.ok() || image->registry() != question.registry() ||
      image->repository() != question.repository()) {
    return WrongQuestion("question names no normalised repository");
  }
  return image;
}

Result<policy::SignatureSource> SignaturesIn(const rpc::FetchQuestion& question) {
  const rpc::SignaturePlace& place = question.signatures();
  if (place.registry().empty() != place.repository().empty()) {
    return WrongQuestion("question names half a repository for signatures");
  }
  const std::string name =
      place.repository().empty() ? "" : place.registry() + "/" + place.repository();
  auto source = policy::SignatureSource::Of(name, place.tag_prefix());
  if (!source.ok() || source->registry != place.registry() ||
      source->repository != place.repository()) {
    return WrongQuestion("question names no normalised repository for signatures");
  }
  return source;
}

Result<std::vector<policy::LogPlace>> LogsIn(const rpc::FetchQuestion& question) {
  policy::LogPlaces logs;
  for (const rpc::LogPlace& said : question.logs()) {
    if (!policy::CheckTransparencyUrl(said.url()).ok() ||
        said.key_pem().size() > verifier::kMaxPublicKeyPem) {
      return WrongQuestion("question names a log that is none");
    }
    logs.Add({said.url(), said.key_pem()});
  }
  if (logs.left_out() > 0) {
    return WrongQuestion("question names too many logs");
  }
  return logs.places();
}

/// One answer for an image's manifest, or why there is none.
Result<HttpResponse> AskManifest(RepositoryReader& reader, const ImageRef& image,
                                 HttpMethod method) {
  Ask ask;
  ask.path = "manifests/" + (image.digest() ? image.digest()->text() : *image.tag());
  ask.accept = kAcceptImage;
  ask.max_bytes = verifier::kMaxManifestBytes;
  ask.method = method;
  const AskedBy by = image.digest() ? AskedBy::kDigest : AskedBy::kName;
  Outcome outcome = std::move(reader.AskAll(by, {&ask, 1}).front());
  if (auto* error = std::get_if<Error>(&outcome)) {
    return std::move(*error);
  }
  if (std::holds_alternative<Absent>(outcome)) {
    return Fail(Reason::kNotFound, "the registry does not hold the image");
  }
  return std::get<HttpResponse>(std::move(outcome));
}

std::string BoundedMediaType(std::string media_type) {
  return media_type.size() <= kMaxMediaType && base::IsUtf8(media_type) ? std::move(media_type)
                                                                        : std::string();
}

void SetFailure(const Error& error, rpc::FetchAnswer& answer) {
  answer.set_reason(static_cast<std::uint32_t>(error.reason));
  answer.set_detail(base::OneLine(error.detail, kMaxPlaceText));
}

void AddFailure(const FetchFailure& failure, rpc::FetchAnswer& answer) {
  rpc::SourceFailure& message = *answer.add_failures();
  message.set_place(base::OneLine(failure.place, kMaxPlaceText));
  message.set_reason(static_cast<std::uint32_t>(failure.error.reason));
  message.set_detail(base::OneLine(failure.error.detail, kMaxPlaceText));
}

FetchReply Pack(FetchedEvidence evidence) {
  FetchReply reply;
  std::size_t size = 0;
  for (const FetchedObject& object : evidence.objects) {
    size += object.bytes.size();
  }
  reply.memory.reserve(size);
  std::vector<EvidenceEntry> entries;
  for (FetchedObject& object : evidence.objects) {
    entries.push_back({object.kind, object.digest, reply.memory.size(), object.bytes.size(),
                       object.offered_for ? object.offered_for->text() : "",
                       BoundedMediaType(std::move(object.media_type))});
    const base::ByteView bytes = base::AsBytes(object.bytes);
    reply.memory.insert(reply.memory.end(), bytes.begin(), bytes.end());
  }
  *reply.answer.mutable_objects() = ToObjects(entries);
  for (const FetchFailure& failure : evidence.failures) {
    AddFailure(failure, reply.answer);
  }
  return reply;
}

FetchReply AnswerResolve(const FetchTask& task, RepositoryReader& reader) {
  FetchReply reply;
  auto resolved = ResolveName(reader, task.image);
  if (!resolved.ok()) {
    SetFailure(base::Within(task.image.name(), std::move(resolved).error()), reply.answer);
    return reply;
  }
  reply.answer.set_digest(resolved->digest.text());
  reply.answer.set_media_type(BoundedMediaType(std::move(resolved->media_type)));
  return reply;
}

/// IMAGE and SIGNATURES read the two repositories, which may be one.
FetchReply AnswerEvidence(const FetchTask& task, RepositoryReader& image,
                          RepositoryReader& signatures, LogLookUps look_ups) {
  EvidenceFetch fetch(image, signatures, task.image.name(), task.signatures);
  if (task.kind == rpc::FetchQuestion::MEMBER_EVIDENCE) {
    fetch.FetchMember(*task.image.digest(), task.platform);
  } else {
    fetch.FetchSignatures(*task.image.digest());
  }
  FetchedEvidence evidence = fetch.Take();
  look_ups.Complete(evidence);
  return Pack(std::move(evidence));
}

FetchReply NoHosts(const FetchTask& task, const std::string& registry, const Error& error) {
  FetchReply reply;
  if (task.kind == rpc::FetchQuestion::RESOLVE) {
    SetFailure(error, reply.answer);
  } else {
    AddFailure({registry + ": hosts", error}, reply.answer);
  }
  return reply;
}

}  // namespace

Result<FetchTask> ParseTask(const rpc::FetchQuestion& question) {
  const auto kind = question.kind();
  if (kind != rpc::FetchQuestion::RESOLVE && kind != rpc::FetchQuestion::EVIDENCE &&
      kind != rpc::FetchQuestion::MEMBER_EVIDENCE) {
    return WrongQuestion("question of an unknown kind");
  }
  SIGWARD_ASSIGN_OR_RETURN(ImageRef image, ReferenceIn(question));
  if (kind != rpc::FetchQuestion::RESOLVE && !image.digest()) {
    return WrongQuestion("question for evidence without a digest");
  }
  SIGWARD_ASSIGN_OR_RETURN(policy::SignatureSource signatures, SignaturesIn(question));
  if (kind == rpc::FetchQuestion::RESOLVE && signatures != policy::SignatureSource()) {
    return WrongQuestion("question for a name and for signatures at once");
  }
  SIGWARD_ASSIGN_OR_RETURN(std::vector<policy::LogPlace> logs, LogsIn(question));
  if (kind == rpc::FetchQuestion::RESOLVE && !logs.empty()) {
    return WrongQuestion("question for a name and for log entries at once");
  }
  const rpc::Platform& platform = question.platform();
  if (std::max({platform.os().size(), platform.architecture().size(), platform.variant().size()}) >
      kMaxPlatformText) {
    return WrongQuestion("question with too long a platform");
  }
  return FetchTask{kind,
                   std::move(image),
                   {platform.os(), platform.architecture(), platform.variant()},
                   std::min(std::chrono::milliseconds(question.timeout_ms()), kMaxQuestionTime),
                   std::move(signatures),
                   std::move(logs)};
}

std::vector<std::string> RegistriesOf(const FetchTask& task) {
  std::vector<std::string> registries;
  const auto add = [&registries](const std::string& registry) {
    // Another spelling ("HOST:443") of the same registry has no share of its own.
    std::string name = DefaultEndpoint(registry).authority();
    if (registries.empty() || registries[0] != name) {
      registries.push_back(std::move(name));
    }
  };
  const bool is_elsewhere = !task.signatures.IsOwnRepository();
  if (!is_elsewhere || task.kind != rpc::FetchQuestion::EVIDENCE) {
    add(task.image.registry());
  }
  if (is_elsewhere) {
    add(task.signatures.registry);
  }
  return registries;
}

Result<Resolved> ResolveName(RepositoryReader& reader, const ImageRef& image) {
  auto head = AskManifest(reader, image, HttpMethod::kHead);
  if (head.ok() && !head->content_digest.empty()) {
    auto digest = Digest::Parse(head->content_digest);
    if (!digest.ok()) {
      return Fail(Reason::kRegistryError, "Docker-Content-Digest is not a digest");
    }
    if (image.digest() && *digest != *image.digest()) {
      return Fail(Reason::kRegistryError, "the registry answers with another digest");
    }
    return Resolved{std::move(*digest), std::move(head->media_type)};
  }
  // Some registries answer HEAD with a status of their own; those that matter come again.
  if (!head.ok() && head.error().reason != Reason::kRegistryError) {
    return std::move(head).error();
  }
  SIGWARD_ASSIGN_OR_RETURN(HttpResponse response, AskManifest(reader, image, HttpMethod::kGet));
  const auto algorithm =
      image.digest() ? image.digest()->algorithm() : verifier::DigestAlgorithm::kSha256;
  Digest digest = Digest::Of(base::AsBytes(response.body), algorithm);
  if (image.digest() && digest != *image.digest()) {
    return Fail(Reason::kRegistryError, "the registry answers with another digest");
  }
  return Resolved{std::move(digest), std::move(response.media_type)};
}

FetchReply Answer(const FetchTask& task, HttpClient& http, FetchContext& context) {
  const auto deadline = base::Deadline::After(task.time);
  const std::size_t requests_before = http.requests();
  auto hosts = context.hosts.Find(task.image.registry());
  if (!hosts.ok()) {
    return NoHosts(task, task.image.registry(), hosts.error());
  }
  http.Allow(kMaxRequestsPerQuestion);
  PacedHttp paced(http, context.back_off, task.image.repository());
  RepositoryReader reader(paced, context.notices, context.authorization, **hosts,
                          task.image.repository(), deadline);
  const LogLookUps look_ups(http, context, task.logs, deadline);
  FetchReply reply;
  if (task.kind == rpc::FetchQuestion::RESOLVE) {
    reply = AnswerResolve(task, reader);
  } else if (task.signatures.IsOwnRepository()) {
    reply = AnswerEvidence(task, reader, reader, look_ups);
  } else {
    auto elsewhere = context.hosts.Find(task.signatures.registry);
    if (!elsewhere.ok()) {
      return NoHosts(task, task.signatures.registry, elsewhere.error());
    }
    PacedHttp paced_elsewhere(http, context.back_off, task.signatures.repository);
    RepositoryReader signatures(paced_elsewhere, context.notices, context.authorization,
                                **elsewhere, task.signatures.repository, deadline);
    reply = AnswerEvidence(task, reader, signatures, look_ups);
  }
  reply.answer.set_requests(static_cast<std::uint32_t>(http.requests() - requests_before));
  return reply;
}

}  // namespace sigward::worker
