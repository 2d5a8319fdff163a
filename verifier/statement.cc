#include "verifier/statement.h"

#include <algorithm>

#include "base/json_fields.h"
#include "base/text.h"
#include "verifier/dsse.h"
#include "verifier/member_names.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::JsonFields;
using base::Reason;

constexpr std::string_view kStatementV01 = "https://in-toto.io/Statement/v0.1";
constexpr std::string_view kStatementV1 = "https://in-toto.io/Statement/v1";
constexpr std::size_t kMaxTypeInError = 96;

base::Error WrongType(const char* what, std::string_view type) {
  return base::Fail(Reason::kWrongType,
                    std::string(what) + " \"" + base::OneLine(type, kMaxTypeInError) + "\"");
}

base::Status AppendDigests(const Json& subject, std::vector<std::string>& out) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(subject, "subject"));
  SIGWARD_RETURN_IF_ERROR(RefuseLookAlikes(subject, "subject", {"digest"}));
  if (const Json* digest = fields.Find("digest"); digest == nullptr || digest->is_null()) {
    return base::Ok();
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* digests, fields.Object("digest"));
  if (digests->size() > kMaxSubjectDigests) {
    return base::Fail(Reason::kTooLarge,
                      "a subject has more than " + std::to_string(kMaxSubjectDigests) + " digests");
  }
  for (const auto& [algorithm, value] : digests->items()) {
    if (!value.is_string()) {
      return base::Fail(Reason::kMalformed, "a subject's digest is not a string");
    }
    out.push_back(algorithm + ":" + value.get_ref<const std::string&>());
  }
  return base::Ok();
}

}  // namespace

bool Statement::NamesSubject(const Digest& digest) const {
  return std::find(subject_digests.begin(), subject_digests.end(), digest.text()) !=
         subject_digests.end();
}

base::Result<Statement> ParseStatement(const SignedBytes& encoding, std::size_t max_bytes,
                                       std::size_t max_values) {
  SIGWARD_ASSIGN_OR_RETURN(const SignedPayload signed_payload, ReadSignedPayload(encoding));
  if (signed_payload.type != kInTotoPayloadType) {
    return WrongType("the signed payload's type is", signed_payload.type);
  }
  SIGWARD_ASSIGN_OR_RETURN(
      const Json document,
      base::ParseStrictJson(base::AsText(signed_payload.payload), max_bytes, max_values));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(document, "statement"));
  SIGWARD_RETURN_IF_ERROR(
      RefuseLookAlikes(document, "statement", {"_type", "subject", "predicateType", "predicate"}));
  SIGWARD_ASSIGN_OR_RETURN(const std::string type, fields.String("_type"));
  if (type != kStatementV01 && type != kStatementV1) {
    return WrongType("the statement's type is", type);
  }
  Statement out;
  SIGWARD_ASSIGN_OR_RETURN(out.predicate_type, fields.String("predicateType"));
  SIGWARD_ASSIGN_OR_RETURN(const Json* subjects, fields.Array("subject"));
  if (subjects->empty()) {
    return base::Fail(Reason::kMalformed, "the statement has no subject");
  }
  if (subjects->size() > kMaxSubjects) {
    return base::Fail(Reason::kTooLarge,
                      "the statement has more than " + std::to_string(kMaxSubjects) + " subjects");
  }
  for (const Json& subject : *subjects) {
    SIGWARD_RETURN_IF_ERROR(AppendDigests(subject, out.subject_digests));
  }
  return out;
}

}  // namespace sigward::verifier
