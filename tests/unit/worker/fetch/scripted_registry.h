#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "scripted_server.h"
#include "verifier/digest.h"

namespace sigward::testing {

inline constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";
inline constexpr const char* kIndexType = "application/vnd.oci.image.index.v1+json";
inline constexpr const char* kBundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
inline constexpr const char* kEmptyType = "application/vnd.oci.empty.v1+json";

inline verifier::Digest DigestOf(const std::string& bytes) {
  return verifier::Digest::Of(base::AsBytes(bytes));
}

inline std::string DescriptorOf(const std::string& bytes, const std::string& media_type,
                                const std::string& more = "") {
  return "{\"mediaType\":\"" + media_type + "\",\"digest\":\"" + DigestOf(bytes).text() +
         "\",\"size\":" + std::to_string(bytes.size()) + more + "}";
}

inline std::string Joined(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) {
    joined += (joined.empty() ? "" : ",") + text;
  }
  return joined;
}

inline std::string ManifestOf(const std::vector<std::string>& layers) {
  return std::string("{\"schemaVersion\":2,\"mediaType\":\"") + kManifestType +
         "\",\"config\":" + DescriptorOf("{}", kEmptyType) + ",\"layers\":[" + Joined(layers) +
         "]}";
}

inline std::string IndexOf(const std::vector<std::string>& manifests) {
  return std::string("{\"schemaVersion\":2,\"mediaType\":\"") + kIndexType + "\",\"manifests\":[" +
         Joined(manifests) + "]}";
}

inline std::string LegacyLayer(const std::string& payload) {
  return DescriptorOf(payload, "application/vnd.dev.cosign.simplesigning.v1+json",
                      ",\"annotations\":{\"dev.cosignproject.cosign/signature\":\"c2ln\"}");
}

/// One repository, "app", on a ScriptedServer.
class ScriptedRegistry {
 public:
  explicit ScriptedRegistry(ScriptedServer& server) : server_(&server) {}

  static std::string Path(const std::string& below) { return "/v2/app/" + below; }
  static std::string TagOf(const verifier::Digest& digest) {
    return "sha256-" + std::string(digest.hex());
  }

  void Blob(const std::string& bytes) {
    server_->Serve(Path("blobs/" + DigestOf(bytes).text()), "application/octet-stream", bytes);
  }
  void Manifest(const std::string& bytes, const std::string& media_type = kManifestType) {
    server_->Serve(Path("manifests/" + DigestOf(bytes).text()), media_type, bytes);
  }
  void Tag(const std::string& tag, const std::string& bytes,
           const std::string& media_type = kManifestType) {
    server_->Serve(Path("manifests/" + tag), media_type, bytes);
  }
  void ReferrersApi(const verifier::Digest& image, const std::string& index) {
    server_->Serve(Path("referrers/" + image.text()), kIndexType, index);
  }

  /// Puts a cosign legacy signature of IMAGE there and returns its manifest.
  std::string SignLegacy(const verifier::Digest& image, const std::string& payload) {
    const std::string manifest = ManifestOf({LegacyLayer(payload)});
    Blob(payload);
    Tag(TagOf(image) + ".sig", manifest);
    return manifest;
  }
  /// Puts a bundle's manifest and blob there and returns the manifest, which is listed nowhere yet.
  std::string AddBundle(const std::string& bundle) {
    const std::string manifest = ManifestOf({DescriptorOf(bundle, kBundleType)});
    Blob(bundle);
    Manifest(manifest);
    return manifest;
  }

 private:
  ScriptedServer* server_;
};

}  // namespace sigward::testing
