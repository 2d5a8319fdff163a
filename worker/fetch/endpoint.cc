#include "worker/fetch/endpoint.h"

#include <algorithm>

#include "base/ascii.h"
#include "worker/fetch/url.h"

namespace sigward::worker {

std::string_view InsecureTransportName(InsecureTransport transport) {
  switch (transport) {
    case InsecureTransport::kPlainHttp:
      return "plain http";
    case InsecureTransport::kUnverifiedTls:
      return "TLS without verification";
  }
  return "insecure transport";
}

std::string Endpoint::url() const {
  return Url{origin, path, ""}.text();
}

std::string Endpoint::authority() const {
  constexpr std::string_view kSlashes = "://";
  return Url{origin, "", ""}.text().substr(origin.scheme.size() + kSlashes.size());
}

bool Endpoint::HasOwnAuthorization() const {
  constexpr std::string_view kName = "authorization:";
  return std::any_of(headers.begin(), headers.end(), [kName](std::string_view line) {
    return line.size() >= kName.size() &&
           std::equal(kName.begin(), kName.end(), line.begin(),
                      [](char name, char c) { return name == base::LowerCase(c); });
  });
}

}  // namespace sigward::worker
