#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "verifier/transparency/log_entry.h"

namespace sigward::verifier {

enum class BundleVersion : std::uint8_t { kV01 = 1, kV02 = 2, kV03 = 3 };

/// Time stamps that one evidence may carry.
inline constexpr std::size_t kMaxTimestamps = 32;
/// Certificates that a bundle may bring, the leaf included.
inline constexpr std::size_t kMaxBundleCertificates = 8;

/// The bundle is signed with a key that its reader has. The hint is never believed.
struct KeyHint {
  std::string hint;
};

/// The bundle is signed with the key of a certificate: DER, the leaf first. What follows the leaf
/// (v0.1 and v0.2) says nothing that the trusted root would not say better.
struct BundledCertificates {
  std::vector<base::ByteBuffer> der;
};

/// What a bundle brings to verify its signature with. Nothing in it is to be believed yet.
struct VerificationMaterial {
  std::variant<KeyHint, BundledCertificates> signer;
  std::vector<LogEntry> log_entries;
  /// DER TimeStampResp (RFC 3161 §2.4.2) each.
  std::vector<base::ByteBuffer> timestamps;
};

}  // namespace sigward::verifier
