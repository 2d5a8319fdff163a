#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/strict_json.h"

namespace sigward::verifier {

/// Refuses members of OBJECT that another reader could take for one of KNOWN although the name is
/// spelled differently. Container runtimes read these documents with Go's decoder, which ignores
/// case (and folds some letters beyond ASCII into it), and the last one wins: an index with
/// `manifests` and `Manifests` would list one image for us and another for the runtime. So a member
/// whose name equals a known one but for case, or holds a byte beyond ASCII, is refused; other
/// unknown members may stand. Fails with kMalformed.
base::Status RefuseLookAlikes(const base::Json& object, std::string_view where,
                              std::initializer_list<std::string_view> known);

}  // namespace sigward::verifier
