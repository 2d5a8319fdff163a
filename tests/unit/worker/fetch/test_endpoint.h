#pragma once

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <string>

#include "scripted_server.h"
#include "worker/fetch/endpoint.h"
#include "worker/fetch/url.h"

namespace sigward::testing {

/// The endpoint of SERVER as an operator would have written it.
inline worker::Endpoint EndpointOf(const ScriptedServer& server,
                                   const std::string& scheme = "http") {
  worker::Endpoint endpoint;
  endpoint.origin = {scheme, server.host().substr(0, server.host().find(':')), server.port()};
  endpoint.path = "/v2";
  endpoint.may_be_local = true;
  return endpoint;
}

/// This machine's name where it leads to an IPv4 loopback address, or an empty text.
inline std::string LoopbackName() {
  std::array<char, 256> name{};
  addrinfo hints{};
  hints.ai_family = AF_INET;
  addrinfo* found = nullptr;
  if (gethostname(name.data(), name.size() - 1) != 0 || worker::IsLoopbackHost(name.data()) ||
      getaddrinfo(name.data(), nullptr, &hints, &found) != 0) {
    return {};
  }
  const auto* address = reinterpret_cast<const sockaddr_in*>(found->ai_addr);
  const bool is_loopback = ntohl(address->sin_addr.s_addr) >> 24 == 127;
  freeaddrinfo(found);
  return is_loopback ? name.data() : std::string();
}

/// An IPv4 address of this machine that is no loopback one, or an empty text.
inline std::string OutwardAddress() {
  ifaddrs* list = nullptr;
  std::string found;
  if (getifaddrs(&list) != 0) {
    return found;
  }
  for (const ifaddrs* at = list; at != nullptr && found.empty(); at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET ||
        (at->ifa_flags & IFF_UP) == 0) {
      continue;
    }
    const auto* address = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
    std::array<char, INET_ADDRSTRLEN> text{};
    inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size());
    if (!worker::IsLocalHost(text.data())) {
      found = text.data();
    }
  }
  freeifaddrs(list);
  return found;
}

}  // namespace sigward::testing
