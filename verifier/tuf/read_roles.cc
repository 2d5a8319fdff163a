#include "verifier/tuf/read_roles.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "base/ascii.h"
#include "base/json_fields.h"
#include "base/rfc3339.h"
#include "base/text.h"

namespace sigward::verifier::tuf {
namespace {

using base::Json;
using base::JsonFields;
using base::Reason;
using base::Result;
using base::Status;

base::Error Malformed(const std::string& where, std::string_view what) {
  return base::Fail(Reason::kMalformed, where + " " + std::string(what));
}

Result<std::uint64_t> Number(JsonFields& fields, std::string_view name, std::int64_t least) {
  SIGWARD_ASSIGN_OR_RETURN(const std::int64_t number, fields.Integer(name));
  if (number < least) {
    return Malformed(fields.where(), std::string(name) + " is below " + std::to_string(least));
  }
  return static_cast<std::uint64_t>(number);
}

Result<JsonFields> Member(JsonFields& parent, std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* value, parent.Object(name));
  return JsonFields::Of(*value, parent.where() + "." + std::string(name));
}

/// 1.x or 1.x.y in digits (TUF §4.3, SPEC_VERSION).
bool IsSpecVersion1(std::string_view text) {
  std::size_t dots = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool after_digit = i > 0 && text[i - 1] != '.';
    if (text[i] == '.' ? !after_digit : text[i] < '0' || text[i] > '9') {
      return false;
    }
    dots += text[i] == '.' ? 1U : 0U;
  }
  return text.starts_with("1.") && !text.ends_with('.') && dots <= 2;
}

/// What all roles have.
Result<JsonFields> ReadHead(const Json& content, const std::string& name, Role role,
                            std::uint64_t& version, Time& expires) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(content, name));
  SIGWARD_ASSIGN_OR_RETURN(const std::string type, fields.String("_type"));
  if (type != RoleName(role)) {
    return Malformed(name, "has the type " + base::OneLine(type, base::kMaxNameInError) +
                               " and not " + std::string(RoleName(role)));
  }
  SIGWARD_ASSIGN_OR_RETURN(const std::string spec, fields.String("spec_version"));
  if (!IsSpecVersion1(spec)) {
    return base::Fail(
        Reason::kUnsupportedFormat,
        name + " is of TUF " + base::OneLine(spec, base::kMaxNameInError) + "; only 1.x is read");
  }
  SIGWARD_ASSIGN_OR_RETURN(version, Number(fields, "version", 1));
  SIGWARD_ASSIGN_OR_RETURN(const std::string text, fields.String("expires"));
  // Sigstore's first roots have fractions and offsets. A fraction is dropped: never later than
  // written.
  const Result<base::Rfc3339Time> time = base::ParseRfc3339(text);
  if (!time.ok()) {
    return Malformed(name, "expires is " + time.error().detail);
  }
  expires = time->seconds;
  return fields;
}

Result<KeyRing> ReadKeys(JsonFields& parent) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* keys, parent.Object("keys"));
  if (keys->size() > kMaxKeys) {
    return base::Fail(Reason::kTooLarge,
                      parent.where() + " has more than " + std::to_string(kMaxKeys) + " keys");
  }
  KeyRing ring;
  for (const auto& [key_id, value] : keys->get_ref<const Json::object_t&>()) {
    SIGWARD_ASSIGN_OR_RETURN(
        JsonFields fields, JsonFields::Of(value, parent.where() + ".keys." +
                                                     base::OneLine(key_id, base::kMaxNameInError)));
    SIGWARD_ASSIGN_OR_RETURN(ring[key_id], ReadKey(std::move(fields)));
  }
  return ring;
}

Result<RoleRule> ReadRule(JsonFields& fields) {
  RoleRule rule;
  SIGWARD_ASSIGN_OR_RETURN(rule.threshold, Number(fields, "threshold", 1));
  SIGWARD_ASSIGN_OR_RETURN(const Json* key_ids, fields.Array("keyids"));
  if (key_ids->size() > kMaxRoleKeys) {
    return base::Fail(Reason::kTooLarge, fields.where() + " has more than " +
                                             std::to_string(kMaxRoleKeys) + " key ids");
  }
  for (const Json& value : *key_ids) {
    if (!value.is_string()) {
      return Malformed(fields.where(), "has a key id that is not a string");
    }
    const auto& key_id = value.get_ref<const std::string&>();
    if (std::find(rule.key_ids.begin(), rule.key_ids.end(), key_id) != rule.key_ids.end()) {
      return Malformed(fields.where(),
                       "has the key id " + base::OneLine(key_id, base::kMaxNameInError) + " twice");
    }
    rule.key_ids.push_back(key_id);
  }
  return rule;
}

/// Length and hashes, each where it is there. A hash by another algorithm than SHA-256 and SHA-512
/// says nothing, and one of those two must be beside it.
Result<ListedFile> ReadListed(JsonFields& fields) {
  ListedFile file;
  if (fields.Has("length")) {
    SIGWARD_ASSIGN_OR_RETURN(file.length, Number(fields, "length", 0));
  }
  if (!fields.Has("hashes")) {
    return file;
  }
  SIGWARD_ASSIGN_OR_RETURN(const JsonFields hashes, Member(fields, "hashes"));
  JsonFields reader = hashes;
  for (const std::string_view algorithm : {"sha256", "sha512"}) {
    if (!reader.Has(algorithm)) {
      continue;
    }
    SIGWARD_ASSIGN_OR_RETURN(const std::string hex, reader.String(algorithm));
    auto digest = Digest::Parse(std::string(algorithm) + ":" + base::LowerCase(hex));
    if (!digest.ok()) {
      return Malformed(hashes.where(),
                       "has something else than a hash by " + std::string(algorithm));
    }
    file.digests.push_back(*std::move(digest));
  }
  if (file.digests.empty()) {
    return base::Fail(Reason::kUnsupportedAlgorithm,
                      hashes.where() + " has neither sha256 nor sha512");
  }
  return file;
}

Result<ListedMetadata> ReadListedMetadata(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  ListedMetadata listed;
  SIGWARD_ASSIGN_OR_RETURN(listed.version, Number(fields, "version", 1));
  SIGWARD_ASSIGN_OR_RETURN(listed.file, ReadListed(fields));
  return listed;
}

std::string NameIn(const std::string& where, std::string_view name) {
  return where + "." + base::OneLine(name, base::kMaxNameInError);
}

Status CheckName(const std::string& where, std::string_view name) {
  if (name.empty()) {
    return Malformed(where, "has an empty name");
  }
  if (name.size() > kMaxPathBytes) {
    return base::Fail(Reason::kTooLarge, where + " has a name longer than " +
                                             std::to_string(kMaxPathBytes) + " bytes");
  }
  return base::Ok();
}

Result<std::vector<std::string>> ReadStrings(JsonFields& fields, std::string_view name) {
  std::vector<std::string> out;
  if (!fields.Has(name)) {
    return out;
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* values, fields.Array(name));
  for (const Json& value : *values) {
    if (!value.is_string()) {
      return Malformed(fields.where(), std::string(name) + " holds something else than strings");
    }
    out.push_back(value.get_ref<const std::string&>());
    SIGWARD_RETURN_IF_ERROR(CheckName(fields.where(), out.back()));
  }
  return out;
}

Result<Delegation> ReadDelegation(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  Delegation delegation;
  SIGWARD_ASSIGN_OR_RETURN(delegation.name, fields.String("name"));
  SIGWARD_RETURN_IF_ERROR(CheckName(where, delegation.name));
  SIGWARD_ASSIGN_OR_RETURN(delegation.rule, ReadRule(fields));
  // TUF's own example leaves it out.
  if (fields.Has("terminating")) {
    SIGWARD_ASSIGN_OR_RETURN(delegation.terminating, fields.Boolean("terminating"));
  }
  if (fields.Has("paths") == fields.Has("path_hash_prefixes")) {
    return Malformed(where, "has not exactly one of paths and path_hash_prefixes");
  }
  SIGWARD_ASSIGN_OR_RETURN(delegation.path_patterns, ReadStrings(fields, "paths"));
  SIGWARD_ASSIGN_OR_RETURN(delegation.path_hash_prefixes,
                           ReadStrings(fields, "path_hash_prefixes"));
  return delegation;
}

Status ReadDelegations(JsonFields& fields, Targets& targets) {
  if (!fields.Has("delegations")) {
    return base::Ok();
  }
  SIGWARD_ASSIGN_OR_RETURN(JsonFields delegations, Member(fields, "delegations"));
  SIGWARD_ASSIGN_OR_RETURN(targets.keys, ReadKeys(delegations));
  targets.has_hash_bins = delegations.Has("succinct_roles");
  if (!delegations.Has("roles") && targets.has_hash_bins) {
    return base::Ok();
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* roles, delegations.Array("roles"));
  std::set<std::string, std::less<>> names;
  for (const Json& value : *roles) {
    SIGWARD_ASSIGN_OR_RETURN(Delegation delegation,
                             ReadDelegation(value, delegations.where() + ".roles[" +
                                                       std::to_string(names.size()) + "]"));
    if (!names.insert(delegation.name).second) {
      return Malformed(delegations.where(), "delegates to one role twice");
    }
    // The top-level roles' names are theirs.
    for (const Role role : {Role::kRoot, Role::kTimestamp, Role::kSnapshot, Role::kTargets}) {
      if (delegation.name == RoleName(role)) {
        return Malformed(delegations.where(), "delegates to a top-level role");
      }
    }
    targets.delegations.push_back(std::move(delegation));
  }
  return base::Ok();
}

}  // namespace

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kRoot:
      return "root";
    case Role::kTimestamp:
      return "timestamp";
    case Role::kSnapshot:
      return "snapshot";
    case Role::kTargets:
      return "targets";
  }
  base::AbortOnMisuse("unknown role");
}

Result<Root> ReadRoot(const SignedDocument& document) {
  Root root;
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, ReadHead(document.claimed(), document.name(),
                                                       Role::kRoot, root.version, root.expires));
  if (fields.Has("consistent_snapshot")) {
    SIGWARD_ASSIGN_OR_RETURN(root.consistent_snapshot, fields.Boolean("consistent_snapshot"));
  }
  SIGWARD_ASSIGN_OR_RETURN(root.keys, ReadKeys(fields));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields roles, Member(fields, "roles"));
  for (const Role role : {Role::kRoot, Role::kTimestamp, Role::kSnapshot, Role::kTargets}) {
    SIGWARD_ASSIGN_OR_RETURN(JsonFields rule, Member(roles, RoleName(role)));
    SIGWARD_ASSIGN_OR_RETURN(root.rules[static_cast<std::size_t>(role)], ReadRule(rule));
  }
  return root;
}

Result<Timestamp> ReadTimestamp(const VerifiedDocument& document) {
  Timestamp timestamp;
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields,
                           ReadHead(document.content(), document.name(), Role::kTimestamp,
                                    timestamp.version, timestamp.expires));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields meta, Member(fields, "meta"));
  SIGWARD_ASSIGN_OR_RETURN(const Json* snapshot, meta.Object("snapshot.json"));
  SIGWARD_ASSIGN_OR_RETURN(timestamp.snapshot,
                           ReadListedMetadata(*snapshot, meta.where() + ".snapshot.json"));
  return timestamp;
}

Result<Snapshot> ReadSnapshot(const VerifiedDocument& document) {
  Snapshot snapshot;
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields,
                           ReadHead(document.content(), document.name(), Role::kSnapshot,
                                    snapshot.version, snapshot.expires));
  SIGWARD_ASSIGN_OR_RETURN(const Json* meta, fields.Object("meta"));
  const std::string where = fields.where() + ".meta";
  for (const auto& [name, value] : meta->get_ref<const Json::object_t&>()) {
    SIGWARD_RETURN_IF_ERROR(CheckName(where, name));
    SIGWARD_ASSIGN_OR_RETURN(ListedMetadata listed, ReadListedMetadata(value, NameIn(where, name)));
    snapshot.files.emplace(name, std::move(listed));
  }
  if (!snapshot.files.contains("targets.json")) {
    return Malformed(where, "does not list targets.json");
  }
  return snapshot;
}

Result<Targets> ReadTargets(const VerifiedDocument& document) {
  Targets targets;
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields,
                           ReadHead(document.content(), document.name(), Role::kTargets,
                                    targets.version, targets.expires));
  SIGWARD_ASSIGN_OR_RETURN(const Json* files, fields.Object("targets"));
  const std::string where = fields.where() + ".targets";
  for (const auto& [path, value] : files->get_ref<const Json::object_t&>()) {
    SIGWARD_RETURN_IF_ERROR(CheckName(where, path));
    SIGWARD_ASSIGN_OR_RETURN(JsonFields target, JsonFields::Of(value, NameIn(where, path)));
    SIGWARD_ASSIGN_OR_RETURN(ListedFile listed, ReadListed(target));
    if (!listed.length || listed.digests.empty()) {
      return Malformed(target.where(), "has no length or no hashes");
    }
    targets.files.emplace(path, std::move(listed));
  }
  SIGWARD_RETURN_IF_ERROR(ReadDelegations(fields, targets));
  return targets;
}

}  // namespace sigward::verifier::tuf
