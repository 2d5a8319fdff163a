#pragma once

#include <string_view>

namespace sigward::policy {

/// What `sigward doctor` asks about to see whether a door is guarded: the digests of two texts that
/// are no manifests, so no image can ever have them. Both are decided before all else, whatever the
/// policy says. The texts are "sigward canary: must pass\n" and "sigward canary: must be
/// refused\n".
inline constexpr std::string_view kCanaryThatPasses = "sigward canary: must pass\n";
inline constexpr std::string_view kCanaryThatIsRefused = "sigward canary: must be refused\n";
inline constexpr std::string_view kCanaryName = "canary.sigward.invalid/canary";

}  // namespace sigward::policy
