#include "verifier/image_config.h"

#include <string>
#include <utility>

#include "base/json_fields.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "verifier/manifest.h"
#include "verifier/member_names.h"

namespace sigward::verifier {
namespace {

using base::Fail;
using base::Json;
using base::JsonFields;
using base::Reason;

constexpr std::size_t kMaxTypeInError = 64;

base::Result<Digest> ParseDiffId(const Json& value, std::size_t position) {
  const std::string where = "rootfs.diff_ids[" + std::to_string(position) + "]";
  if (!value.is_string()) {
    return Fail(Reason::kMalformed, where + " is not a string");
  }
  base::Result<Digest> digest = Digest::Parse(value.get_ref<const std::string&>());
  if (!digest.ok()) {
    return base::Within(where, std::move(digest).error());
  }
  if (digest->algorithm() != DigestAlgorithm::kSha256) {
    return Fail(Reason::kUnsupportedAlgorithm, where + " is not SHA-256");
  }
  return digest;
}

}  // namespace

base::Result<ImageConfig> ParseImageConfig(base::ByteView bytes) {
  SIGWARD_ASSIGN_OR_RETURN(const Json document,
                           base::ParseStrictJson(base::AsText(bytes), kMaxImageConfigBytes));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(document, "image configuration"));
  SIGWARD_RETURN_IF_ERROR(RefuseLookAlikes(document, fields.where(), {"rootfs", "schemaVersion"}));
  if (fields.Has("schemaVersion")) {
    return Fail(Reason::kWrongType, "a manifest stands where an image configuration belongs");
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* rootfs, fields.Object("rootfs"));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields layers, JsonFields::Of(*rootfs, "rootfs"));
  SIGWARD_RETURN_IF_ERROR(RefuseLookAlikes(*rootfs, layers.where(), {"type", "diff_ids"}));
  SIGWARD_ASSIGN_OR_RETURN(const std::string type, layers.String("type"));
  if (type != "layers") {
    return Fail(Reason::kUnsupportedFormat,
                "rootfs.type is " + base::OneLine(type, kMaxTypeInError) + ", not layers");
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* diff_ids, layers.Array("diff_ids"));
  if (diff_ids->empty()) {
    return Fail(Reason::kMalformed, "rootfs.diff_ids is empty");
  }
  if (diff_ids->size() > kMaxLayers) {
    return Fail(Reason::kTooLarge,
                "rootfs.diff_ids has more than " + std::to_string(kMaxLayers) + " elements");
  }
  ImageConfig out;
  out.diff_ids.reserve(diff_ids->size());
  for (const Json& diff_id : *diff_ids) {
    SIGWARD_ASSIGN_OR_RETURN(Digest digest, ParseDiffId(diff_id, out.diff_ids.size()));
    out.diff_ids.push_back(std::move(digest));
  }
  return out;
}

}  // namespace sigward::verifier
