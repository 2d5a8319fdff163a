#pragma once

#include <optional>
#include <string>

#include "worker/client/credential_source.h"

namespace sigward::testing {

/// "user:password", with "|identity token|registry token" where one is there; "none".
inline std::string TextOf(const std::optional<worker::Credential>& credential) {
  if (!credential.has_value()) {
    return "none";
  }
  const bool has_token = !credential->identity_token.empty() || !credential->registry_token.empty();
  return credential->username + ":" + credential->password +
         (has_token ? "|" + credential->identity_token + "|" + credential->registry_token : "");
}

}  // namespace sigward::testing
