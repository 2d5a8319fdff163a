#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/setup/change.h"
#include "cli/setup/containerd_edit.h"
#include "cli/setup/record.h"

namespace sigward::cli {

/// What setup is going to do.
struct Plan {
  std::vector<Change> changes;
  /// What is recorded once the changes are made.
  std::vector<Written> written;
  /// What to tell the user beside the changes.
  std::vector<std::string> notes;
};

/// A unit whose PATH gets sigward's folder in front.
struct UnitPath {
  std::string unit;
  std::string path;
};

struct SetupInputs {
  std::string runtime_folder;
  std::string verifier_program;
  std::vector<UnitPath> units;
  std::string containerd_config;
  VerifierInputs verifier;
  /// What earlier runs have written.
  std::vector<Written> written;
};

/// The changes that are still missing; none when everything is in place.
/// Fails with kConfigInvalid, also where a file that setup once wrote was edited since: the text
/// has the difference. Fails as LOOK does.
base::Result<Plan> PlanSetup(const SetupInputs& inputs, const LookAtFile& look);

/// Removes exactly what WRITTEN names. What is gone already is passed over.
/// Fails with kConfigInvalid, with the difference, when something was edited since: nothing is to
/// be removed then.
base::Result<Plan> PlanUndo(const std::vector<Written>& written, const LookAtFile& look);

}  // namespace sigward::cli
