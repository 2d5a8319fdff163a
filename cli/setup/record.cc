#include "cli/setup/record.h"

#include <array>
#include <utility>

#include "base/json_fields.h"
#include "base/strict_json.h"

namespace sigward::cli {
namespace {

using base::Json;
using base::JsonFields;

constexpr std::array<std::pair<WrittenKind, std::string_view>, 3> kKinds = {
    {{WrittenKind::kFile, "file"}, {WrittenKind::kBlock, "block"}, {WrittenKind::kLink, "link"}}};

base::Result<Written> ParseOne(const Json& value) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, "written"));
  Written written;
  SIGWARD_ASSIGN_OR_RETURN(const std::string kind, fields.String("kind"));
  SIGWARD_ASSIGN_OR_RETURN(written.path, fields.String("path"));
  SIGWARD_ASSIGN_OR_RETURN(written.text, fields.String("text"));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  for (const auto& [known, word] : kKinds) {
    if (kind == word && written.path.starts_with('/')) {
      written.kind = known;
      return written;
    }
  }
  return base::Fail(base::Reason::kMalformed, "setup's record: " + kind + " " + written.path);
}

}  // namespace

std::string EncodeRecord(const std::vector<Written>& written) {
  Json list = Json::array();
  for (const Written& one : written) {
    for (const auto& [kind, word] : kKinds) {
      if (kind == one.kind) {
        list.push_back({{"kind", word}, {"path", one.path}, {"text", one.text}});
      }
    }
  }
  return Json{{"written", std::move(list)}}.dump(1) + "\n";
}

base::Result<std::vector<Written>> ParseRecord(std::string_view json) {
  SIGWARD_ASSIGN_OR_RETURN(const Json root, base::ParseStrictJson(json, kMaxSetupRecord));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(root, "setup's record"));
  SIGWARD_ASSIGN_OR_RETURN(const Json* list, fields.Array("written"));
  std::vector<Written> written;
  for (const Json& value : *list) {
    SIGWARD_ASSIGN_OR_RETURN(Written one, ParseOne(value));
    written.push_back(std::move(one));
  }
  return written;
}

}  // namespace sigward::cli
