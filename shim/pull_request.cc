#include "shim/pull_request.h"

#include "base/json_fields.h"
#include "base/strict_json.h"
#include "base/text.h"

namespace sigward::shim {
namespace {

using base::Fail;
using base::Reason;

constexpr std::string_view kDescriptorType = "application/vnd.oci.descriptor.v1+json";
constexpr std::size_t kMaxShown = 128;

std::string Shown(std::string_view text) {
  return base::OneLine(text, kMaxShown);
}

std::string* FieldOf(PullRequest& request, std::string_view name) {
  return name == "name"               ? &request.name
         : name == "digest"           ? &request.digest
         : name == "stdin-media-type" ? &request.stdin_media_type
                                      : nullptr;
}

}  // namespace

base::Result<PullRequest> ParseArguments(std::span<const char* const> arguments) {
  PullRequest request;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument(arguments[i]);
    const std::size_t dashes = argument.starts_with("--") ? 2 : argument.starts_with('-') ? 1 : 0;
    argument.remove_prefix(dashes);
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    std::string* field = dashes == 0 ? nullptr : FieldOf(request, name);
    if (field == nullptr) {
      return Fail(Reason::kDescriptorMismatch, "unknown argument " + Shown(arguments[i]));
    }
    if (!field->empty()) {
      return Fail(Reason::kDescriptorMismatch, "-" + std::string(name) + " is given twice");
    }
    if (equals == std::string_view::npos && i + 1 == arguments.size()) {
      return Fail(Reason::kDescriptorMismatch, "-" + std::string(name) + " has no value");
    }
    *field = equals == std::string_view::npos ? arguments[++i] : argument.substr(equals + 1);
  }
  if (request.name.empty() || request.digest.empty() || request.stdin_media_type.empty()) {
    return Fail(Reason::kDescriptorMismatch, "-name, -digest and -stdin-media-type are needed");
  }
  return request;
}

base::Result<std::string> CheckDescriptor(const PullRequest& request, std::string_view descriptor) {
  if (request.stdin_media_type != kDescriptorType) {
    return Fail(Reason::kDescriptorMismatch, "standard input is of type " +
                                                 Shown(request.stdin_media_type) + ", expected " +
                                                 std::string(kDescriptorType));
  }
  SIGWARD_ASSIGN_OR_RETURN(const base::Json document,
                           base::ParseStrictJson(descriptor, kMaxDescriptorBytes));
  SIGWARD_ASSIGN_OR_RETURN(auto fields, base::JsonFields::Of(document, "the descriptor"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string digest, fields.String("digest"));
  if (digest != request.digest) {
    return Fail(Reason::kDescriptorMismatch,
                "the descriptor names " + Shown(digest) + ", -digest is " + Shown(request.digest));
  }
  return fields.String("mediaType");
}

}  // namespace sigward::shim
