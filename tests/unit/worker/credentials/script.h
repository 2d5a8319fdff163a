#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "base/files.h"
#include "result_matchers.h"

namespace sigward::testing {

/// Makes a program of the shell's at PATH.
inline void WriteScript(const std::string& path, const std::string& lines) {
  ASSERT_THAT(base::WriteNewFile(path, "#!/bin/sh\n" + lines), IsOk());
  ASSERT_EQ(chmod(path.c_str(), 0755), 0);
}

}  // namespace sigward::testing
