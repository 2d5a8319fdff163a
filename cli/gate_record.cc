#include "cli/gate_record.h"

#include <utility>

#include "base/json_fields.h"
#include "base/strict_json.h"

namespace sigward::cli {
namespace {

using base::Json;
using base::JsonFields;
using base::Reason;
using base::Result;

template <typename T>
Result<T> AsProtocolError(Result<T> result) {
  if (!result.ok()) {
    return base::Fail(Reason::kProtocol, "the gate's record: " + result.error().detail);
  }
  return result;
}

Result<std::string> OptionalString(JsonFields& fields, std::string_view name) {
  return fields.Has(name) ? fields.String(name) : Result<std::string>(std::string());
}

/// Applies PARSE to each element of the list NAME.
template <typename T>
Result<std::vector<T>> ParseList(JsonFields& fields, std::string_view name,
                                 Result<T> (*parse)(const Json&, const std::string&)) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* list, fields.Array(name));
  std::vector<T> parsed;
  for (const Json& element : *list) {
    SIGWARD_ASSIGN_OR_RETURN(T one, parse(element, fields.where() + "." + std::string(name) + "[" +
                                                       std::to_string(parsed.size()) + "]"));
    parsed.push_back(std::move(one));
  }
  return parsed;
}

Result<std::string> ParseWarning(const Json& value, const std::string& where) {
  if (!value.is_string()) {
    return base::Fail(Reason::kProtocol, where + " is not a string");
  }
  return value.get<std::string>();
}

Result<AuthorityRecord> ParseAuthority(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  AuthorityRecord authority;
  SIGWARD_ASSIGN_OR_RETURN(authority.name, fields.String("name"));
  SIGWARD_ASSIGN_OR_RETURN(authority.decision, fields.String("decision"));
  SIGWARD_ASSIGN_OR_RETURN(authority.reason, OptionalString(fields, "reason"));
  SIGWARD_ASSIGN_OR_RETURN(authority.detail, OptionalString(fields, "detail"));
  if (const Json* place = fields.Find("source"); place != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(JsonFields source, JsonFields::Of(*place, fields.where() + ".source"));
    SIGWARD_ASSIGN_OR_RETURN(authority.repository, OptionalString(source, "repository"));
    SIGWARD_ASSIGN_OR_RETURN(authority.tag_prefix, OptionalString(source, "tagPrefix"));
  }
  if (const Json* person = fields.Find("signer"); person != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(JsonFields signer,
                             JsonFields::Of(*person, fields.where() + ".signer"));
    SIGWARD_ASSIGN_OR_RETURN(authority.signer, OptionalString(signer, "subject"));
  }
  return authority;
}

Result<PolicyRecord> ParsePolicy(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  PolicyRecord policy;
  SIGWARD_ASSIGN_OR_RETURN(policy.name, fields.String("name"));
  SIGWARD_ASSIGN_OR_RETURN(policy.mode, fields.String("mode"));
  SIGWARD_ASSIGN_OR_RETURN(policy.decision, fields.String("decision"));
  SIGWARD_ASSIGN_OR_RETURN(policy.reason, OptionalString(fields, "reason"));
  SIGWARD_ASSIGN_OR_RETURN(policy.detail, OptionalString(fields, "detail"));
  SIGWARD_ASSIGN_OR_RETURN(policy.authorities,
                           ParseList<AuthorityRecord>(fields, "authorities", ParseAuthority));
  return policy;
}

Result<DecisionRecord> ParseDecision(std::string_view json) {
  SIGWARD_ASSIGN_OR_RETURN(const Json root, base::ParseStrictJson(json, kMaxRecordBytes));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(root, "decision"));
  DecisionRecord record;
  SIGWARD_ASSIGN_OR_RETURN(record.image, fields.String("image"));
  SIGWARD_ASSIGN_OR_RETURN(record.decision, fields.String("decision"));
  SIGWARD_ASSIGN_OR_RETURN(record.warnings,
                           ParseList<std::string>(fields, "warnings", ParseWarning));
  SIGWARD_ASSIGN_OR_RETURN(record.policies,
                           ParseList<PolicyRecord>(fields, "policies", ParsePolicy));
  return record;
}

Result<JsonFields> Inside(JsonFields& fields, std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* object, fields.Object(name));
  return JsonFields::Of(*object, fields.where() + "." + std::string(name));
}

/// What came with the create gate; a daemon without it says nothing of it.
base::Status ParseCreateGate(JsonFields& fields, StatusRecord& record) {
  if (fields.Has("containerd")) {
    SIGWARD_ASSIGN_OR_RETURN(JsonFields containerd, Inside(fields, "containerd"));
    SIGWARD_ASSIGN_OR_RETURN(record.listening, containerd.Boolean("listening"));
  }
  if (fields.Has("preparation")) {
    SIGWARD_ASSIGN_OR_RETURN(JsonFields preparation, Inside(fields, "preparation"));
    PreparationState& state = record.preparation.emplace();
    SIGWARD_ASSIGN_OR_RETURN(state.waiting, preparation.Integer("waiting"));
    SIGWARD_ASSIGN_OR_RETURN(state.prepared, preparation.Integer("prepared"));
  }
  if (fields.Has("nri")) {
    SIGWARD_ASSIGN_OR_RETURN(JsonFields nri, Inside(fields, "nri"));
    NriState& state = record.nri.emplace();
    SIGWARD_ASSIGN_OR_RETURN(state.registered, nri.Boolean("registered"));
    SIGWARD_ASSIGN_OR_RETURN(state.gaps, nri.Integer("gaps"));
    SIGWARD_ASSIGN_OR_RETURN(state.runtime, OptionalString(nri, "runtime"));
    SIGWARD_ASSIGN_OR_RETURN(state.error, OptionalString(nri, "error"));
  }
  return base::Ok();
}

Result<StatusRecord> ParseStatus(std::string_view json) {
  SIGWARD_ASSIGN_OR_RETURN(const Json root, base::ParseStrictJson(json, kMaxRecordBytes));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(root, "status"));
  StatusRecord record;
  SIGWARD_ASSIGN_OR_RETURN(record.version, fields.String("version"));
  SIGWARD_ASSIGN_OR_RETURN(record.pid, fields.Integer("pid"));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields policy, Inside(fields, "policy"));
  SIGWARD_ASSIGN_OR_RETURN(record.policy.state, policy.String("state"));
  SIGWARD_ASSIGN_OR_RETURN(record.policy.generation, policy.Integer("generation"));
  SIGWARD_ASSIGN_OR_RETURN(record.policy.policies, policy.Integer("policies"));
  SIGWARD_ASSIGN_OR_RETURN(record.policy.source, policy.String("source"));
  SIGWARD_ASSIGN_OR_RETURN(record.policy.error, OptionalString(policy, "error"));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields remembered, Inside(fields, "remembered"));
  SIGWARD_ASSIGN_OR_RETURN(record.remembered, remembered.Integer("signatures"));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields evidence, Inside(fields, "evidence"));
  SIGWARD_ASSIGN_OR_RETURN(record.evidence.images, evidence.Integer("images"));
  SIGWARD_ASSIGN_OR_RETURN(record.evidence.bytes, evidence.Integer("bytes"));
  SIGWARD_RETURN_IF_ERROR(ParseCreateGate(fields, record));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields decisions, Inside(fields, "decisions"));
  SIGWARD_ASSIGN_OR_RETURN(record.decisions.allow, decisions.Integer("allow"));
  SIGWARD_ASSIGN_OR_RETURN(record.decisions.deny, decisions.Integer("deny"));
  SIGWARD_ASSIGN_OR_RETURN(record.decisions.undetermined, decisions.Integer("undetermined"));
  return record;
}

}  // namespace

Result<DecisionRecord> DecisionRecord::Parse(std::string_view json) {
  return AsProtocolError(ParseDecision(json));
}

Result<StatusRecord> StatusRecord::Parse(std::string_view json) {
  return AsProtocolError(ParseStatus(json));
}

ExitCode ExitCodeFor(Reason reason) {
  switch (reason) {
    case Reason::kNoSignature:
      return ExitCode::kNoSignature;
    case Reason::kBadSignature:
    case Reason::kDigestMismatch:
    case Reason::kMalformed:
    case Reason::kDuplicateKey:
    case Reason::kTooLarge:
    case Reason::kUnsupportedAlgorithm:
    case Reason::kUnsupportedFormat:
    case Reason::kWrongType:
    case Reason::kWeakKey:
    case Reason::kUntrustedCertificate:
    case Reason::kExpired:
    case Reason::kSctInvalid:
    case Reason::kNotLogged:
    case Reason::kLogMismatch:
    case Reason::kTimestampInvalid:
    case Reason::kNoTrustedTime:
    case Reason::kIdentityMismatch:
      return ExitCode::kNoneValid;
    case Reason::kNoMatchingPolicy:
    case Reason::kStaticFail:
    case Reason::kDenied:
    case Reason::kRootfsMismatch:
    case Reason::kRootfsUnprovable:
    case Reason::kRootfsModified:
    case Reason::kImageUnknown:
    case Reason::kRuntimeUnknown:
    case Reason::kCheckpointUnverified:
    case Reason::kInvalidArguments:
      return ExitCode::kRefusedByPolicy;
    case Reason::kInvalidReference:
    case Reason::kDescriptorMismatch:
    case Reason::kPolicyInvalid:
    case Reason::kPolicyUnavailable:
    case Reason::kUnauthorized:
    case Reason::kForbidden:
    case Reason::kNotFound:
    case Reason::kRateLimited:
    case Reason::kRegistryError:
    case Reason::kUnreachable:
    case Reason::kTlsFailed:
    case Reason::kEvidenceMissing:
    case Reason::kTimeout:
    case Reason::kOverloaded:
    case Reason::kWorkerFailed:
    case Reason::kGateUnreachable:
    case Reason::kProtocol:
    case Reason::kConfigInvalid:
    case Reason::kIoFailed:
    case Reason::kContainerdUnreachable:
    case Reason::kMetadataExpired:
    case Reason::kInternal:
      return ExitCode::kFailed;
  }
  return ExitCode::kFailed;
}

}  // namespace sigward::cli
