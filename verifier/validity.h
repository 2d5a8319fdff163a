#pragma once

#include <chrono>
#include <optional>

namespace sigward::verifier {

/// A moment as certificates, logs and time stamps know it: whole seconds of UTC.
using Time = std::chrono::sys_seconds;

/// When something may be relied on, both ends included (sigstore_common.proto, TimeRange). An
/// absent end is open.
struct Validity {
  std::optional<Time> start;
  std::optional<Time> end;

  bool Contains(Time time) const { return (!start || *start <= time) && (!end || time <= *end); }
};

}  // namespace sigward::verifier
