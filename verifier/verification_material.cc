#include "verifier/verification_material.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "verifier/bundle.h"
#include "verifier/evidence.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;
using base::Result;
using base::Status;

constexpr std::size_t kMaxNameInError = 64;

base::Error Malformed(std::string_view where, std::string_view what) {
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
Result<std::int64_t> ReadInt64(const Json& value, std::string_view where) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(INT64_MAX)) {
      return Malformed(where, "is beyond 64 bits");
    }
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) {
    return value.get<std::int64_t>();
  }
  SIGWARD_RETURN_IF_ERROR(CheckString(value, where));
  const auto& text = value.get_ref<const std::string&>();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Malformed(where, "is not an integer");
  }
  return number;
}

Status CheckInt64(const Json& value, std::string_view where) {
  SIGWARD_RETURN_IF_ERROR(ReadInt64(value, where));
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

/// Which entry of which log: the log's id, whose base64 has one spelling, and the index. What is
/// absent has its type's default, as everywhere in proto3.
using EntryName = std::pair<std::string, std::int64_t>;

Result<EntryName> NameOf(const Json& entry) {
  EntryName name;
  if (const auto id = entry.find("logId"); id != entry.end() && id->contains("keyId")) {
    name.first = id->at("keyId").get_ref<const std::string&>();
  }
  if (const auto index = entry.find("logIndex"); index != entry.end()) {
    SIGWARD_ASSIGN_OR_RETURN(name.second, ReadInt64(*index, "logIndex"));
  }
  return name;
}

/// True when the object MEMBER of OBJECT holds a TEXT that says something.
bool HasText(const Json& object, const char* member, const char* text) {
  const auto found = object.find(member);
  return found != object.end() && found->contains(text) &&
         !found->at(text).get_ref<const std::string&>().empty();
}

/// What a version demands of entries whose shape is checked.
Status CheckEntriesBy(BundleVersion version, const Json& entries) {
  std::set<EntryName> seen;
  for (const Json& entry : entries) {
    const auto proof = entry.find("inclusionProof");
    if (version == BundleVersion::kV01 &&
        !HasText(entry, "inclusionPromise", "signedEntryTimestamp")) {
      return Malformed("tlogEntries", "has an entry without an inclusion promise");
    }
    if (version != BundleVersion::kV01 && proof == entry.end()) {
      return Malformed("tlogEntries", "has an entry without an inclusion proof");
    }
    if (proof != entry.end() && !HasText(*proof, "checkpoint", "envelope")) {
      return Malformed("inclusionProof", "has no checkpoint");
    }
    SIGWARD_ASSIGN_OR_RETURN(EntryName name, NameOf(entry));
    if (!seen.insert(std::move(name)).second) {
      return Malformed("tlogEntries", "names one entry of a log twice");
    }
  }
  return base::Ok();
}

}  // namespace

Status CheckVerificationMaterial(const Json& material, BundleVersion version) {
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
  SIGWARD_RETURN_IF_ERROR(CheckMessage(material, kWhere, kFields));
  const auto entries = material.find("tlogEntries");
  return entries == material.end() ? base::Ok() : CheckEntriesBy(version, *entries);
}

}  // namespace sigward::verifier
