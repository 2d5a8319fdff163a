#pragma once

#include <optional>

#include "base/clock.h"
#include "base/sealed_memory.h"
#include "plugin/bundle_path.h"
#include "plugin/create_door.h"
#include "plugin/journal/journal.h"

namespace sigward {

/// The gate's verdict about the container that `sigward doctor` makes to see that the runtime door
/// lets pass what must pass: its bundle is in policy::kCanaryNamespace, and CONFIG, the bundle's
/// config.json, is policy::kCanaryConfigThatPasses, byte for byte. It stands for the image that
/// passes at the pull door too, whatever the policies say, and QUESTION gets that image's name.
/// containerd knows nothing of it and is not asked.
///
/// Nothing for every other container, in that namespace too, and while no policy is active: those
/// are judged as any other.
std::optional<CreateVerdict> JudgeCanary(const CreateRooms& rooms, const BundleName& name,
                                         const base::SealedMemory& config,
                                         journal::Question& question,
                                         const base::Deadline& deadline);

}  // namespace sigward
