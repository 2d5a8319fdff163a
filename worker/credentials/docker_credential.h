#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "worker/client/credential_source.h"
#include "worker/credentials/run_program.h"

namespace sigward::worker {

// docker's credential helpers: `docker-credential-NAME get` reads a server's URL and writes
// {"ServerURL", "Username", "Secret"}.

/// What a helper is asked for: HOST, and for Docker Hub the URL under which docker stores it.
std::string HelperServer(const std::string& host);

/// What the helper's OUTPUT means; no value when it says that it has nothing. Fails with
/// kWorkerFailed, without a word of the output.
base::Result<std::optional<Credential>> ReadHelperOutput(const ProgramOutput& output);

}  // namespace sigward::worker
