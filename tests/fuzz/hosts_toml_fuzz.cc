#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "worker/fetch/hosts_toml.h"
#include "worker/fetch/url.h"

namespace {

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

/// What is sent to a registry must come back from a parser of URLs as it is.
void CheckSection(const sigward::worker::HostSection& section) {
  using sigward::worker::ParseUrl;
  using sigward::worker::Url;
  Require(section.headers.size() <= sigward::worker::kMaxHeadersPerHost);
  for (const std::string& header : section.headers) {
    Require(header.find_first_of("\r\n") == std::string::npos);
    Require(header.find(':') != 0);
  }
  Require(section.connect_timeout.count() >= 0);
  Require(!section.path.ends_with('/'));
  if (section.origin.has_value()) {
    const auto again = ParseUrl(Url{*section.origin, section.path, ""}.text());
    Require(again.ok() && again->origin == *section.origin);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = sigward::base::AsText({data, size});
  const auto sections = sigward::worker::ParseHostsToml(text, "hosts.toml");
  if (!sections.ok()) {
    const bool too_large = sections.error().reason == sigward::base::Reason::kTooLarge;
    Require(too_large == (size > sigward::worker::kMaxHostsTomlBytes));
    Require(too_large || sections.error().detail.starts_with("hosts.toml:"));
    return 0;
  }
  Require(!sections->empty() && sections->size() <= sigward::worker::kMaxHosts + 1);
  for (const auto& section : *sections) {
    CheckSection(section);
  }
  return 0;
}
