#include "cli/policy_config.h"

#include "base/text.h"
#include "cli/cluster_image_policy.h"

namespace sigward::cli {
namespace {

void ReadNoMatch(YamlFields& data, PolicyConfig& config) {
  const auto word = data.OptionalString("no-match-policy");
  if (!word.has_value()) {
    return;
  }
  const auto no_match = policy::NoMatchFromWord(*word);
  if (no_match.has_value()) {
    config.no_match = *no_match;
  } else {
    data.Warn("no-match-policy", "unknown value \"" + base::OneLine(*word, base::kMaxNameInError) +
                                     "\" is taken for deny; expected deny, warn or allow");
  }
}

void ReadTransparencyUrl(YamlFields& data, PolicyConfig& config) {
  const auto url = data.OptionalString("transparency-url");
  if (!url.has_value()) {
    return;
  }
  if (const auto fit = policy::CheckTransparencyUrl(*url); fit.ok()) {
    config.transparency_url = *url;
  } else {
    data.Report("transparency-url", fit.error().detail);
  }
}

}  // namespace

PolicyConfig ReadPolicyConfig(YamlFields& document) {
  PolicyConfig config;
  const auto name = ReadMetadataName(document);
  if (name.has_value() && *name != "config-policy-controller" &&
      *name != "policy-controller-config") {
    document.Report("metadata", "ConfigMap " + *name +
                                    " is not for policies; expected config-policy-controller or "
                                    "policy-controller-config");
  }
  document.Ignore({"immutable"});
  document.NotSupported({"binaryData"});
  if (document.Has("data")) {
    if (auto data = document.Mapping("data")) {
      ReadNoMatch(*data, config);
      ReadTransparencyUrl(*data, config);
      data->NotSupported({"fail-on-empty-authorities", "enable-oci11"});
      // The comment that controllers of this family ship in their ConfigMaps.
      data->Ignore({"_example"});
      data->NoOthers();
    }
  }
  document.Ignore({"data"});
  document.NoOthers();
  return config;
}

}  // namespace sigward::cli
