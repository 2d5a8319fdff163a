#include "worker/credentials/docker_credential.h"

#include <utility>

#include "base/json_fields.h"
#include "base/strict_json.h"
#include "worker/client/credential_client.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;

/// What the helpers of docker's own library write when they have nothing, and end with 1.
constexpr std::string_view kNotFound = "credentials not found";
/// Under this name the secret is an identity token.
constexpr std::string_view kTokenUser = "<token>";

}  // namespace

std::string HelperServer(const std::string& host) {
  return host == "docker.io" ? "https://index.docker.io/v1/" : host;
}

base::Result<std::optional<Credential>> ReadHelperOutput(const ProgramOutput& output) {
  if (output.exit_code != 0) {
    if (output.out.starts_with(kNotFound)) {
      return std::optional<Credential>();
    }
    return Fail(Reason::kWorkerFailed, output.exit_code < 0
                                           ? "was ended by a signal"
                                           : "ended with " + std::to_string(output.exit_code));
  }
  const auto unreadable = Fail(Reason::kWorkerFailed, "wrote something else than a credential");
  const auto document = base::ParseStrictJson(output.out, kMaxProgramOutput);
  if (!document.ok()) {
    return unreadable;
  }
  auto fields = base::JsonFields::Of(*document, "");
  if (!fields.ok()) {
    return unreadable;
  }
  auto user = fields->String("Username");
  auto secret = fields->String("Secret");
  if (!user.ok() || !secret.ok() || user->size() > kMaxCredentialField ||
      secret->size() > kMaxCredentialField) {
    return unreadable;
  }
  if (secret->empty()) {
    return std::optional<Credential>();
  }
  Credential credential;
  if (*user == kTokenUser) {
    credential.identity_token = *std::move(secret);
  } else {
    credential.username = *std::move(user);
    credential.password = *std::move(secret);
  }
  return std::optional(std::move(credential));
}

}  // namespace sigward::worker
