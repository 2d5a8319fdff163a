#pragma once

#include <fstream>
#include <iterator>
#include <string>

namespace sigward::testing {

/// A file of tests/vectors.
inline std::string LoadVector(const std::string& name) {
  std::ifstream file(SIGWARD_SOURCE_DIR "/tests/vectors/" + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace sigward::testing
