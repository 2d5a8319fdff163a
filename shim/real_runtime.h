#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sigward::shim {

/// Most folders of a PATH that are looked at.
inline constexpr std::size_t kMaxSearchFolders = 128;
/// How often the wrapper may stand in one row of execs. A runtime of another maker that calls
/// `runc` from PATH again is one more; a script that finds only the wrapper again would go on for
/// ever.
inline constexpr int kMaxRuntimeHops = 2;
/// Where the hops are counted: the one variable that the real runtime sees beyond the caller's
/// environment.
inline constexpr const char* kRuntimeHopsVariable = "SIGWARD_RUNTIME_HOPS";

/// A file or folder whatever it is called.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

/// The program that this process runs, and the folder where its file lies, links resolved.
struct OwnProgram {
  FileIdentity file;
  FileIdentity folder;
};

/// Reads /proc/self/exe. Fails with kRuntimeUnknown.
base::Result<OwnProgram> FindOwnProgram();

/// The runtime's name, `runc` or `crun`, from what the wrapper was called as. Fails with
/// kRuntimeUnknown for every other.
base::Result<std::string> RuntimeNameOf(std::string_view argv0);

/// The path, links resolved, of the runtime NAME in the folders of SEARCH_PATH ($PATH) other than
/// our own: our program's, and each where NAME is our program. Empty and relative entries are
/// skipped (the working directory is the bundle). What is taken is a regular executable file of
/// root's that nobody else may write, does not lie in one of our folders and is not our program;
/// each folder on the way to it, and on the way to the entry of SEARCH_PATH, is root's, and where
/// others may write into it, it is sticky. What does not fit is skipped. Fails with
/// kRuntimeUnknown, saying why the first such was not taken.
///
/// The path may be executed later than it was checked: whoever could change it meanwhile is root.
base::Result<std::string> FindRealRuntime(std::string_view name, std::string_view search_path,
                                          const OwnProgram& own);

/// The value of kRuntimeHopsVariable for the program that is executed next, from the present one
/// (null when unset). Fails with kRuntimeUnknown after kMaxRuntimeHops, and for a value that no
/// wrapper has written.
base::Result<std::string> NextHop(const char* present);

}  // namespace sigward::shim
