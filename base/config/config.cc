#include "base/config/config.h"

#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "base/config/toml.h"
#include "base/config/toml_text.h"
#include "base/files.h"

namespace sigward {
namespace {

using base::Fail;
using base::Reason;

constexpr std::string_view kFileScheme = "file://";
constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

/// Takes one value into a Config, or says what was expected in its place.
using Setter = std::function<std::optional<std::string>(Config&, const toml::node&)>;

std::optional<std::string> AbsolutePath(const toml::node& node, std::string& out) {
  const auto value = node.value_exact<std::string>();
  if (!value.has_value() || !value->starts_with('/') || value->find('\0') != std::string::npos) {
    return "expected an absolute path in quotes";
  }
  out = *value;
  return std::nullopt;
}

/// An absolute path that is compared with others: in the one spelling that they have.
std::optional<std::string> CleanPath(const toml::node& node, std::string& out) {
  if (auto expected = AbsolutePath(node, out)) {
    return expected;
  }
  if (out != std::filesystem::path(out).lexically_normal().string() || out.ends_with('/')) {
    return "expected an absolute path without \"..\", \".\", \"//\" or a slash at its end";
  }
  return std::nullopt;
}

std::optional<std::string> SocketPath(const toml::node& node, std::string& out) {
  if (auto expected = AbsolutePath(node, out)) {
    return expected;
  }
  const std::size_t longest_name = std::string_view("/credentiald.sock").size();
  if (out.rfind('/') == 0 || out.ends_with('/') || out.rfind('/') + longest_name > kMaxSocketPath ||
      out.size() > kMaxSocketPath) {
    return "expected the path of a socket in a folder of its own, at most " +
           std::to_string(kMaxSocketPath) + " bytes";
  }
  return std::nullopt;
}

std::optional<std::string> FileUrl(const toml::node& node, std::string& out) {
  const auto value = node.value_exact<std::string>();
  if (!value.has_value() || !value->starts_with("file:///") || value->size() == 8) {
    return R"(expected "file:///ABSOLUTE/PATH" (other sources are not supported yet))";
  }
  out = value->substr(kFileScheme.size());
  return std::nullopt;
}

std::optional<std::string> Seconds(const toml::node& node, std::chrono::seconds& out) {
  const std::string expected = "expected whole seconds from " +
                               std::to_string(kMinPullDeadline.count()) + " to " +
                               std::to_string(kMaxPullDeadline.count()) + R"(, like "8s")";
  const auto value = node.value_exact<std::string>();
  if (!value.has_value() || value->size() < 2 || value->size() > 3 || value->back() != 's') {
    return expected;
  }
  int seconds = 0;
  for (const char digit : value->substr(0, value->size() - 1)) {
    if (digit < '0' || digit > '9') {
      return expected;
    }
    seconds = seconds * 10 + (digit - '0');
  }
  out = std::chrono::seconds(seconds);
  return out < kMinPullDeadline || out > kMaxPullDeadline ? std::optional(expected) : std::nullopt;
}

std::optional<std::string> PathOrNothing(const toml::node& node, std::string& out) {
  if (const auto value = node.value_exact<std::string>(); value.has_value() && value->empty()) {
    out.clear();
    return std::nullopt;
  }
  if (AbsolutePath(node, out).has_value()) {
    return R"(expected an absolute path in quotes, or "" for none)";
  }
  return std::nullopt;
}

std::optional<std::string> TwoDigits(const toml::node& node, std::string& out) {
  const auto value = node.value_exact<std::string>();
  if (!value.has_value() || value->size() != 2 ||
      value->find_first_not_of("0123456789") != std::string::npos) {
    return R"(expected two digits in quotes, like "10")";
  }
  out = *value;
  return std::nullopt;
}

constexpr std::size_t kMaxHostNameBytes = 253;
constexpr std::size_t kMaxLabelBytes = 63;
constexpr int kMaxPort = 65535;

bool IsLabel(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabelBytes && label.front() != '-' &&
         label.back() != '-' &&
         label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

bool IsPort(std::string_view port) {
  int number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc() && end == port.data() + port.size() && port.front() != '0' &&
         number > 0 && number <= kMaxPort;
}

/// "auth.example" or "auth.example:8443", in lower case, as it stands in a URL that was normalised.
bool IsHost(std::string_view host) {
  if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    if (colon + 1 == host.size() || !IsPort(host.substr(colon + 1))) {
      return false;
    }
    host = host.substr(0, colon);
  }
  if (host.size() > kMaxHostNameBytes) {
    return false;
  }
  while (true) {
    const std::size_t dot = host.find('.');
    if (!IsLabel(host.substr(0, dot))) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    host.remove_prefix(dot + 1);
  }
}

std::optional<std::string> Hosts(const toml::node& node, std::vector<std::string>& out) {
  const std::string expected = "expected a list of at most " + std::to_string(kMaxTokenHosts) +
                               R"( host names in lower case, like ["auth.example"])";
  const toml::array* const array = node.as_array();
  if (array == nullptr || array->size() > kMaxTokenHosts) {
    return expected;
  }
  out.clear();
  for (const toml::node& element : *array) {
    const auto host = element.value_exact<std::string>();
    if (!host.has_value() || !IsHost(*host)) {
      return expected;
    }
    out.push_back(*host);
  }
  return std::nullopt;
}

std::optional<std::string> Layouts(const toml::node& node, std::vector<std::string>& out) {
  const toml::array* const array = node.as_array();
  if (array == nullptr || array->size() > kMaxEvidenceLayouts) {
    return "expected a list of at most " + std::to_string(kMaxEvidenceLayouts) +
           R"( paths, like ["/srv/signatures"])";
  }
  out.clear();
  for (const toml::node& element : *array) {
    if (auto expected = CleanPath(element, out.emplace_back())) {
      return expected;
    }
  }
  return std::nullopt;
}

/// Every key that there is. A key that is not here stops the start.
const std::map<std::string, std::map<std::string, Setter>, std::less<>>& Keys() {
  static const auto* const keys = new std::map<std::string, std::map<std::string, Setter>,
                                               std::less<>>{
      {"gate",
       {{"socket", [](Config& c, const toml::node& n) { return SocketPath(n, c.gate_socket); }},
        {"pull_deadline",
         [](Config& c, const toml::node& n) { return Seconds(n, c.pull_deadline); }}}},
      {"containerd",
       {{"address",
         [](Config& c, const toml::node& n) { return AbsolutePath(n, c.containerd_address); }},
        {"state",
         [](Config& c, const toml::node& n) { return CleanPath(n, c.containerd_state); }}}},
      {"nri",
       {{"socket", [](Config& c, const toml::node& n) { return PathOrNothing(n, c.nri_socket); }},
        {"index", [](Config& c, const toml::node& n) { return TwoDigits(n, c.nri_index); }}}},
      {"policy",
       {{"source", [](Config& c, const toml::node& n) { return FileUrl(n, c.policy_path); }}}},
      {"state",
       {{"dir", [](Config& c, const toml::node& n) { return AbsolutePath(n, c.state_dir); }}}},
      {"registry",
       {{"hosts_dir", [](Config& c, const toml::node& n) { return AbsolutePath(n, c.hosts_dir); }},
        {"auth_file", [](Config& c, const toml::node& n) { return AbsolutePath(n, c.auth_file); }},
        {"credential_provider_config",
         [](Config& c, const toml::node& n) {
           return AbsolutePath(n, c.credential_provider_config);
         }},
        {"credential_provider_bin_dir",
         [](Config& c, const toml::node& n) {
           return AbsolutePath(n, c.credential_provider_bin_dir);
         }},
        {"token_hosts", [](Config& c, const toml::node& n) { return Hosts(n, c.token_hosts); }}}},
      {"evidence",
       {{"layouts",
         [](Config& c, const toml::node& n) { return Layouts(n, c.evidence_layouts); }}}},
  };
  return *keys;
}

template <typename Map>
std::string NamesOf(const Map& map) {
  std::string names;
  for (const auto& [name, unused] : map) {
    names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

base::Error At(const std::string& file, const toml::source_region& where, const std::string& text) {
  return Fail(Reason::kConfigInvalid, file + ":" + std::to_string(where.begin.line) + ": " + text);
}

base::Status TakeSection(Config& config, const std::string& section, const toml::table& table,
                         const std::string& file) {
  const auto& keys = Keys().find(section)->second;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const auto setter = keys.find(name);
    if (setter == keys.end()) {
      return At(file, key.source(),
                "unknown key " + name + " in [" + section + "], expected one of " + NamesOf(keys));
    }
    if (auto expected = setter->second(config, node)) {
      return At(file, node.source(), "[" + section + "] " + name + ": " + *expected);
    }
  }
  return base::Ok();
}

/// What no key can say alone.
base::Status CheckTogether(const Config& config, const std::string& file) {
  if (config.policy_path.empty()) {
    return Fail(Reason::kConfigInvalid,
                file + R"(: [policy] source is missing, expected "file:///ABSOLUTE/PATH")");
  }
  if (config.credential_provider_config.empty() != config.credential_provider_bin_dir.empty()) {
    return Fail(Reason::kConfigInvalid,
                file +
                    ": [registry] credential_provider_config and credential_provider_bin_dir "
                    "are only of use together");
  }
  return base::Ok();
}

}  // namespace

base::Result<Config> ParseConfig(std::string_view text, const std::string& file_name) {
  std::string ascii(text);
  if (const auto line = base::LineOfNonAscii(ascii); line.has_value()) {
    return Fail(Reason::kConfigInvalid,
                file_name + ":" + std::to_string(*line) +
                    ": character beyond ASCII, which only a comment may hold");
  }
  const toml::parse_result document = toml::parse(ascii, std::string_view(file_name));
  if (!document) {
    return At(file_name, document.error().source(), std::string(document.error().description()));
  }
  Config config;
  for (const auto& [key, node] : document.table()) {
    const std::string section(key.str());
    if (!Keys().contains(section)) {
      return At(file_name, key.source(),
                "unknown section or key " + section + ", expected one of the sections " +
                    NamesOf(Keys()));
    }
    if (!node.is_table()) {
      return At(file_name, node.source(), section + " must be a section: [" + section + "]");
    }
    SIGWARD_RETURN_IF_ERROR(TakeSection(config, section, *node.as_table(), file_name));
  }
  SIGWARD_RETURN_IF_ERROR(CheckTogether(config, file_name));
  return config;
}

base::Result<std::string> ReadConfigText(const std::string& path) {
  auto text = base::ReadFile(path, kMaxConfigBytes);
  if (!text.ok()) {
    return Fail(Reason::kConfigInvalid, text.error().detail);
  }
  return text;
}

base::Result<Config> ReadConfig(const std::string& path) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string text, ReadConfigText(path));
  return ParseConfig(text, path);
}

}  // namespace sigward
