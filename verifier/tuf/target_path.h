#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "verifier/tuf/roles.h"

namespace sigward::verifier::tuf {

/// Takes a target's path that can be nothing but a file below the targets' folder: elements between
/// single slashes, none of them "." or "..", printable and without a backslash. A name that led
/// elsewhere has been written to disk elsewhere (CVE-2026-24137, CVE-2026-24686). Fails with
/// kMalformed or kTooLarge (kMaxPathBytes).
base::Status CheckTargetPath(std::string_view path);

/// True when DELEGATION is trusted for the target PATH (TUF §4.5): one of its patterns matches, in
/// which `*` and `?` stand for anything but a slash; or the hexadecimal SHA-256 of the path begins
/// with one of its prefixes.
bool IsDelegatedTo(const Delegation& delegation, std::string_view path);

/// The role's file as it is asked for: NAME with everything but letters, digits and "-._~" in
/// percent-encoding, so that it is one element of a path.
std::string RoleFileName(std::string_view name);

}  // namespace sigward::verifier::tuf
