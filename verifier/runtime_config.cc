#include "verifier/runtime_config.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json_fields.h"
#include "base/strict_json.h"
#include "verifier/lexical_path.h"
#include "verifier/member_names.h"

namespace sigward::verifier {
namespace {

using base::Fail;
using base::Json;
using base::JsonFields;
using base::Reason;

base::Result<std::string> ParseRootPath(const Json& value, std::string_view bundle) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, "root"));
  SIGWARD_RETURN_IF_ERROR(RefuseLookAlikes(value, fields.where(), {"path"}));
  SIGWARD_ASSIGN_OR_RETURN(const std::string path, fields.String("path"));
  if (path.empty() || HasParentElement(path) || path.find('\0') != std::string::npos) {
    return Fail(Reason::kMalformed, "root.path is empty, or holds .. or a zero byte");
  }
  return CleanPathFrom(bundle, path);
}

base::Result<std::map<std::string, std::string, std::less<>>> ParseAnnotations(const Json& value) {
  if (!value.is_object()) {
    return Fail(Reason::kMalformed, "annotations is not an object");
  }
  std::map<std::string, std::string, std::less<>> out;
  for (const auto& [name, text] : value.items()) {
    if (!text.is_string()) {
      return Fail(Reason::kMalformed, "annotations holds what is not a string");
    }
    out.emplace(name, text.get_ref<const std::string&>());
  }
  return out;
}

base::Result<bool> HasBindOption(JsonFields& fields) {
  if (!fields.Has("options")) {
    return false;
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* options, fields.Array("options"));
  if (!std::all_of(options->begin(), options->end(),
                   [](const Json& option) { return option.is_string(); })) {
    return Fail(Reason::kMalformed, fields.where() + ".options holds what is not a string");
  }
  return std::any_of(options->begin(), options->end(),
                     [](const Json& option) { return option == "bind" || option == "rbind"; });
}

/// The source of a mount as it stands, none when it is no bind mount.
base::Result<std::optional<std::string>> ParseBindSource(const Json& value, std::string where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, std::move(where)));
  SIGWARD_RETURN_IF_ERROR(RefuseLookAlikes(value, fields.where(), {"type", "source", "options"}));
  std::string type;
  if (fields.Has("type")) {
    SIGWARD_ASSIGN_OR_RETURN(type, fields.String("type"));
  }
  SIGWARD_ASSIGN_OR_RETURN(const bool has_option, HasBindOption(fields));
  std::optional<std::string> source;
  if (fields.Has("source")) {
    SIGWARD_ASSIGN_OR_RETURN(source, fields.String("source"));
  }
  if (!source || source->empty() || !(has_option || type == "bind")) {
    return std::optional<std::string>();
  }
  return source;
}

}  // namespace

base::Result<RuntimeConfig> ParseRuntimeConfig(base::ByteView bytes, std::string_view bundle) {
  if (!bundle.starts_with('/')) {
    return Fail(Reason::kMalformed, "the bundle is not named by an absolute path");
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json document,
                           base::ParseStrictJson(base::AsText(bytes), kMaxRuntimeConfigBytes));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(document, "config.json"));
  SIGWARD_RETURN_IF_ERROR(
      RefuseLookAlikes(document, fields.where(), {"root", "annotations", "mounts"}));
  SIGWARD_ASSIGN_OR_RETURN(const Json* root, fields.Object("root"));
  RuntimeConfig out;
  SIGWARD_ASSIGN_OR_RETURN(out.root_path, ParseRootPath(*root, bundle));
  if (const Json* annotations = fields.Find("annotations"); annotations != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(out.annotations, ParseAnnotations(*annotations));
  }
  if (!fields.Has("mounts")) {
    return out;
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* mounts, fields.Array("mounts"));
  std::size_t position = 0;
  for (const Json& mount : *mounts) {
    SIGWARD_ASSIGN_OR_RETURN(const std::optional<std::string> source,
                             ParseBindSource(mount, "mounts[" + std::to_string(position++) + "]"));
    if (source) {
      out.bind_sources.push_back(CleanPathFrom(bundle, *source));
    }
  }
  return out;
}

}  // namespace sigward::verifier
