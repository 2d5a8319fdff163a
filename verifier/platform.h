#pragma once

#include "base/result.h"
#include "verifier/evidence.h"
#include "verifier/manifest.h"

namespace sigward::verifier {

/// The digest of the one manifest in INDEX that containerd would take for PLATFORM. Spellings are
/// normalised as containerd does (x86_64 is amd64, arm64/v8 is arm64, arm is arm/v7, no os is the
/// node's).
///
/// The only manifest of an index fits when it names no platform.
///
/// Fails with kUnsupportedFormat when no manifest fits, when INDEX lists a second manifest for the
/// same system and architecture, of whatever variant, and when the one there is asks for more than
/// the platform: which of them the runtime takes could not be told then, and a signature on one
/// must not vouch for the other.
base::Result<Digest> ManifestForPlatform(const Index& index, const Platform& platform);

}  // namespace sigward::verifier
