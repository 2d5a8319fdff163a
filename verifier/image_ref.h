#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "verifier/digest.h"

namespace sigward::verifier {

/// Longest reference that Parse takes, in bytes.
inline constexpr std::size_t kMaxReferenceLength = 4096;

/// An image reference as containerd normalises it (distribution/reference ParseDockerRef): no host
/// means docker.io, one path component there means library/, a tag is dropped where a digest
/// stands, neither means the tag "latest". On top, the host is put into lower case and
/// index.docker.io is written docker.io, so that one repository has one name.
class ImageRef {
 public:
  /// Fails with kInvalidReference; with kTooLarge beyond kMaxReferenceLength.
  static base::Result<ImageRef> Parse(std::string_view text);

  /// "docker.io", "registry.example:5000", "[::1]:5000".
  const std::string& registry() const { return registry_; }
  /// "library/nginx".
  const std::string& repository() const { return repository_; }
  /// Set exactly when digest() is not.
  const std::optional<std::string>& tag() const { return tag_; }
  const std::optional<Digest>& digest() const { return digest_; }

  /// "registry/repository".
  std::string name() const { return registry_ + "/" + repository_; }
  /// "registry/repository:tag" or "registry/repository@digest".
  std::string text() const;
  /// The same image pinned: "registry/repository@digest".
  std::string pinned(const Digest& digest) const { return name() + "@" + digest.text(); }

  friend bool operator==(const ImageRef&, const ImageRef&) = default;

 private:
  ImageRef() = default;
  std::string registry_;
  std::string repository_;
  std::optional<std::string> tag_;
  std::optional<Digest> digest_;
};

}  // namespace sigward::verifier
