#include "verifier/platform.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "base/text.h"

namespace sigward::verifier {
namespace {

constexpr std::size_t kMaxPlatformInError = 96;

/// PLATFORM in containerd's canonical spelling; NODE_OS is what an empty os means.
Platform Canonical(Platform platform, std::string_view node_os) {
  platform.os = base::LowerCase(platform.os);
  platform.architecture = base::LowerCase(platform.architecture);
  platform.variant = base::LowerCase(platform.variant);
  std::string& architecture = platform.architecture;
  std::string& variant = platform.variant;
  if (platform.os.empty()) {
    platform.os = node_os;
  }
  if (architecture == "i386") {
    architecture = "386";
    variant.clear();
  } else if (architecture == "x86_64" || architecture == "x86-64") {
    architecture = "amd64";
  } else if (architecture == "aarch64") {
    architecture = "arm64";
  } else if (architecture == "armhf") {
    architecture = "arm";
    variant = "v7";
  } else if (architecture == "armel") {
    architecture = "arm";
    variant = "v6";
  }
  if (architecture == "arm" && variant.empty()) {
    variant = "v7";
  }
  if (variant == "5" || variant == "6" || variant == "7" || variant == "8") {
    variant.insert(0, "v");
  }
  if ((architecture == "amd64" && variant == "v1") ||
      (architecture == "arm64" && variant == "v8")) {
    variant.clear();
  }
  return platform;
}

/// Letters beyond ASCII can fold into ASCII ones in another reader, so they never pass as
/// "different".
bool IsWithinAscii(const Platform& platform) {
  return base::IsAscii(platform.os) && base::IsAscii(platform.architecture) &&
         base::IsAscii(platform.variant);
}

using Entries = std::vector<std::reference_wrapper<const Descriptor>>;

/// The entries of INDEX for which KEEP says yes to the canonical platform.
template <typename Keep>
Entries Select(const Index& index, std::string_view node_os, Keep keep) {
  Entries out;
  for (const Descriptor& entry : index.manifests) {
    if (entry.platform && keep(Canonical(entry.platform->platform, node_os))) {
      out.emplace_back(entry);
    }
  }
  return out;
}

bool IsManifestType(std::string_view media_type) {
  return media_type == kOciManifestType || media_type == kDockerManifestType;
}

}  // namespace

base::Result<Digest> ManifestForPlatform(const Index& index, const Platform& platform) {
  const Platform node = Canonical(platform, "");
  const auto refuse = [&](const char* what) {
    const std::string name = platform.os + "/" + platform.architecture +
                             (platform.variant.empty() ? "" : "/" + platform.variant);
    return base::Fail(base::Reason::kUnsupportedFormat,
                      std::string(what) + base::OneLine(name, kMaxPlatformInError));
  };
  for (const Descriptor& entry : index.manifests) {
    if (entry.platform && !IsWithinAscii(entry.platform->platform)) {
      return refuse("the index names a platform beyond ASCII, asked for ");
    }
  }
  // Runtimes differ, also between versions, in which spellings of a variant are one and in which
  // variants a node can run. So nothing is chosen among variants: an entry of the node's system and
  // architecture either is the only one, or leaves the question open.
  const Entries fitting = Select(index, node.os, [&](const Platform& other) {
    return other.os == node.os && other.architecture == node.architecture;
  });
  if (fitting.empty()) {
    // What `docker save` and OCI layouts hold: one manifest, which says in its configuration what
    // it is for. There is no other that a runtime could take.
    if (index.manifests.size() == 1 && !index.manifests.front().platform.has_value() &&
        IsManifestType(index.manifests.front().media_type)) {
      return index.manifests.front().digest;
    }
    return refuse("the index lists no manifest for ");
  }
  const Descriptor& first = fitting.front();
  const bool one_answer = std::all_of(fitting.begin(), fitting.end(), [&](const Descriptor& entry) {
    const std::string variant = Canonical(entry.platform->platform, node.os).variant;
    const bool serves_node =
        variant == node.variant || (node.architecture == "amd64" && variant.empty());
    return entry.digest == first.digest && IsManifestType(entry.media_type) &&
           !entry.platform->demands_more && serves_node;
  });
  if (!one_answer) {
    return refuse("the index leaves open which manifest is for ");
  }
  return first.digest;
}

}  // namespace sigward::verifier
