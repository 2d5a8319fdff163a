#include "cli/trust_root_repository.h"

#include <utility>

#include "base/rfc3339.h"
#include "base/text.h"
#include "cli/yaml_base64.h"
#include "verifier/tuf/target_path.h"

namespace sigward::cli {
namespace {

using policy::NamedTrustRoot;
using verifier::tuf::ExpiredMetadata;

constexpr std::size_t kMaxEncodedRoot = (verifier::tuf::kMaxRootBytes + 2) / 3 * 4;
/// The YAML around it is not longer.
constexpr std::size_t kMaxEncodedArchive = kMaxYamlBytes;

/// What both kinds have.
struct Location {
  /// Of the copy, for people.
  std::string place;
  std::string root;
  std::string targets;
  std::string target;
};

/// A path below the repository; FALLBACK where there is none.
std::optional<std::string> ReadPath(YamlFields& fields, std::string_view name,
                                    const char* fallback) {
  std::string path = fields.OptionalString(name).value_or(fallback);
  if (const auto fine = verifier::tuf::CheckTargetPath(path); !fine.ok()) {
    fields.Report(name, fine.error().detail);
    return std::nullopt;
  }
  return path;
}

std::optional<Location> ReadLocation(YamlFields& fields, std::string place) {
  auto root = ReadBase64(fields, "root", kMaxEncodedRoot);
  auto targets = ReadPath(fields, "targets", "targets");
  auto target = ReadPath(fields, "trustedRootTarget", "trusted_root.json");
  if (!root.has_value() || !targets.has_value() || !target.has_value()) {
    return std::nullopt;
  }
  return Location{std::move(place), *std::move(root), *std::move(targets), *std::move(target)};
}

/// The compiled policy has no memory of the repository, so that its time runs out is said here.
void WarnOfExpiry(const YamlFields& spec, std::string_view kind, const TufMirrors& mirrors,
                  const verifier::tuf::Expiry& expiry) {
  const std::string when = base::Rfc3339Text(expiry.when);
  spec.Warn(kind, mirrors.now < expiry.when
                      ? "the repository's " + expiry.file + " is valid until " + when +
                            "; the compiled policy keeps this trust root beyond that, until it "
                            "is compiled from a newer copy"
                      : "the repository's " + expiry.file + " expired at " + when +
                            " and is accepted by --accept-expired-trust-root; whoever keeps the "
                            "copy may be showing an old one");
}

std::optional<NamedTrustRoot> ReadFrom(const MirrorFile& mirror, const YamlFields& spec,
                                       std::string_view kind, const std::string& name,
                                       Location location, const TufMirrors& mirrors) {
  // A copy that is somewhere else would look like one that has no newer root than the given one,
  // which has often expired.
  const auto newest = mirror("timestamp.json", verifier::tuf::kMaxTimestampBytes);
  if (!newest.ok() || !newest->has_value()) {
    spec.Report(kind, newest.ok() ? "there is no timestamp.json in " + location.place +
                                        ": it is no copy of a TUF repository's metadata"
                                  : newest.error().detail);
    return std::nullopt;
  }
  const bool accept = mirrors.accept_expired.contains(name);
  auto target = ReadTarget(mirror, std::move(location.root), location.targets, location.target,
                           verifier::kMaxTrustedRootBytes, mirrors.now,
                           accept ? ExpiredMetadata::kAccept : ExpiredMetadata::kRefuse);
  if (!target.ok()) {
    const bool expired = target.error().reason == base::Reason::kMetadataExpired;
    spec.Report(kind, target.error().detail +
                          (expired ? "; take a newer copy of the repository, or, where there is "
                                     "none, compile with --accept-expired-trust-root " +
                                         base::OneLine(name, base::kMaxNameInError)
                                   : ""));
    return std::nullopt;
  }
  auto root = NamedTrustRoot::Of(target->bytes);
  if (!root.ok()) {
    spec.Report(kind, location.target + ": " + root.error().detail);
    return std::nullopt;
  }
  WarnOfExpiry(spec, kind, mirrors, target->expiry);
  return *std::move(root);
}

}  // namespace

std::optional<NamedTrustRoot> ReadRepository(YamlFields& spec, const std::string& name,
                                             const TufMirrors& mirrors) {
  auto fields = spec.Mapping("repository");
  if (!fields.has_value()) {
    return std::nullopt;
  }
  auto location = ReadLocation(*fields, "mirrorFS");
  const auto packed = ReadBase64(*fields, "mirrorFS", kMaxEncodedArchive);
  fields->NoOthers();
  if (!location.has_value() || !packed.has_value()) {
    return std::nullopt;
  }
  const auto mirror = MirrorInArchive(*packed);
  if (!mirror.ok()) {
    fields->Report("mirrorFS", mirror.error().detail);
    return std::nullopt;
  }
  return ReadFrom(*mirror, spec, "repository", name, *std::move(location), mirrors);
}

std::optional<NamedTrustRoot> ReadRemote(YamlFields& spec, const std::string& name,
                                         const TufMirrors& mirrors) {
  auto fields = spec.Mapping("remote");
  if (!fields.has_value()) {
    return std::nullopt;
  }
  const auto folder = mirrors.folders.find(name);
  auto location = ReadLocation(*fields, folder == mirrors.folders.end() ? "" : folder->second);
  const auto url = fields->String("mirror");
  fields->NoOthers();
  if (!location.has_value() || !url.has_value()) {
    return std::nullopt;
  }
  if (folder == mirrors.folders.end()) {
    spec.Report("remote",
                "nothing is downloaded here: give a copy of the mirror by `sigward policy compile "
                "--trust-root-mirror " +
                    base::OneLine(name, base::kMaxNameInError) + "=FOLDER`");
    return std::nullopt;
  }
  const auto mirror = MirrorInFolder(folder->second);
  if (!mirror.ok()) {
    spec.Report("remote", "--trust-root-mirror: " + mirror.error().detail);
    return std::nullopt;
  }
  return ReadFrom(*mirror, spec, "remote", name, *std::move(location), mirrors);
}

}  // namespace sigward::cli
