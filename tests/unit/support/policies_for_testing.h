#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "policy/snapshot.h"

namespace sigward::testing {

/// Two keys of nobody, for policies whose signatures are never really verified.
inline constexpr const char* kKeyA =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExWTS5XsoVjgjVNKgK7emwPJAycXS\n"
    "7IVwaydtqw476yhrnAHZCbAkXf0Wdh7piZFXo9DDGEsCm39zmoAtGg3sKw==\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr const char* kKeyB =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAEOQz7i8YCWtx+SGxZyRySz1NOq8EWTX3AUIWXLHcug0=\n"
    "-----END PUBLIC KEY-----\n";

inline policy::Authority Static(bool pass, std::string message = "said so") {
  return {"static", policy::StaticRule{pass, std::move(message)}};
}

inline policy::Authority Key(const char* pem, std::string name = "key") {
  return {std::move(name), policy::KeyRule::Of(pem, std::nullopt).value()};
}

/// A key whose signatures are looked for in another REPOSITORY ("" for the image's own).
inline policy::Authority KeyIn(const std::string& repository, const char* pem,
                               std::string name = "key", std::string tag_prefix = "") {
  policy::Authority authority = Key(pem, std::move(name));
  authority.source = policy::SignatureSource::Of(repository, std::move(tag_prefix)).value();
  return authority;
}

inline policy::Policy PolicyOf(std::string name, std::vector<policy::Authority> authorities,
                               policy::Mode mode = policy::Mode::kEnforce,
                               const char* glob = "**") {
  policy::Policy policy;
  policy.name = std::move(name);
  policy.mode = mode;
  policy.globs.push_back(policy::Glob::Parse(glob).value());
  policy.authorities = std::move(authorities);
  return policy;
}

inline std::shared_ptr<const policy::PolicySnapshot> SnapshotOf(
    const std::vector<policy::Policy>& policies, std::uint64_t generation = 1,
    policy::NoMatch no_match = policy::NoMatch::kDeny) {
  return policy::PolicySnapshot::Parse(policy::Compile(policies, no_match, ""), generation).value();
}

/// A compiled policy NAME for every image, that passes or fails without looking.
inline std::string CompiledStatic(const std::string& name, bool pass) {
  return policy::Compile({PolicyOf(name, {Static(pass)})}, policy::NoMatch::kDeny, "");
}

}  // namespace sigward::testing
