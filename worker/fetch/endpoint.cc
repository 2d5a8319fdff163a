#include "worker/fetch/endpoint.h"

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

}  // namespace sigward::worker
