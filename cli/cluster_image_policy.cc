#include "cli/cluster_image_policy.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/authority.h"

namespace sigward::cli {
namespace {

using policy::Glob;
using policy::Policy;

/// The glob that was probably meant by one that is well-formed but fits no image, which is most
/// often a slip: images are matched with their host and their digest, and without their tag. Empty
/// when TEXT may fit one.
std::string BetterGlob(std::string_view text) {
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) {
    const bool fits = text == "*" || text.find("**") != std::string_view::npos;
    return fits ? "" : "docker.io/library/" + std::string(text.substr(0, text.find(':'))) + "@*";
  }
  const std::size_t special = text.find_first_of("*@:", slash);
  if (special != std::string_view::npos && text[special] != ':') {
    return "";
  }
  return std::string(text.substr(0, special)) + "@*";
}

std::optional<Glob> ReadGlob(YamlFields image) {
  const auto text = image.String("glob");
  image.NoOthers();
  if (!text.has_value()) {
    return std::nullopt;
  }
  auto glob = Glob::Parse(*text);
  if (!glob.ok()) {
    image.Report("glob", glob.error().detail);
    return std::nullopt;
  }
  if (const std::string better = BetterGlob(*text); !better.empty()) {
    image.Warn("glob",
               "matches no image: images are matched as registry/repository@digest; did you "
               "mean " +
                   Quoted(better) + "?");
  }
  return std::move(glob).value();
}

void ReadGlobs(YamlFields& spec, Policy& policy) {
  const auto* images = spec.List("images");
  if (images == nullptr) {
    return;
  }
  if (images->size() > policy::kMaxGlobsPerPolicy) {
    spec.Report("images", "more than " + std::to_string(policy::kMaxGlobsPerPolicy) + " entries");
    return;
  }
  for (std::size_t i = 0; i < images->size(); ++i) {
    if (auto glob = ReadGlob(spec.Element("images", *images, i))) {
      policy.globs.push_back(*std::move(glob));
    }
  }
}

void ReadAuthorities(YamlFields& spec, const AuthorityContext& context, Policy& policy) {
  const auto* authorities = spec.List("authorities");
  if (authorities == nullptr) {
    return;
  }
  if (authorities->size() > policy::kMaxAuthoritiesPerPolicy) {
    spec.Report("authorities",
                "more than " + std::to_string(policy::kMaxAuthoritiesPerPolicy) + " entries");
    return;
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < authorities->size(); ++i) {
    auto authority = ReadAuthority(spec.Element("authorities", *authorities, i), i, context);
    if (!authority.has_value()) {
      continue;
    }
    if (!names.insert(authority->name).second) {
      spec.Element("authorities", *authorities, i)
          .Report("name", "two authorities have the name " + Quoted(authority->name));
    }
    policy.authorities.push_back(*std::move(authority));
  }
}

void ReadMode(YamlFields& spec, Policy& policy) {
  const auto word = spec.OptionalString("mode");
  if (!word.has_value()) {
    return;
  }
  const auto mode = policy::ModeFromWord(*word);
  if (mode.has_value()) {
    policy.mode = *mode;
  } else {
    spec.Report("mode", "unsupported mode " + Quoted(*word) + "; expected enforce or warn");
  }
}

/// One annotation of sigward's own whose value is one of two words.
void ReadWord(YamlFields& annotations, std::string_view name, std::string_view off,
              std::string_view on, bool& place) {
  const auto word = annotations.String(name);
  if (word.has_value() && *word != on && *word != off) {
    annotations.Report(name,
                       "expected \"" + std::string(on) + "\" or \"" + std::string(off) + "\"");
    return;
  }
  place = word == on;
}

/// sigward's own switches, which ClusterImagePolicy has no fields for: annotations. One that is
/// mistyped must not go unnoticed.
void ReadSwitches(YamlFields& document, Policy& policy, bool& identity_wildcards) {
  constexpr std::string_view kPrefix = "sigward.dev/";
  auto metadata = document.Mapping("metadata");
  if (!metadata.has_value() || !metadata->Has("annotations")) {
    return;
  }
  auto annotations = metadata->Mapping("annotations");
  if (!annotations.has_value()) {
    return;
  }
  for (const std::string& name : annotations->NamesUnder(kPrefix)) {
    if (name == "sigward.dev/accept-unprovable-rootfs") {
      ReadWord(*annotations, name, "false", "true", policy.accept_unprovable_rootfs);
    } else if (name == "sigward.dev/refuse-modified-rootfs") {
      ReadWord(*annotations, name, "false", "true", policy.refuse_modified_rootfs);
    } else if (name == "sigward.dev/identity-wildcards") {
      ReadWord(*annotations, name, "literal", "glob", identity_wildcards);
    } else {
      annotations->Report(name,
                          "unknown switch; expected sigward.dev/accept-unprovable-rootfs, "
                          "sigward.dev/refuse-modified-rootfs or sigward.dev/identity-wildcards");
    }
  }
}

}  // namespace

std::optional<std::string> ReadMetadataName(YamlFields& document) {
  auto metadata = document.Mapping("metadata");
  if (!metadata.has_value()) {
    return std::nullopt;
  }
  auto name = metadata->String("name");
  metadata->Ignore({"namespace", "labels", "annotations", "creationTimestamp", "uid",
                    "resourceVersion", "generation", "managedFields", "selfLink", "finalizers",
                    "ownerReferences"});
  metadata->NoOthers();
  if (name.has_value()) {
    if (const auto fit = policy::CheckPolicyName(*name); !fit.ok()) {
      metadata->Report("name", Quoted(*name) + " is " + fit.error().detail);
      return std::nullopt;
    }
  }
  return name;
}

std::optional<Policy> ReadClusterImagePolicy(YamlFields& document, AuthorityContext context) {
  Policy policy;
  const auto name = ReadMetadataName(document);
  policy.name = name.value_or("");
  if (name.has_value()) {
    ReadSwitches(document, policy, context.identity_wildcards);
  }
  auto spec = document.Mapping("spec");
  document.Ignore({"status"});
  document.NoOthers();
  if (!spec.has_value()) {
    return std::nullopt;
  }
  ReadGlobs(*spec, policy);
  ReadAuthorities(*spec, context, policy);
  ReadMode(*spec, policy);
  spec->NotSupported({"match", "policy"});
  spec->NoOthers();
  if (!name.has_value() || policy.globs.empty() || policy.authorities.empty()) {
    return std::nullopt;
  }
  return policy;
}

}  // namespace sigward::cli
