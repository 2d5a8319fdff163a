#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "worker/fetch/url.h"

namespace {

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

}  // namespace

/// A Location or Link header from a registry: wherever it leads is https and not this machine.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sigward::worker;
  const std::string_view text = sigward::base::AsText({data, size});
  const Url registry{{"https", "registry.example", "443"}, "/v2/app/blobs/x", ""};
  const auto check = [&](std::string_view location) {
    const auto to = CheckRedirect(registry, location, registry.origin);
    if (!to.ok()) {
      return;
    }
    Require(to->origin.scheme == "https");
    Require(!to->origin.host.empty() && !IsLocalHost(to->origin.host));
    Require(to->text().find('@') == std::string::npos ||
            to->text().find('@') > to->text().find(to->origin.host));
    const auto again = ParseUrl(to->text());
    Require(again.ok() && again->origin == to->origin);
  };
  check(text);
  if (const auto link = NextLink(text); link.has_value()) {
    check(*link);
  }
  return 0;
}
