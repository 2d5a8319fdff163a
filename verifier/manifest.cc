#include "verifier/manifest.h"

#include <algorithm>
#include <utility>

#include "base/json_fields.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "verifier/member_names.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::JsonFields;
using base::Reason;

constexpr std::size_t kMaxTypeInError = 128;
constexpr std::int64_t kSchemaVersion = 2;

enum class DocumentKind : std::uint8_t { kManifest, kIndex };

bool IsIndexType(std::string_view media_type) {
  return media_type == kOciIndexType || media_type == kDockerListType;
}

base::Result<std::map<std::string, std::string, std::less<>>> ParseAnnotations(
    const Json& value, const std::string& where) {
  if (!value.is_object()) {
    return base::Fail(Reason::kMalformed, where + ".annotations is not an object");
  }
  std::map<std::string, std::string, std::less<>> out;
  for (const auto& [name, text] : value.items()) {
    if (!text.is_string()) {
      return base::Fail(Reason::kMalformed, where + ".annotations holds what is not a string");
    }
    out.emplace(name, text.get_ref<const std::string&>());
  }
  return out;
}

base::Result<std::string> OptionalString(JsonFields& fields, std::string_view name) {
  return fields.Has(name) ? fields.String(name) : std::string();
}

/// A list that is absent or an array; true when something is in it.
base::Result<bool> HasElements(JsonFields& fields, std::string_view name) {
  if (!fields.Has(name)) {
    return false;
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* list, fields.Array(name));
  return !list->empty();
}

base::Result<DescribedPlatform> ParsePlatform(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where + ".platform"));
  SIGWARD_RETURN_IF_ERROR(RefuseLookAlikes(
      value, fields.where(), {"architecture", "os", "variant", "os.version", "os.features"}));
  DescribedPlatform out;
  SIGWARD_ASSIGN_OR_RETURN(out.platform.architecture, fields.String("architecture"));
  SIGWARD_ASSIGN_OR_RETURN(out.platform.os, fields.String("os"));
  SIGWARD_ASSIGN_OR_RETURN(out.platform.variant, OptionalString(fields, "variant"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string os_version, OptionalString(fields, "os.version"));
  SIGWARD_ASSIGN_OR_RETURN(const bool has_features, HasElements(fields, "os.features"));
  out.demands_more = has_features || !os_version.empty();
  return out;
}

base::Result<Descriptor> ParseDescriptor(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  SIGWARD_RETURN_IF_ERROR(RefuseLookAlikes(
      value, where, {"mediaType", "digest", "size", "urls", "annotations", "platform"}));
  SIGWARD_ASSIGN_OR_RETURN(std::string media_type, fields.String("mediaType"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string digest_text, fields.String("digest"));
  base::Result<Digest> digest = Digest::Parse(digest_text);
  if (!digest.ok()) {
    return base::Within(where, std::move(digest).error());
  }
  SIGWARD_ASSIGN_OR_RETURN(const std::int64_t size, fields.Integer("size"));
  if (media_type.empty() || size < 0) {
    return base::Fail(Reason::kMalformed, where + " has an empty mediaType or a negative size");
  }
  SIGWARD_ASSIGN_OR_RETURN(const bool has_urls, HasElements(fields, "urls"));
  Descriptor out{std::move(media_type),
                 *std::move(digest),
                 static_cast<std::uint64_t>(size),
                 has_urls,
                 {},
                 {}};
  if (const Json* annotations = fields.Find("annotations"); annotations != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(out.annotations, ParseAnnotations(*annotations, where));
  }
  return out;
}

/// Which of the two DOCUMENT is, by its members and its mediaType together.
base::Result<DocumentKind> Classify(const Json& document, JsonFields& fields) {
  SIGWARD_RETURN_IF_ERROR(RefuseLookAlikes(
      document, fields.where(),
      {"schemaVersion", "mediaType", "manifests", "config", "layers", "subject", "fsLayers"}));
  SIGWARD_ASSIGN_OR_RETURN(const std::int64_t version, fields.Integer("schemaVersion"));
  if (version != kSchemaVersion) {
    return base::Fail(Reason::kUnsupportedFormat, "manifest schema version is not 2");
  }
  const bool lists_manifests = fields.Has("manifests");
  if (lists_manifests && (fields.Has("config") || fields.Has("layers") || fields.Has("fsLayers"))) {
    return base::Fail(Reason::kMalformed, "a document is a manifest and an index at once");
  }
  const DocumentKind kind = lists_manifests ? DocumentKind::kIndex : DocumentKind::kManifest;
  if (!fields.Has("mediaType")) {
    return kind;
  }
  SIGWARD_ASSIGN_OR_RETURN(const std::string media_type, fields.String("mediaType"));
  const bool says_index = IsIndexType(media_type);
  if (!says_index && media_type != kOciManifestType && media_type != kDockerManifestType) {
    return base::Fail(Reason::kUnsupportedFormat,
                      "manifest type " + base::OneLine(media_type, kMaxTypeInError));
  }
  if (says_index != lists_manifests) {
    return base::Fail(Reason::kMalformed,
                      "a manifest's mediaType says something else than its members");
  }
  return kind;
}

base::Result<const Json*> BoundedArray(JsonFields& fields, std::string_view name, std::size_t max) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* list, fields.Array(name));
  if (list->size() > max) {
    return base::Fail(Reason::kTooLarge, fields.where() + "." + std::string(name) +
                                             " has more than " + std::to_string(max) + " elements");
  }
  return list;
}

std::string ElementName(std::string_view list, std::size_t i) {
  return std::string(list) + "[" + std::to_string(i) + "]";
}

}  // namespace

base::Result<Manifest> ParseManifest(base::ByteView bytes) {
  SIGWARD_ASSIGN_OR_RETURN(const Json document,
                           base::ParseStrictJson(base::AsText(bytes), kMaxManifestBytes));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(document, "manifest"));
  SIGWARD_ASSIGN_OR_RETURN(const DocumentKind kind, Classify(document, fields));
  if (kind == DocumentKind::kIndex) {
    return base::Fail(Reason::kWrongType, "an index stands where a manifest belongs");
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* layers, BoundedArray(fields, "layers", kMaxLayers));
  SIGWARD_ASSIGN_OR_RETURN(const Json* config, fields.Object("config"));
  SIGWARD_ASSIGN_OR_RETURN(Descriptor config_descriptor, ParseDescriptor(*config, "config"));
  Manifest out{std::move(config_descriptor), {}, {}};
  out.layers.reserve(layers->size());
  for (const Json& layer : *layers) {
    SIGWARD_ASSIGN_OR_RETURN(Descriptor descriptor,
                             ParseDescriptor(layer, ElementName("layers", out.layers.size())));
    out.layers.push_back(std::move(descriptor));
  }
  if (const Json* subject = fields.Find("subject"); subject != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(out.subject, ParseDescriptor(*subject, "subject"));
  }
  return out;
}

base::Result<Index> ParseIndex(base::ByteView bytes) {
  SIGWARD_ASSIGN_OR_RETURN(const Json document,
                           base::ParseStrictJson(base::AsText(bytes), kMaxManifestBytes));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(document, "index"));
  SIGWARD_ASSIGN_OR_RETURN(const DocumentKind kind, Classify(document, fields));
  if (kind != DocumentKind::kIndex) {
    return base::Fail(Reason::kWrongType, "a manifest stands where an index belongs");
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* manifests,
                           BoundedArray(fields, "manifests", kMaxIndexManifests));
  Index out;
  out.manifests.reserve(manifests->size());
  for (const Json& manifest : *manifests) {
    const std::string where = ElementName("manifests", out.manifests.size());
    SIGWARD_ASSIGN_OR_RETURN(Descriptor descriptor, ParseDescriptor(manifest, where));
    if (IsIndexType(descriptor.media_type)) {
      return base::Fail(Reason::kUnsupportedFormat, where + " is an index within an index");
    }
    if (const auto platform = manifest.find("platform"); platform != manifest.end()) {
      SIGWARD_ASSIGN_OR_RETURN(descriptor.platform, ParsePlatform(*platform, where));
    }
    out.manifests.push_back(std::move(descriptor));
  }
  return out;
}

}  // namespace sigward::verifier
