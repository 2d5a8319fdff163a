#pragma once

#include <cstdint>
#include <string_view>

namespace sigward::nri {

/// True when a runtime with this version of NRI, as Configure names it ("v0.10.0", "0.12.1"), knows
/// ValidateContainerAdjustment: from 0.10 on. Older ones name no version; what cannot be read
/// counts as old, because one event that the runtime does not know fails the whole registration.
bool KnowsValidation(std::string_view nri_version);

/// The mask of events that we subscribe to (bit = event - 1).
std::int32_t EventMask(bool with_validation);

}  // namespace sigward::nri
