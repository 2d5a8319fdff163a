#include "verifier/verification_material.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "base/text.h"
#include "verifier/bundle.h"
#include "verifier/evidence.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;
using base::Status;

constexpr std::size_t kMaxNameInError = 64;

Status Malformed(std::string_view where, std::string_view what) {
  return base::Fail(Reason::kMalformed, std::string(where) + " " + std::string(what));
}

using Check = Status (*)(const Json& value, std::string_view where);

/// One field of a protobuf message in its JSON form, where every field may be absent.
struct Field {
  std::string_view name;
  Check check;
};

Status CheckMessage(const Json& value, std::string_view where, std::span<const Field> fields) {
  if (!value.is_object()) {
    return Malformed(where, "is not an object");
  }
  for (const auto& member : value.items()) {
    const std::string& name = member.key();
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
    if (field == fields.end()) {
      return Malformed(where, "has an unknown field " + base::OneLine(name, kMaxNameInError));
    }
    SIGWARD_RETURN_IF_ERROR(field->check(member.value(), field->name));
  }
  return base::Ok();
}

Status CheckRepeated(const Json& value, std::string_view where, std::size_t max, Check check) {
  if (!value.is_array()) {
    return Malformed(where, "is not an array");
  }
  if (value.size() > max) {
    return base::Fail(Reason::kTooLarge,
                      std::string(where) + " has more than " + std::to_string(max) + " elements");
  }
  for (const Json& element : value) {
    SIGWARD_RETURN_IF_ERROR(check(element, where));
  }
  return base::Ok();
}

Status CheckString(const Json& value, std::string_view where) {
  return value.is_string() ? base::Ok() : Malformed(where, "is not a string");
}

Status CheckBytes(const Json& value, std::string_view where) {
  SIGWARD_RETURN_IF_ERROR(CheckString(value, where));
  if (!base::DecodeBase64(value.get_ref<const std::string&>(), kMaxBundleBytes).ok()) {
    return Malformed(where, "is not base64");
  }
  return base::Ok();
}

/// An int64 is a string in proto3 JSON; readers take a number too.
Status CheckInt64(const Json& value, std::string_view where) {
  if (value.is_number_unsigned()) {
    return value.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX)
               ? base::Ok()
               : Malformed(where, "is beyond 64 bits");
  }
  if (value.is_number_integer()) {
    return base::Ok();
  }
  SIGWARD_RETURN_IF_ERROR(CheckString(value, where));
  const auto& text = value.get_ref<const std::string&>();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Malformed(where, "is not an integer");
  }
  return base::Ok();
}

Status CheckLogId(const Json& value, std::string_view where) {
  static constexpr std::array<Field, 1> kFields = {{{"keyId", CheckBytes}}};
  return CheckMessage(value, where, kFields);
}

Status CheckKindVersion(const Json& value, std::string_view where) {
  static constexpr std::array<Field, 2> kFields = {
      {{"kind", CheckString}, {"version", CheckString}}};
  return CheckMessage(value, where, kFields);
}

Status CheckInclusionPromise(const Json& value, std::string_view where) {
  static constexpr std::array<Field, 1> kFields = {{{"signedEntryTimestamp", CheckBytes}}};
  return CheckMessage(value, where, kFields);
}

Status CheckCheckpoint(const Json& value, std::string_view where) {
  static constexpr std::array<Field, 1> kFields = {{{"envelope", CheckString}}};
  return CheckMessage(value, where, kFields);
}

Status CheckHashes(const Json& value, std::string_view where) {
  return CheckRepeated(value, where, kMaxProofHashes, CheckBytes);
}

Status CheckInclusionProof(const Json& value, std::string_view where) {
  static constexpr std::array<Field, 5> kFields = {{{"logIndex", CheckInt64},
                                                    {"rootHash", CheckBytes},
                                                    {"treeSize", CheckInt64},
                                                    {"hashes", CheckHashes},
                                                    {"checkpoint", CheckCheckpoint}}};
  return CheckMessage(value, where, kFields);
}

Status CheckLogEntry(const Json& value, std::string_view where) {
  static constexpr std::array<Field, 7> kFields = {{{"logIndex", CheckInt64},
                                                    {"logId", CheckLogId},
                                                    {"kindVersion", CheckKindVersion},
                                                    {"integratedTime", CheckInt64},
                                                    {"inclusionPromise", CheckInclusionPromise},
                                                    {"inclusionProof", CheckInclusionProof},
                                                    {"canonicalizedBody", CheckBytes}}};
  return CheckMessage(value, where, kFields);
}

Status CheckLogEntries(const Json& value, std::string_view where) {
  return CheckRepeated(value, where, kMaxLogEntries, CheckLogEntry);
}

Status CheckTimestamp(const Json& value, std::string_view where) {
  static constexpr std::array<Field, 1> kFields = {{{"signedTimestamp", CheckBytes}}};
  return CheckMessage(value, where, kFields);
}

Status CheckTimestamps(const Json& value, std::string_view where) {
  return CheckRepeated(value, where, kMaxTimestamps, CheckTimestamp);
}

Status CheckTimestampData(const Json& value, std::string_view where) {
  static constexpr std::array<Field, 1> kFields = {{{"rfc3161Timestamps", CheckTimestamps}}};
  return CheckMessage(value, where, kFields);
}

Status CheckPublicKey(const Json& value, std::string_view where) {
  static constexpr std::array<Field, 1> kFields = {{{"hint", CheckString}}};
  return CheckMessage(value, where, kFields);
}

}  // namespace

Status CheckVerificationMaterial(const Json& material) {
  constexpr std::string_view kWhere = "verificationMaterial";
  static constexpr std::array<Field, 3> kFields = {
      {{"publicKey", CheckPublicKey},
       {"tlogEntries", CheckLogEntries},
       {"timestampVerificationData", CheckTimestampData}}};
  if (!material.is_object()) {
    return Malformed(kWhere, "is not an object");
  }
  const bool has_key = material.contains("publicKey");
  if (material.contains("certificate") || material.contains("x509CertificateChain")) {
    return has_key ? Malformed(kWhere, "holds a key and a certificate at once")
                   : base::Fail(Reason::kUnsupportedFormat,
                                "the bundle is signed with a certificate, not with a key");
  }
  if (!has_key) {
    return Malformed(kWhere, "holds no public key");
  }
  return CheckMessage(material, kWhere, kFields);
}

}  // namespace sigward::verifier
