#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sigward::worker {

inline constexpr std::size_t kMaxImagePattern = 512;

/// A pattern for images as kubelet's credential providers write it (kubelet.config.k8s.io/v1
/// matchImages, and the keys of a CredentialProviderResponse): HOST[:PORT][/PATH]. It matches an
/// image when the hosts have equally many labels and each matches, `*` standing for any part of one
/// label; when the ports are equal, none being a port of its own; and when PATH is a prefix of the
/// image's path, byte by byte.
class ImagePattern {
 public:
  /// Fails with kMalformed, and with kTooLarge beyond kMaxImagePattern.
  static base::Result<ImagePattern> Parse(std::string_view text);

  /// IMAGE is "HOST[:PORT]/REPOSITORY".
  bool Matches(std::string_view image) const;

  const std::string& text() const { return text_; }

 private:
  ImagePattern() = default;
  std::string text_;
  std::vector<std::string> labels_;
  std::string port_;
  std::string path_;
};

}  // namespace sigward::worker
