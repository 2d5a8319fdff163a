#pragma once

#include <memory>

#include "plugin/containerd/containerd.h"

namespace sigward::containerd {

struct GrpcStubs;

/// Containerd::AskAhead over gRPC: begins AHEAD's calls at STUBS side by side, on the caller's own
/// thread. An answer under way is given out only when it says that something is there or is not;
/// where it is any other, and for all other calls, RECORDS are asked. Both outlive what is
/// returned, which cancels what nobody wanted.
std::unique_ptr<Records> GrpcAhead(Records& records, GrpcStubs& stubs, const Ahead& ahead,
                                   const base::Deadline& deadline);

}  // namespace sigward::containerd
