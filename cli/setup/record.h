#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sigward::cli {

inline constexpr const char* kSetupRecord = "/var/lib/sigward/setup.json";
inline constexpr std::size_t kMaxSetupRecord = 4U << 20;

enum class WrittenKind : std::uint8_t {
  /// The whole file is sigward's.
  kFile = 1,
  /// TEXT was added at the end of another's file.
  kBlock,
  /// A symbolic link to TEXT.
  kLink,
};

/// One thing that setup has written, exactly as it was written: what --undo may remove.
struct Written {
  WrittenKind kind = WrittenKind::kFile;
  std::string path;
  std::string text;
};

std::string EncodeRecord(const std::vector<Written>& written);

/// Fails with kMalformed, kTooLarge or kDuplicateKey.
base::Result<std::vector<Written>> ParseRecord(std::string_view json);

}  // namespace sigward::cli
