#pragma once

#include "verifier/evidence.h"

namespace sigward {

/// This machine in Go's words, which OCI uses.
verifier::Platform NodePlatform();

}  // namespace sigward
