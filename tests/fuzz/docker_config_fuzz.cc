#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/bytes.h"
#include "worker/client/credential_client.h"
#include "worker/credentials/docker_config.h"
#include "worker/credentials/docker_credential.h"

namespace {

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void CheckBounds(const sigward::worker::Credential& credential) {
  using sigward::worker::kMaxCredentialField;
  Require(credential.username.size() <= kMaxCredentialField);
  Require(credential.password.size() <= kMaxCredentialField);
  Require(credential.identity_token.size() <= kMaxCredentialField);
  Require(credential.registry_token.size() <= kMaxCredentialField);
}

}  // namespace

/// The same bytes as docker's file and as what a helper says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = sigward::base::AsText({data, size});
  const auto config = sigward::worker::DockerConfig::Parse(text);
  if (config.ok()) {
    for (const char* const host : {"docker.io", "r.example", "quay.io"}) {
      if (const auto credential = config->Find(host, "team/app")) {
        CheckBounds(*credential);
      }
      // The name becomes the path of a program.
      Require(config->HelperFor(host).find_first_of("/.\n") == std::string::npos);
    }
  } else {
    Require(config.error().reason == sigward::base::Reason::kConfigInvalid);
  }
  const auto said = sigward::worker::ReadHelperOutput(
      {.exit_code = 0, .out = std::string(text), .error_line = ""});
  if (said.ok() && said->has_value()) {
    CheckBounds(**said);
  } else if (!said.ok()) {
    Require(said.error().reason == sigward::base::Reason::kWorkerFailed);
  }
  return 0;
}
