#pragma once

#include <string>
#include <string_view>

namespace sigward::verifier {

// Paths as text. Nobody looks whether they exist: this room opens nothing.

/// PATH, which starts with '/', in its shortest form, as Go's path.Clean makes it: without empty
/// and "." elements, ".." taken together with the element before it. A symbolic link before ".."
/// makes that another place than the kernel's.
std::string CleanPath(std::string_view path);

/// PATH as seen from the folder BASE, cleaned; both where PATH is absolute already.
std::string CleanPathFrom(std::string_view base, std::string_view path);

/// True when an element of PATH is "..".
bool HasParentElement(std::string_view path);

/// True when PATH is FOLDER or lies in it; both clean.
bool IsAtOrBelow(std::string_view path, std::string_view folder);

/// True when PATH lies in FOLDER and is not it; both clean.
bool IsBelow(std::string_view path, std::string_view folder);

}  // namespace sigward::verifier
