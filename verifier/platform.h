#pragma once

#include "base/result.h"
#include "verifier/evidence.h"
#include "verifier/manifest.h"

namespace sigward::verifier {

/// The digest of the one manifest in INDEX that containerd would take for PLATFORM. Spellings are
/// normalised as containerd does (x86_64 is amd64, arm64/v8 is arm64, arm is arm/v7, no os is the
/// node's). On amd64 an entry without variant serves every node when it is the only amd64 entry.
///
/// Fails with kUnsupportedFormat when no manifest fits, and when two different ones do or the one
/// that does asks for more than the platform: which of them the runtime takes could not be told
/// then, and a signature on one must not vouch for the other.
base::Result<Digest> ManifestForPlatform(const Index& index, const Platform& platform);

}  // namespace sigward::verifier
