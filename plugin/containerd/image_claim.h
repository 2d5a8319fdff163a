#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "plugin/containerd/containerd.h"
#include "plugin/containerd/image_content.h"
#include "verifier/digest.h"
#include "verifier/image_ref.h"

namespace sigward::containerd {

/// One image under one of its names.
struct NamedImage {
  verifier::ImageRef name;
  ImageContent content;
  /// Media type of content.target.
  std::string media_type;
  /// The caller's name means another image by now.
  bool moved = false;
};

/// Adds IMAGE unless IMAGES has it already: the same repository's name and target are the same to
/// every policy. What is moved once stays so.
void AddOnce(std::vector<NamedImage>& images, NamedImage image);

/// Most images of one namespace that are looked through for the one that is mounted.
inline constexpr std::size_t kMaxImagesSearched = 20'000;

/// True when NAME is one that a runtime gives to an image for itself (an image's id, Docker's
/// moby-dangling@…): it names a digest, but no repository that a policy could select by.
bool NamesNoRepository(std::string_view name);

/// Finds what a mounted chain is called in the image store of one namespace.
class ImageSearch {
 public:
  /// All outlive it.
  ImageSearch(Records& records, ImageContents& contents, const std::string& ns,
              const base::Deadline& deadline)
      : records_(records), contents_(contents), ns_(ns), deadline_(deadline) {}

  /// The images that have to be allowed for a container whose files are CHAIN and whose name CLAIM
  /// says (empty: no claim):
  /// - the claim alone, where the store resolves it to an image with that chain;
  /// - the claim and every stored name of the mounted image, where it means another one by now;
  /// - every stored name of the mounted image, where the claim names no repository.
  /// Never empty. Fails with kImageUnknown, kRootfsMismatch, or as Records does.
  base::Result<std::vector<NamedImage>> Claimed(const verifier::Digest& chain,
                                                const std::string& claim);

  /// Every stored repository name of the images with CHAIN; where WANTED is given, of those whose
  /// target or manifest has these hex digits, if there is one. May be empty.
  base::Result<std::vector<NamedImage>> Stored(const verifier::Digest& chain,
                                               std::string_view wanted_hex = {});

 private:
  base::Result<std::vector<NamedImage>> StoredAmong(const std::vector<Image>& images,
                                                    const verifier::Digest& chain,
                                                    std::string_view wanted_hex);
  base::Result<std::optional<Image>> Resolve(const std::string& claim);
  base::Result<std::vector<NamedImage>> Moved(const verifier::Digest& chain,
                                              const verifier::ImageRef& claimed,
                                              const std::optional<ImageContent>& now);

  Records& records_;
  ImageContents& contents_;
  const std::string& ns_;
  const base::Deadline deadline_;
};

}  // namespace sigward::containerd
