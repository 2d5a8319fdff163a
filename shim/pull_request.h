#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sigward::shim {

/// Most bytes of a descriptor on standard input.
inline constexpr std::size_t kMaxDescriptorBytes = 64U << 10;

/// What containerd asks at a pull.
struct PullRequest {
  std::string name;
  std::string digest;
  std::string stdin_media_type;
};

/// Reads the arguments that containerd gives an image verifier: -name, -digest, -stdin-media-type,
/// in Go's spellings (one dash or two, value behind `=` or in the next argument). Fails with
/// kDescriptorMismatch when one is unknown, stands twice or is missing.
base::Result<PullRequest> ParseArguments(std::span<const char* const> arguments);

/// Compares the descriptor that came on standard input with the digest of the arguments and returns
/// its media type. Fails with kDescriptorMismatch when they disagree or the descriptor is of a type
/// that it does not describe, with kMalformed, kDuplicateKey or kTooLarge when it is no descriptor.
base::Result<std::string> CheckDescriptor(const PullRequest& request, std::string_view descriptor);

}  // namespace sigward::shim
