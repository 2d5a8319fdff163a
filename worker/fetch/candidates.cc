#include "worker/fetch/candidates.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/strict_json.h"
#include "verifier/evidence.h"
#include "verifier/manifest.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Json;
using base::Reason;
using base::Result;
using verifier::Descriptor;
using verifier::Digest;

constexpr std::string_view kBundlePrefix = "application/vnd.dev.sigstore.bundle";
/// cosign's name for a legacy signature that is a referrer.
constexpr std::string_view kCosignReferrerType = "application/vnd.dev.cosign.artifact.sig.v1+json";
constexpr std::string_view kOciEmptyType = "application/vnd.oci.empty.v1+json";
constexpr std::string_view kSignatureAnnotation = "dev.cosignproject.cosign/signature";
constexpr std::string_view kPredicateAnnotation = "dev.sigstore.bundle.predicateType";
constexpr std::string_view kSignPredicate = "https://sigstore.dev/cosign/sign/v1";

/// The member of VALUE when that is an object and the member a string, else empty.
std::string_view TextOf(const Json& value, std::string_view name) {
  if (!value.is_object()) {
    return {};
  }
  const auto member = value.find(name);
  if (member == value.end() || !member->is_string()) {
    return {};
  }
  return member->get_ref<const std::string&>();
}

std::optional<Candidate> ToCandidate(const Digest& digest, std::uint64_t size,
                                     std::string_view media_type, std::size_t max_size) {
  if (size == 0 || size > max_size) {
    return std::nullopt;
  }
  return Candidate{digest, static_cast<std::size_t>(size), std::string(media_type), 0};
}

std::optional<Candidate> ReadReferrerDescriptor(const Json& descriptor) {
  const auto digest = Digest::Parse(TextOf(descriptor, "digest"));
  if (!digest.ok()) {
    return std::nullopt;
  }
  const auto size = descriptor.find("size");
  if (size == descriptor.end() || !size->is_number_unsigned()) {
    return std::nullopt;
  }
  return ToCandidate(*digest, size->get<std::uint64_t>(), TextOf(descriptor, "mediaType"),
                     verifier::kMaxManifestBytes);
}

/// Collects candidates and leaves out repetitions.
class Collector {
 public:
  void Add(std::optional<Candidate> candidate) {
    ++found_.listed;
    if (!candidate.has_value()) {
      ++found_.unusable;
    } else if (seen_.insert(candidate->digest).second) {
      found_.wanted.push_back(std::move(*candidate));
    }
  }
  Candidates Take() && { return std::move(found_); }

 private:
  Candidates found_;
  std::set<Digest> seen_;
};

/// 0 for what looks most like a signature.
int Rank(const Json& descriptor) {
  const std::string_view artifact_type = TextOf(descriptor, "artifactType");
  if (artifact_type.starts_with(kBundlePrefix)) {
    const auto annotations = descriptor.find("annotations");
    const bool says_signature = annotations != descriptor.end() &&
                                TextOf(*annotations, kPredicateAnnotation) == kSignPredicate;
    return says_signature ? 0 : 1;
  }
  if (artifact_type == kCosignReferrerType) {
    return 1;
  }
  // What cosign's own fallback index says of its bundles.
  return artifact_type == kOciEmptyType ? 2 : 3;
}

Candidates PayloadsOf(const verifier::Manifest& manifest) {
  Collector collector;
  for (const Descriptor& layer : manifest.layers) {
    const auto signature = layer.annotations.find(kSignatureAnnotation);
    if (signature != layer.annotations.end() && !signature->second.empty()) {
      collector.Add(
          ToCandidate(layer.digest, layer.size, layer.media_type, verifier::kMaxPayloadBytes));
    }
  }
  return std::move(collector).Take();
}

}  // namespace

Result<Candidates> LegacyPayloads(std::string_view manifest) {
  SIGWARD_ASSIGN_OR_RETURN(const verifier::Manifest parsed,
                           verifier::ParseManifest(base::AsBytes(manifest)));
  return PayloadsOf(parsed);
}

Result<Candidates> ListedReferrers(std::string_view index) {
  SIGWARD_ASSIGN_OR_RETURN(const Json document, base::ParseStrictJson(index, kMaxReferrersBytes));
  if (!document.is_object()) {
    return Fail(Reason::kMalformed, "not a JSON object");
  }
  const auto manifests = document.find("manifests");
  if (manifests == document.end() || !manifests->is_array() || document.contains("layers") ||
      document.contains("config")) {
    return Fail(Reason::kWrongType, "not an index and nothing else");
  }
  Collector collector;
  for (const Json& descriptor : *manifests) {
    std::optional<Candidate> candidate = ReadReferrerDescriptor(descriptor);
    if (candidate.has_value()) {
      candidate->rank = Rank(descriptor);
    }
    collector.Add(std::move(candidate));
  }
  Candidates found = std::move(collector).Take();
  std::stable_sort(found.wanted.begin(), found.wanted.end(),
                   [](const Candidate& a, const Candidate& b) { return a.rank < b.rank; });
  return found;
}

Referrer ReadReferrer(std::string_view manifest) {
  const auto parsed = verifier::ParseManifest(base::AsBytes(manifest));
  if (!parsed.ok()) {
    return {ReferrerKind::kBroken, {}};
  }
  const auto& layers = parsed->layers;
  const auto bundle = std::find_if(layers.begin(), layers.end(), [](const Descriptor& layer) {
    return layer.media_type.starts_with(kBundlePrefix);
  });
  if (bundle == layers.end()) {
    Candidates payloads = PayloadsOf(*parsed);
    if (payloads.listed == 0) {
      return {ReferrerKind::kOther, {}};
    }
    return {payloads.wanted.empty() ? ReferrerKind::kBroken : ReferrerKind::kLegacy,
            std::move(payloads.wanted)};
  }
  std::optional<Candidate> candidate;
  if (layers.size() == 1) {
    candidate =
        ToCandidate(bundle->digest, bundle->size, bundle->media_type, verifier::kMaxBundleBytes);
  }
  if (!candidate.has_value()) {
    return {ReferrerKind::kBroken, {}};
  }
  return {ReferrerKind::kBundle, {*std::move(candidate)}};
}

}  // namespace sigward::worker
