#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/bytes.h"
#include "worker/credentials/provider_protocol.h"

namespace {

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sigward::worker::kMaxProviderAuthBytes;
  using sigward::worker::kMaxProviderAuths;
  const auto response = sigward::worker::ParseProviderResponse(sigward::base::AsText({data, size}));
  if (!response.ok()) {
    Require(response.error().reason == sigward::base::Reason::kWorkerFailed);
    return 0;
  }
  Require(response->auths.size() <= kMaxProviderAuths);
  std::size_t bytes = 0;
  for (const auto& auth : response->auths) {
    bytes += auth.username.size() + auth.password.size();
    // A pattern says what it has read.
    const auto again = sigward::worker::ImagePattern::Parse(auth.pattern.text());
    Require(again.ok() && again->text() == auth.pattern.text());
  }
  Require(bytes <= kMaxProviderAuthBytes);
  Require(!response->cache_duration.has_value() || response->cache_duration->count() >= 0);
  for (const char* const image : {"docker.io/library/nginx", "r.example:5000/app", "[::1]/app"}) {
    (void)sigward::worker::MostSpecific(response->auths, image);
  }
  return 0;
}
