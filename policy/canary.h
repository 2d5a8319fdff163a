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

/// The namespace of doctor's containers at the runtime door; containerd has none of this name.
inline constexpr std::string_view kCanaryNamespace = "sigward-canary";

/// config.json of the container that must pass at the runtime door, to the byte. Whoever holds
/// containerd's socket can have containers in that namespace with this configuration and with
/// files of their own, so it must be one of which nothing can ever run: there is no `process`, so
/// no program is named, no hooks, and nothing is mounted. The specification lets such a container
/// be created, but never started. runc refuses it for want of `process`; crun, which does not look
/// for that, for want of `linux`, before it makes anything: add neither.
inline constexpr std::string_view kCanaryConfigThatPasses =
    R"({"ociVersion":"1.0.2","root":{"path":"rootfs","readonly":true}})";

}  // namespace sigward::policy
