#include "verifier/simple_signing.h"

#include <algorithm>

#include "base/json_fields.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "verifier/evidence.h"
#include "verifier/image_ref.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::JsonFields;
using base::Reason;

constexpr std::size_t kMaxTypeInError = 96;

/// The one string NAME in the object MEMBER of CRITICAL, which must hold nothing else.
base::Result<std::string> OnlyString(JsonFields& critical, std::string_view member,
                                     std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* object, critical.Object(member));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields,
                           JsonFields::Of(*object, critical.where() + "." + std::string(member)));
  SIGWARD_ASSIGN_OR_RETURN(std::string text, fields.String(name));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return text;
}

base::Status CheckReferenceText(const std::string& reference) {
  if (reference.size() > kMaxReferenceLength) {
    return base::Fail(Reason::kTooLarge, "the signed docker-reference is longer than " +
                                             std::to_string(kMaxReferenceLength) + " bytes");
  }
  if (std::any_of(reference.begin(), reference.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
      })) {
    return base::Fail(Reason::kMalformed, "the signed docker-reference holds control characters");
  }
  return base::Ok();
}

base::Result<SimpleSigning> ParseCritical(const Json& value) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields critical, JsonFields::Of(value, "critical"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string type, critical.String("type"));
  if (type != kSimpleSigningType) {
    return base::Fail(Reason::kWrongType, "the signed payload's type is \"" +
                                              base::OneLine(type, kMaxTypeInError) + "\"");
  }
  SimpleSigning out;
  SIGWARD_ASSIGN_OR_RETURN(out.manifest_digest,
                           OnlyString(critical, "image", "docker-manifest-digest"));
  SIGWARD_ASSIGN_OR_RETURN(out.docker_reference,
                           OnlyString(critical, "identity", "docker-reference"));
  SIGWARD_RETURN_IF_ERROR(CheckReferenceText(out.docker_reference));
  SIGWARD_RETURN_IF_ERROR(critical.NoOthers());
  return out;
}

}  // namespace

base::Result<SimpleSigning> ParseSimpleSigning(const SignedBytes& payload) {
  SIGWARD_ASSIGN_OR_RETURN(const Json document,
                           base::ParseStrictJson(base::AsText(payload.bytes()), kMaxPayloadBytes));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(document, "payload"));
  if (const Json* optional = fields.Find("optional");
      optional != nullptr && !optional->is_null() && !optional->is_object()) {
    return base::Fail(Reason::kMalformed, "payload.optional is neither an object nor null");
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* critical, fields.Object("critical"));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return ParseCritical(*critical);
}

}  // namespace sigward::verifier
