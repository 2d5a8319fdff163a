#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sigward {

/// Which container a bundle belongs to.
struct BundleName {
  std::string ns;
  std::string id;
};

/// Reads namespace and id off BUNDLE, the folder that containerd's shim for runc makes:
/// STATE_DIR/io.containerd.runtime.v2.task/NAMESPACE/ID. RUNTIME_ROOT is the runtime's `--root`,
/// whose last part is the namespace too, and ID what the runtime was told; all three have to agree.
/// Paths are compared as they are: links resolved, no slash at the end. Fails with kRuntimeUnknown.
base::Result<BundleName> NameOfBundle(std::string_view bundle, std::string_view runtime_root,
                                      std::string_view id, std::string_view state_dir);

}  // namespace sigward
