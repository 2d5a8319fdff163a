#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sigward::base {

/// Decodes standard base64 (RFC 4648 §4) and nothing more lenient: padding required, no white
/// space, no URL alphabet, no bytes after the padding, unused bits zero. So one value has one
/// spelling. Fails with kMalformed, and with kTooLarge when the text is longer than MAX_TEXT bytes.
Result<ByteBuffer> DecodeBase64(std::string_view text, std::size_t max_text);

std::string EncodeBase64(ByteView bytes);

/// Lower-case hexadecimal.
std::string EncodeHex(ByteView bytes);

/// Decodes lower-case hexadecimal of exactly SIZE bytes. Fails with kMalformed.
Result<ByteBuffer> DecodeHex(std::string_view text, std::size_t size);

}  // namespace sigward::base
