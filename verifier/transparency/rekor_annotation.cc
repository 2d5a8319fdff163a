#include "verifier/transparency/rekor_annotation.h"

#include <chrono>
#include <string>
#include <utility>

#include "base/base64.h"
#include "base/json_fields.h"
#include "base/strict_json.h"
#include "verifier/transparency/entry_body.h"
#include "verifier/transparency/merkle.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::JsonFields;
using base::Result;
using base::Status;

constexpr std::size_t kMaxAnnotationValues = 16;

Result<base::ByteBuffer> ReadBytes(JsonFields& fields, std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string text, fields.String(name));
  base::Result<base::ByteBuffer> bytes = base::DecodeBase64(text, kMaxRekorAnnotation);
  if (!bytes.ok()) {
    return base::Within(fields.where() + "." + std::string(name), std::move(bytes).error());
  }
  return bytes;
}

Status ReadKind(LogEntry& entry) {
  SIGWARD_ASSIGN_OR_RETURN(const Json body,
                           base::ParseStrictJson(base::AsText(entry.canonicalized_body),
                                                 kMaxEntryBodyBytes, kMaxEntryBodyValues));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(body, "log entry"));
  SIGWARD_ASSIGN_OR_RETURN(entry.kind, fields.String("kind"));
  SIGWARD_ASSIGN_OR_RETURN(entry.version, fields.String("apiVersion"));
  return base::Ok();
}

Status ReadPayload(const Json& value, LogEntry& entry) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields payload, JsonFields::Of(value, "log annotation.Payload"));
  SIGWARD_ASSIGN_OR_RETURN(entry.canonicalized_body, ReadBytes(payload, "body"));
  SIGWARD_ASSIGN_OR_RETURN(const std::int64_t seconds, payload.Integer("integratedTime"));
  SIGWARD_ASSIGN_OR_RETURN(const std::int64_t index, payload.Integer("logIndex"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string log_id, payload.String("logID"));
  SIGWARD_ASSIGN_OR_RETURN(entry.log_id, base::DecodeHex(log_id, kTreeHashBytes));
  SIGWARD_RETURN_IF_ERROR(payload.NoOthers());
  if (seconds <= 0 || index < 0) {
    return base::Fail(base::Reason::kMalformed, "log annotation: a number is negative or 0");
  }
  entry.integrated_time = Time(std::chrono::seconds(seconds));
  entry.log_index = static_cast<std::uint64_t>(index);
  return base::Ok();
}

}  // namespace

Result<LogEntry> ParseRekorAnnotation(std::string_view json) {
  SIGWARD_ASSIGN_OR_RETURN(const Json document,
                           base::ParseStrictJson(json, kMaxRekorAnnotation, kMaxAnnotationValues));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(document, "log annotation"));
  LogEntry entry;
  SIGWARD_ASSIGN_OR_RETURN(entry.signed_entry_timestamp, ReadBytes(fields, "SignedEntryTimestamp"));
  SIGWARD_ASSIGN_OR_RETURN(const Json* payload, fields.Object("Payload"));
  SIGWARD_RETURN_IF_ERROR(ReadPayload(*payload, entry));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  SIGWARD_RETURN_IF_ERROR(ReadKind(entry));
  return entry;
}

}  // namespace sigward::verifier
