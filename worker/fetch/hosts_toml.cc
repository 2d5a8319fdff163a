#include "worker/fetch/hosts_toml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <utility>

#include "base/ascii.h"
#include "base/config/toml.h"
#include "base/config/toml_text.h"
#include "worker/fetch/url.h"

namespace sigward::worker {
namespace {

using base::Error;
using base::Fail;
using base::Reason;
using base::Result;
using base::Status;

constexpr std::chrono::hours kLongestDuration{24};

std::vector<const toml::key*> KeysInFileOrder(const toml::table& table) {
  std::vector<const toml::key*> keys;
  for (const auto& [key, value] : table) {
    keys.push_back(&key);
  }
  std::sort(keys.begin(), keys.end(), [](const toml::key* a, const toml::key* b) {
    const auto& left = a->source().begin;
    const auto& right = b->source().begin;
    return std::tie(left.line, left.column) < std::tie(right.line, right.column);
  });
  return keys;
}

/// "registry.example", "http://10.0.0.1:5000", "https://mirror.example/prefix": what `server` and
/// the names of host sections hold. No scheme means https.
Result<std::pair<Origin, std::string>> ParseHostUrl(std::string_view text, bool override_path) {
  const bool has_scheme = text.find("://") != std::string_view::npos;
  SIGWARD_ASSIGN_OR_RETURN(
      Url url, ParseUrl(has_scheme ? std::string(text) : "https://" + std::string(text)));
  if (!url.query.empty()) {
    return Fail(Reason::kMalformed, "URL with a query");
  }
  std::string path = std::move(url.path);
  while (path.ends_with('/')) {
    path.pop_back();
  }
  if (!override_path && !path.ends_with("/v2")) {
    path += "/v2";
  }
  return std::pair(std::move(url.origin), std::move(path));
}

bool IsHeaderName(std::string_view name) {
  constexpr std::string_view kSymbols = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return base::IsAlphaNumeric(c) || kSymbols.find(c) != std::string_view::npos;
  });
}

bool IsHeaderValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return c == '\t' || (c >= ' ' && c != '\x7f'); });
}

/// Reads one table of settings; every refusal knows its line.
class SectionReader {
 public:
  explicit SectionReader(const std::string& file) : file_(&file) {}

  Error At(const toml::source_region& region, const std::string& what) const {
    return Fail(Reason::kConfigInvalid,
                *file_ + ":" + std::to_string(region.begin.line) + ": " + what);
  }

  /// Reads the host settings of TABLE; `server` and `host` are the root's own and known by the
  /// caller.
  Status Read(const toml::table& table, bool is_root, HostSection& section) {
    for (const auto& [key, value] : table) {
      const bool roots_own = is_root && (key == "server" || key == "host");
      if (!roots_own) {
        SIGWARD_RETURN_IF_ERROR(ReadSetting(key, value, section));
      }
    }
    return base::Ok();
  }

  static bool OverridesPath(const toml::table& table) {
    return table["override_path"].value_or(false);
  }

  Result<std::string> Text(const toml::node& node, const std::string& name) const {
    const auto text = node.value_exact<std::string>();
    if (!text.has_value()) {
      return At(node.source(), name + " must be a string");
    }
    return *text;
  }

 private:
  Status ReadSetting(const toml::key& key, const toml::node& value, HostSection& section) {
    if (key == "capabilities") {
      return ReadCapabilities(value, section);
    }
    if (key == "ca") {
      return ReadTexts(value, "ca", section.ca_files);
    }
    if (key == "client") {
      return ReadClient(value, section);
    }
    if (key == "skip_verify" || key == "override_path") {
      const auto flag = value.value_exact<bool>();
      if (!flag.has_value()) {
        return At(value.source(), std::string(key.str()) + " must be true or false");
      }
      if (key == "skip_verify") {
        section.skip_verify = *flag;
      }
      return base::Ok();
    }
    if (key == "header") {
      return ReadHeaders(value, section);
    }
    if (key == "dial_timeout") {
      return ReadDialTimeout(value, section);
    }
    return At(key.source(), "unknown key \"" + std::string(key.str()) + "\"");
  }

  /// A string, or an array of strings.
  Status ReadTexts(const toml::node& value, const std::string& name,
                   std::vector<std::string>& texts) const {
    if (value.is_string()) {
      texts.push_back(*value.value_exact<std::string>());
      return base::Ok();
    }
    if (!value.is_array()) {
      return At(value.source(), name + " must be a string or an array of strings");
    }
    for (const toml::node& element : *value.as_array()) {
      SIGWARD_ASSIGN_OR_RETURN(std::string text, Text(element, "each element of " + name));
      texts.push_back(std::move(text));
    }
    return base::Ok();
  }

  Status ReadCapabilities(const toml::node& value, HostSection& section) const {
    if (!value.is_array()) {
      return At(value.source(), "capabilities must be an array of strings");
    }
    const toml::array& names = *value.as_array();
    if (names.empty()) {
      return base::Ok();
    }
    section.capabilities = {.pull = false, .resolve = false};
    for (const toml::node& element : names) {
      SIGWARD_ASSIGN_OR_RETURN(std::string name, Text(element, "each element of capabilities"));
      name = base::LowerCase(name);
      if (name == "pull") {
        section.capabilities.pull = true;
      } else if (name == "resolve") {
        section.capabilities.resolve = true;
      } else if (name != "push" && name != "referrers") {
        return At(element.source(), "unknown capability \"" + name + "\"");
      }
    }
    return base::Ok();
  }

  Status ReadClient(const toml::node& value, HostSection& section) const {
    const toml::array* several = value.as_array();
    if (several != nullptr && several->size() != 1) {
      return At(value.source(), "client must name exactly one certificate");
    }
    const toml::node& one = several != nullptr ? *several->get(0) : value;
    const toml::array* pair = several != nullptr ? one.as_array() : nullptr;
    if (pair == nullptr) {
      SIGWARD_ASSIGN_OR_RETURN(std::string path, Text(one, "client"));
      section.client = ClientFiles{std::move(path), ""};
      return base::Ok();
    }
    if (pair->size() != 2) {
      return At(one.source(), "a client pair must be a certificate and a key");
    }
    SIGWARD_ASSIGN_OR_RETURN(std::string certificate, Text(*pair->get(0), "client certificate"));
    SIGWARD_ASSIGN_OR_RETURN(std::string key, Text(*pair->get(1), "client key"));
    section.client = ClientFiles{std::move(certificate), std::move(key)};
    return base::Ok();
  }

  Status ReadHeaders(const toml::node& value, HostSection& section) const {
    if (!value.is_table()) {
      return At(value.source(), "header must be a table");
    }
    for (const auto& [name, texts] : *value.as_table()) {
      if (!IsHeaderName(name.str())) {
        return At(name.source(), "not a header name");
      }
      std::vector<std::string> values;
      SIGWARD_RETURN_IF_ERROR(ReadTexts(texts, "header " + std::string(name.str()), values));
      for (const std::string& text : values) {
        if (!IsHeaderValue(text)) {
          return At(texts.source(), "header value with control characters");
        }
        section.headers.push_back(std::string(name.str()) + ": " + text);
      }
    }
    if (section.headers.size() > kMaxHeadersPerHost) {
      return At(value.source(), "more than " + std::to_string(kMaxHeadersPerHost) + " headers");
    }
    return base::Ok();
  }

  Status ReadDialTimeout(const toml::node& value, HostSection& section) const {
    SIGWARD_ASSIGN_OR_RETURN(const std::string text, Text(value, "dial_timeout"));
    const auto duration = ParseGoDuration(text);
    if (!duration.ok()) {
      return At(value.source(), "dial_timeout must be a duration like \"3s\"");
    }
    section.connect_timeout = *duration;
    return base::Ok();
  }

  const std::string* file_;
};

Result<HostSection> ReadHost(const toml::key& key, const toml::node& value, SectionReader& reader) {
  if (!value.is_table()) {
    return reader.At(key.source(), "host \"" + std::string(key.str()) + "\" must be a table");
  }
  const toml::table& table = *value.as_table();
  auto url = ParseHostUrl(key.str(), SectionReader::OverridesPath(table));
  if (!url.ok()) {
    return reader.At(key.source(), "host is not a registry URL: " + url.error().detail);
  }
  HostSection section;
  section.origin = std::move(url->first);
  section.path = std::move(url->second);
  SIGWARD_RETURN_IF_ERROR(reader.Read(table, /*is_root=*/false, section));
  return section;
}

Result<HostSection> ReadServer(const toml::table& root, SectionReader& reader) {
  HostSection section;
  if (const toml::node* server = root.get("server"); server != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(const std::string text, reader.Text(*server, "server"));
    // An empty server is an absent one.
    if (!text.empty()) {
      auto url = ParseHostUrl(text, SectionReader::OverridesPath(root));
      if (!url.ok()) {
        return reader.At(server->source(), "server is not a registry URL: " + url.error().detail);
      }
      section.origin = std::move(url->first);
      section.path = std::move(url->second);
    }
  }
  SIGWARD_RETURN_IF_ERROR(reader.Read(root, /*is_root=*/true, section));
  if (!section.origin.has_value()) {
    // The registry itself can everything: it is where an image without a mirror comes from.
    section.capabilities = {};
  }
  return section;
}

}  // namespace

Result<std::vector<HostSection>> ParseHostsToml(std::string_view text, const std::string& file) {
  if (text.size() > kMaxHostsTomlBytes) {
    return Fail(Reason::kTooLarge,
                file + " is larger than " + std::to_string(kMaxHostsTomlBytes) + " bytes");
  }
  std::string ascii(text);
  if (const auto line = base::LineOfNonAscii(ascii); line.has_value()) {
    return Fail(Reason::kConfigInvalid,
                file + ":" + std::to_string(*line) + ": character beyond ASCII");
  }
  const toml::parse_result parsed = toml::parse(ascii, std::string_view(file));
  SectionReader reader(file);
  if (!parsed) {
    return reader.At(parsed.error().source(), std::string(parsed.error().description()));
  }
  const toml::table& root = parsed.table();
  std::vector<HostSection> sections;
  if (const toml::node* hosts = root.get("host"); hosts != nullptr) {
    if (!hosts->is_table()) {
      return reader.At(hosts->source(), "host must be a table of hosts");
    }
    const toml::table& table = *hosts->as_table();
    for (const toml::key* key : KeysInFileOrder(table)) {
      if (sections.size() == kMaxHosts) {
        return reader.At(key->source(), "more than " + std::to_string(kMaxHosts) + " hosts");
      }
      SIGWARD_ASSIGN_OR_RETURN(HostSection section, ReadHost(*key, *table.get(key->str()), reader));
      sections.push_back(std::move(section));
    }
  }
  SIGWARD_ASSIGN_OR_RETURN(HostSection server, ReadServer(root, reader));
  sections.push_back(std::move(server));
  return sections;
}

Result<std::chrono::milliseconds> ParseGoDuration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 7> kUnits{{{"ms", 1.0},
                                                                       {"us", 1e-3},
                                                                       {"µs", 1e-3},
                                                                       {"ns", 1e-6},
                                                                       {"s", 1e3},
                                                                       {"m", 6e4},
                                                                       {"h", 3.6e6}}};
  const Error malformed = Fail(Reason::kMalformed, "not a duration");
  if (text == "0") {
    return std::chrono::milliseconds{0};
  }
  if (text.empty()) {
    return malformed;
  }
  double total = 0;
  while (!text.empty()) {
    if (text.find_first_not_of("0123456789.") == 0) {
      return malformed;
    }
    double number = 0;
    const auto [end, failure] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (failure != std::errc{}) {
      return malformed;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto* unit = std::find_if(kUnits.begin(), kUnits.end(),
                                    [&](const auto& u) { return text.starts_with(u.first); });
    if (unit == kUnits.end()) {
      return malformed;
    }
    text.remove_prefix(unit->first.size());
    total += number * unit->second;
  }
  const std::chrono::milliseconds longest = kLongestDuration;
  if (total > static_cast<double>(longest.count())) {
    return malformed;
  }
  return std::chrono::milliseconds(std::llround(total));
}

}  // namespace sigward::worker
