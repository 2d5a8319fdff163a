#include "plugin/containerd/image_claim.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace sigward::containerd {
namespace {

using base::Fail;
using base::Reason;
using verifier::Digest;
using verifier::ImageRef;

constexpr std::string_view kDockerDangling = "moby-dangling@";
constexpr std::size_t kMaxNameText = 300;
/// Shortest prefix of an image id that runtimes take in place of a name.
constexpr std::size_t kMinIdDigits = 6;

bool IsHex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string Shown(const std::string& name) {
  return base::OneLine(name, kMaxNameText);
}

}  // namespace

void AddOnce(std::vector<NamedImage>& images, NamedImage image) {
  for (NamedImage& one : images) {
    if (one.name.name() == image.name.name() && one.content.target == image.content.target) {
      one.moved = one.moved || image.moved;
      return;
    }
  }
  images.push_back(std::move(image));
}

bool NamesNoRepository(std::string_view name) {
  if (name.starts_with(kDockerDangling) || Digest::Parse(name).ok()) {
    return true;
  }
  return name.size() >= kMinIdDigits && IsHex(name);
}

base::Result<std::optional<Image>> ImageSearch::Resolve(const std::string& claim) {
  SIGWARD_ASSIGN_OR_RETURN(auto image, records_.FindImage(ns_, claim, deadline_));
  if (image.has_value()) {
    return image;
  }
  const auto reference = ImageRef::Parse(claim);
  if (!reference.ok() || reference->text() == claim) {
    return std::optional<Image>();
  }
  return records_.FindImage(ns_, reference->text(), deadline_);
}

base::Result<std::vector<NamedImage>> ImageSearch::Stored(const Digest& chain,
                                                          std::string_view wanted_hex) {
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<Image> images, records_.Images(ns_, deadline_));
  return StoredAmong(images, chain, wanted_hex);
}

base::Result<std::vector<NamedImage>> ImageSearch::StoredAmong(const std::vector<Image>& images,
                                                               const Digest& chain,
                                                               std::string_view wanted_hex) {
  if (images.size() > kMaxImagesSearched) {
    return Fail(Reason::kTooLarge, "the image store holds " + std::to_string(images.size()) +
                                       " names, at most " + std::to_string(kMaxImagesSearched) +
                                       " are looked through");
  }
  std::vector<NamedImage> with_chain;
  std::vector<NamedImage> wanted;
  for (const Image& image : images) {
    const auto name = ImageRef::Parse(image.name);
    if (NamesNoRepository(image.name) || !name.ok()) {
      continue;
    }
    const auto content = contents_.Of(ns_, image.target, deadline_);
    if (!content.ok()) {
      if (deadline_.Passed() || base::CouldNotTell(content.error().reason)) {
        return base::Within(Shown(image.name), content.error());
      }
      // What is not whole on this node, or no image, is not what was unpacked and mounted here.
      continue;
    }
    if (content->chain_id != chain) {
      continue;
    }
    NamedImage found{*name, *content, image.media_type};
    if (!wanted_hex.empty() &&
        (content->target.hex() == wanted_hex || content->manifest.hex() == wanted_hex)) {
      AddOnce(wanted, found);
    }
    AddOnce(with_chain, std::move(found));
  }
  return wanted.empty() ? with_chain : wanted;
}

base::Result<std::vector<NamedImage>> ImageSearch::Moved(const Digest& chain,
                                                         const ImageRef& claimed,
                                                         const std::optional<ImageContent>& now) {
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<Image> images, records_.Images(ns_, deadline_));
  SIGWARD_ASSIGN_OR_RETURN(std::vector<NamedImage> stored, StoredAmong(images, chain, {}));
  // Docker's dangling images have no repository, but they are what is mounted.
  std::vector<NamedImage> judged;
  for (const Image& image : images) {
    const auto content = contents_.Of(ns_, image.target, deadline_);
    if (!content.ok() && base::CouldNotTell(content.error().reason)) {
      return base::Within(Shown(image.name), content.error());
    }
    if (content.ok() && content->chain_id == chain) {
      AddOnce(judged, {claimed, *content, image.media_type});
    }
  }
  if (judged.empty() || (!now.has_value() && stored.empty())) {
    return now.has_value()
               ? Fail(Reason::kRootfsMismatch, claimed.text() + " has the files of chain " +
                                                   now->chain_id.text() + ", mounted is chain " +
                                                   chain.text() + ", which no image here has")
               : Fail(Reason::kImageUnknown,
                      claimed.text() + " is not in the image store, and no " +
                          "image there has the mounted chain " + chain.text());
  }
  const bool same_repository = std::ranges::any_of(
      stored, [&](const NamedImage& one) { return one.name.name() == claimed.name(); });
  for (NamedImage& image : stored) {
    AddOnce(judged, std::move(image));
  }
  for (NamedImage& image : judged) {
    image.moved = !same_repository;
  }
  return judged;
}

base::Result<std::vector<NamedImage>> ImageSearch::Claimed(const Digest& chain,
                                                           const std::string& claim) {
  const auto reference = ImageRef::Parse(claim);
  if (claim.empty() || NamesNoRepository(claim) || !reference.ok()) {
    SIGWARD_ASSIGN_OR_RETURN(std::vector<NamedImage> stored, Stored(chain));
    if (stored.empty()) {
      return Fail(Reason::kImageUnknown,
                  "no image here with a repository's name has the mounted chain " + chain.text());
    }
    return stored;
  }
  SIGWARD_ASSIGN_OR_RETURN(const std::optional<Image> image, Resolve(claim));
  std::optional<ImageContent> now;
  if (image.has_value()) {
    auto content = contents_.Of(ns_, image->target, deadline_);
    if (content.ok()) {
      now = *std::move(content);
    } else if (base::CouldNotTell(content.error().reason)) {
      return base::Within(Shown(claim), std::move(content).error());
    }
  }
  if (now.has_value() && now->chain_id == chain) {
    return std::vector{NamedImage{*reference, *now, image->media_type}};
  }
  return Moved(chain, *reference, now);
}

}  // namespace sigward::containerd
