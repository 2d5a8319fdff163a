#pragma once

#include "verifier/tuf/roles.h"
#include "verifier/tuf/signed_document.h"

namespace sigward::verifier::tuf {

// Each reads what a file of its role says (TUF §4.3 to §4.6) and fails with kMalformed (another
// `_type`, a version or threshold below 1, a role with one key id twice …), kTooLarge (a bound of
// roles.h) or kUnsupportedFormat (a spec_version other than 1.x). Members that TUF does not know
// are passed over.

/// A root stands for itself: who calls verifies DOCUMENT by the keys that are returned, and by
/// those of the root before.
base::Result<Root> ReadRoot(const SignedDocument& document);

base::Result<Timestamp> ReadTimestamp(const VerifiedDocument& document);

/// "targets.json" is among its files.
base::Result<Snapshot> ReadSnapshot(const VerifiedDocument& document);

/// Of the top-level role or a delegated one.
base::Result<Targets> ReadTargets(const VerifiedDocument& document);

}  // namespace sigward::verifier::tuf
