#pragma once

#include <sys/types.h>

namespace sigward::base {

/// Users and groups that own nothing, one per worker, so that neither can signal or trace the
/// other. Outside what Debian, systemd and container images hand out; above all not nobody (65534),
/// whom everybody uses.
inline constexpr uid_t kVerifydUser = 65530;
inline constexpr uid_t kFetchdUser = 65529;

}  // namespace sigward::base
