#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sigward::rpc {

/// Where the gate listens unless $SIGWARD_GATE_SOCKET names another place.
inline constexpr const char* kDefaultGateSocket = "/run/sigward/gate.sock";
inline constexpr const char* kGateSocketVariable = "SIGWARD_GATE_SOCKET";

enum class GateCall : std::uint8_t {
  kPull = 1,
  kVerify = 2,
  kStatus = 3,
  /// A container is about to be created. Two descriptors go along: the bundle's config.json and the
  /// caller's own mountinfo, both open for reading.
  kCreate = 4,
  /// Finds and keeps the evidence of an image, for later creates.
  kPrefetch = 5,
  /// What runs on the node, each container with its decision.
  kAudit = 6,
};

/// A question to the gate. Encoded as the protobuf message GateQuestion of rpc/gate.proto; written
/// by hand because the static programs start faster without the library (a test compares the two).
struct GateQuestion {
  GateCall call = GateCall::kPull;
  /// The reference as the caller has it, not normalised.
  std::string reference;
  /// kPull: the resolved digest. kVerify: empty when the daemon shall resolve the reference.
  std::string digest;
  /// Media type of the resolved descriptor, empty when unknown.
  std::string media_type;
  /// kCreate: the container's bundle folder, links resolved; the runtime's `--root` and the id, as
  /// they were given.
  std::string bundle = {};
  std::string runtime_root = {};
  std::string container_id = {};
};

/// The gate's answer.
struct GateAnswer {
  /// policy::Verdict by number; 0, a missing field, is a denial.
  std::uint32_t verdict = 0;
  /// base::Reason by number, 0 when allowed.
  std::uint32_t reason = 0;
  /// The line a user sees.
  std::string line;
  /// JSON: docs/schemas/decision.schema.json or status.schema.json.
  std::string record;

  /// True only for a complete "allow".
  bool allowed() const { return verdict == 3 && reason == 0; }
};

std::string Encode(const GateQuestion& question);
std::string Encode(const GateAnswer& answer);

/// Unknown fields are skipped (an older program talks to a newer one), everything else out of shape
/// fails with kProtocol.
base::Result<GateQuestion> DecodeGateQuestion(std::string_view bytes);
base::Result<GateAnswer> DecodeGateAnswer(std::string_view bytes);

}  // namespace sigward::rpc
