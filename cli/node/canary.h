#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/node/command.h"

namespace sigward::cli {

/// After this containerd kills an image verifier, unless told otherwise.
inline constexpr std::chrono::seconds kPullCanaryPatience{10};
/// sigward-runtime waits 9.8 s for the gate and then refuses by itself.
inline constexpr std::chrono::seconds kCreateCanaryPatience{12};

/// What a door's program did.
struct CanaryAnswer {
  /// -1 when it could not be run, or did not end by itself in time.
  int exit_code = -1;
  /// What it said, the first line, or why there is none. Foreign text.
  std::string line = {};
  /// At a create: whether LINE is a message in the runtime's log.
  bool is_logged = false;
};

/// One image verifier, asked about the two digests of policy/canary.h.
struct PullCanary {
  std::string program;
  /// Why it was not tried; empty when it was.
  std::string not_tried = {};
  CanaryAnswer must_be_refused = {};
  /// Only where the other one was refused by the gate.
  std::optional<CanaryAnswer> must_pass = std::nullopt;
};

/// The runtime door, asked to create two containers of which containerd knows nothing.
struct CreateCanary {
  std::string program;
  std::string not_tried = {};
  CanaryAnswer must_be_refused = {};
  /// policy::kCanaryConfigThatPasses; only where the other one was refused by the gate.
  std::optional<CanaryAnswer> must_pass = std::nullopt;
  /// `--version`, which has to reach the real runtime.
  CanaryAnswer version = {};
};

/// Whether the file at PATH, links followed, is root's and nobody else may write it: what a canary
/// may execute.
bool IsRootsAlone(const std::string& path);

/// How containerd runs PROGRAM of its bin_dir before it pulls the image whose manifest is TEXT
/// (containerd 2.1, pkg/imageverifier/bindir).
Command PullCommand(const std::string& program, std::string_view text,
                    std::vector<std::string> environment);

/// Asks PROGRAM about both canaries.
PullCanary TryPullDoor(const std::string& program, const std::vector<std::string>& environment,
                       std::chrono::milliseconds patience = kPullCanaryPatience);

/// How a shim runs PROGRAM as runc (go-runc) for the container ID in BUNDLE; log, pid file and
/// runtime root lie in SCRATCH.
Command CreateCommand(const std::string& program, const std::string& scratch,
                      const std::string& bundle, const std::string& id,
                      std::vector<std::string> environment);

/// Asks PROGRAM, which has to be sigward-runtime, to create the canaries from bundles below
/// containerd's folder STATE that are made for this and removed again; a signal that would end this
/// process waits until then. A container that comes of it is deleted: the program of the one is no
/// file, the other one has none.
CreateCanary TryCreateDoor(const std::string& program, const std::string& state,
                           const std::vector<std::string>& environment,
                           std::chrono::milliseconds patience = kCreateCanaryPatience);

/// Whether a runtime's log has a line of the gate here, reason first: the real runtime never says
/// one of its words.
bool IsGateLine(std::string_view line);

/// Whether LINE is the gate's answer to what it must refuse: at a pull, and at a create.
bool RefusesPullCanary(const CanaryAnswer& answer);
bool RefusesCreateCanary(const CanaryAnswer& answer);

/// Whether the container that must pass came to the real runtime. That refuses it, in words of its
/// own: nothing can be started from such a bundle.
bool PassesCreateCanary(const CanaryAnswer& answer);

}  // namespace sigward::cli
