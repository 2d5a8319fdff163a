#include "plugin/standalone/standalone_config.h"

#include "base/config/config.h"
#include "base/strict_json.h"

namespace sigward {
namespace {

using base::Json;

/// TEXT as a basic string of TOML (v1.0.0, "String"): a string of JSON in ASCII, up to what JSON
/// writes as two surrogates and TOML refuses.
std::string Quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

}  // namespace

base::Result<std::string> StandaloneConfig(const std::string& hosts_dir,
                                           const std::string& auth_file) {
  // A configuration is a node's and names a policy; no worker reads that.
  std::string text =
      "[policy]\nsource = \"file:///nowhere\"\n[registry]\nhosts_dir = " + Quoted(hosts_dir) + "\n";
  if (!auth_file.empty()) {
    text += "auth_file = " + Quoted(auth_file) + "\n";
  }
  const auto config = ParseConfig(text, "options");
  if (!config.ok() || config->hosts_dir != hosts_dir || config->auth_file != auth_file) {
    return base::Fail(base::Reason::kConfigInvalid,
                      "a path is not fit for a configuration: " + hosts_dir +
                          (auth_file.empty() ? "" : " or " + auth_file));
  }
  return text;
}

base::Result<std::string> NodeConfig(const std::string& path) {
  SIGWARD_ASSIGN_OR_RETURN(std::string text, ReadConfigText(path));
  if (auto config = ParseConfig(text, path); !config.ok()) {
    return std::move(config).error();
  }
  return text;
}

}  // namespace sigward
