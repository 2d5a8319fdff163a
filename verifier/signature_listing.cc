#include "verifier/signature_listing.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/strict_json.h"
#include "verifier/bundle.h"
#include "verifier/legacy_layer.h"
#include "verifier/manifest.h"
#include "verifier/signature_candidate.h"

namespace sigward::verifier {
namespace {

using base::Fail;
using base::Json;
using base::Reason;

constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";
constexpr std::string_view kCosignKind = "kind";
constexpr std::string_view kCosignPrefix = "dev.cosignproject.cosign/";
constexpr std::string_view kSignatureSuffix = ".sig";
constexpr std::string_view kPredicateAnnotation = "dev.sigstore.bundle.predicateType";
constexpr std::string_view kSignPredicate = "https://sigstore.dev/cosign/sign/v1";

/// The member of VALUE when that is an object and the member a string, else empty.
std::string_view TextOf(const Json& value, std::string_view name) {
  if (!value.is_object()) {
    return {};
  }
  const auto member = value.find(name);
  return member != value.end() && member->is_string() ? member->get_ref<const std::string&>()
                                                      : std::string_view();
}

std::string_view AnnotationOf(const Json& value, std::string_view name) {
  const auto annotations = value.find("annotations");
  return annotations == value.end() ? std::string_view() : TextOf(*annotations, name);
}

/// The digest that TAG stands for: `sha256-HEX`.
std::optional<Digest> DigestInTag(std::string_view tag) {
  std::string text(tag);
  if (const std::size_t dash = text.find('-'); dash != std::string::npos) {
    text[dash] = ':';
  }
  auto digest = Digest::Parse(text);
  return digest.ok() ? std::optional(*std::move(digest)) : std::nullopt;
}

/// What the name of a manifest says.
std::optional<ListedManifest> Named(Digest digest, std::string_view name) {
  std::string_view tag = name.substr(name.rfind(':') + 1);
  const bool is_signature = tag.ends_with(kSignatureSuffix);
  if (is_signature) {
    tag.remove_suffix(kSignatureSuffix.size());
  }
  auto subject = DigestInTag(tag);
  if (!subject) {
    return std::nullopt;
  }
  return ListedManifest{std::move(digest),
                        is_signature ? ListedAs::kSignatureTag : ListedAs::kReferrersTag,
                        std::move(subject)};
}

/// What `cosign save` says of a manifest.
std::optional<ListedManifest> Saved(Digest digest, std::string_view kind) {
  if (kind == "image" || kind == "imageIndex") {
    return ListedManifest{std::move(digest), ListedAs::kSavedImage, std::nullopt};
  }
  if (kind == "sigs") {
    return ListedManifest{std::move(digest), ListedAs::kSavedSignatures, std::nullopt};
  }
  return std::nullopt;
}

std::optional<ListedManifest> ReadDescriptor(const Json& descriptor) {
  auto digest = Digest::Parse(TextOf(descriptor, "digest"));
  if (!digest.ok()) {
    return std::nullopt;
  }
  if (const std::string_view kind = AnnotationOf(descriptor, kCosignKind);
      kind.starts_with(kCosignPrefix)) {
    return Saved(*std::move(digest), kind.substr(kCosignPrefix.size()));
  }
  const std::string_view name = AnnotationOf(descriptor, kRefName);
  if (auto named = Named(*digest, name)) {
    return named;
  }
  const std::string_view media_type = TextOf(descriptor, "mediaType");
  const bool is_index = media_type == kOciIndexType || media_type == kDockerListType;
  const bool is_other_image = !name.empty() && TextOf(descriptor, "artifactType").empty();
  if (is_index || is_other_image) {
    return std::nullopt;
  }
  return ListedManifest{*std::move(digest), ListedAs::kUntold, std::nullopt};
}

/// Attestations lie beside signatures as bundles too.
int RankOf(base::ByteView manifest) {
  const auto document = base::ParseStrictJson(base::AsText(manifest), kMaxManifestBytes);
  const std::string_view predicate =
      document.ok() ? AnnotationOf(*document, kPredicateAnnotation) : std::string_view();
  if (predicate == kSignPredicate) {
    return 0;
  }
  return predicate.empty() ? 1 : kMaxSignatureRank;
}

}  // namespace

base::Result<std::vector<ListedManifest>> ListSignatures(base::ByteView index) {
  SIGWARD_ASSIGN_OR_RETURN(const Json document,
                           base::ParseStrictJson(base::AsText(index), kMaxListingBytes));
  if (!document.is_object()) {
    return Fail(Reason::kMalformed, "not a JSON object");
  }
  const auto manifests = document.find("manifests");
  if (manifests == document.end() || !manifests->is_array() || document.contains("layers") ||
      document.contains("config")) {
    return Fail(Reason::kWrongType, "not an index and nothing else");
  }
  std::vector<ListedManifest> listed;
  for (const Json& descriptor : *manifests) {
    std::optional<ListedManifest> manifest = ReadDescriptor(descriptor);
    if (!manifest) {
      continue;
    }
    if (listed.size() == kMaxListedManifests) {
      return Fail(Reason::kTooLarge, "more than " + std::to_string(kMaxListedManifests) +
                                         " manifests that may be signatures");
    }
    listed.push_back(*std::move(manifest));
  }
  return listed;
}

std::optional<SignatureManifest> ReadSignatureManifest(base::ByteView manifest) {
  auto parsed = ParseManifest(manifest);
  if (!parsed.ok() || !parsed->subject) {
    return std::nullopt;
  }
  const auto is_bundle = [](const Descriptor& layer) { return IsBundleType(layer.media_type); };
  if (std::ranges::any_of(parsed->layers, is_bundle)) {
    return SignatureManifest{ObjectKind::kReferrerManifest, parsed->subject->digest,
                             RankOf(manifest)};
  }
  const auto is_signature = [](const Descriptor& layer) {
    return LegacySignatureText(layer) != nullptr;
  };
  if (std::ranges::any_of(parsed->layers, is_signature)) {
    return SignatureManifest{ObjectKind::kLegacyManifest, parsed->subject->digest, 0};
  }
  return std::nullopt;
}

}  // namespace sigward::verifier
