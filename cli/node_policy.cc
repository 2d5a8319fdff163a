#include "cli/node_policy.h"

#include <set>
#include <string>

#include "cli/cluster_image_policy.h"

namespace sigward::cli {
namespace {

std::set<verifier::Digest> ReadDigests(YamlFields& spec, std::string_view name) {
  std::set<verifier::Digest> digests;
  for (const auto& [text, line] : spec.OptionalStrings(name)) {
    auto digest = verifier::Digest::Parse(text);
    if (digest.ok()) {
      digests.insert(*std::move(digest));
    } else {
      spec.Report(name, digest.error().detail + " (line " + std::to_string(line) + ")");
    }
  }
  return digests;
}

}  // namespace

policy::NodeRules ReadNodePolicy(YamlFields& document) {
  policy::NodeRules rules;
  (void)ReadMetadataName(document);
  auto spec = document.Mapping("spec");
  document.NoOthers();
  if (spec.has_value()) {
    rules.floor = ReadDigests(*spec, "floor");
    rules.deny = ReadDigests(*spec, "deny");
    rules.stop_running = spec->OptionalBool("stopRunning");
    spec->NoOthers();
  }
  return rules;
}

}  // namespace sigward::cli
