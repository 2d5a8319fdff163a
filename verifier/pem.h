#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sigward::verifier {

struct PemBlock {
  std::string label;
  base::ByteBuffer contents;
};

/// Parses exactly one PEM block (RFC 7468) of at most MAX_BYTES: nothing beside it but white space,
/// no headers, base64 without white space inside a line. Lines may have any length and end in LF or
/// CR LF. Fails with kMalformed or kTooLarge. What stands in the block never gets into the error:
/// it may be somebody's private key.
base::Result<PemBlock> ParsePem(std::string_view text, std::size_t max_bytes);

/// The same of 1 to MAX_BLOCKS blocks, between which white space may stand and nothing else.
base::Result<std::vector<PemBlock>> ParsePemList(std::string_view text, std::size_t max_bytes,
                                                 std::size_t max_blocks);

}  // namespace sigward::verifier
