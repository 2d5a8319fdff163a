#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/files.h"
#include "base/strict_json.h"
#include "result_matchers.h"
#include "temp_folder.h"
#include "verifier/digest.h"
#include "verifier/manifest.h"

namespace sigward::testing {

inline verifier::Digest DigestOf(const std::string& bytes) {
  return verifier::Digest::Of(base::AsBytes(bytes));
}

/// "sha256-HEX".
inline std::string TagOf(const verifier::Digest& digest) {
  return "sha256-" + std::string(digest.hex());
}

/// Documents as tools write them beside images.
inline base::Json DescriptorOf(const std::string& bytes, const std::string_view media_type,
                               const base::Json& more = base::Json::object()) {
  base::Json out = {
      {"mediaType", media_type}, {"digest", DigestOf(bytes).text()}, {"size", bytes.size()}};
  out.update(more);
  return out;
}

inline std::string BundleManifest(const verifier::Digest& subject, const std::string& bundle) {
  return base::Json(
             {{"schemaVersion", 2},
              {"config", DescriptorOf("{}", "application/vnd.oci.empty.v1+json")},
              {"layers", {DescriptorOf(bundle, "application/vnd.dev.sigstore.bundle.v0.3+json")}},
              {"subject",
               {{"mediaType", verifier::kOciManifestType},
                {"digest", subject.text()},
                {"size", 7}}}})
      .dump();
}

inline std::string LegacyManifest(const std::string& payload) {
  return base::Json({{"schemaVersion", 2},
                     {"config", DescriptorOf("{}", "application/vnd.oci.image.config.v1+json")},
                     {"layers",
                      {DescriptorOf(
                          payload, "application/vnd.dev.cosign.simplesigning.v1+json",
                          {{"annotations", {{"dev.cosignproject.cosign/signature", "MEUC"}}}})}}})
      .dump();
}

inline base::Json NamedAs(const std::string& name) {
  return {{"annotations", {{"org.opencontainers.image.ref.name", name}}}};
}

inline std::string IndexOf(const std::vector<base::Json>& manifests) {
  return base::Json({{"schemaVersion", 2}, {"manifests", manifests}}).dump();
}

/// An OCI layout of root's.
class LayoutFolder {
 public:
  explicit LayoutFolder(const std::string& name = "layout") : path_(folder_ / name) {
    std::filesystem::create_directories(path_ + "/blobs/sha256");
    for (const char* part : {"", "/blobs", "/blobs/sha256"}) {
      chmod((path_ + part).c_str(), 0755);
    }
    Write("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    List({});
  }

  const std::string& path() const { return path_; }
  std::string BlobPath(const std::string& bytes) const {
    return path_ + "/blobs/sha256/" + std::string(DigestOf(bytes).hex());
  }

  void Write(const std::string& name, const std::string& bytes) const {
    ASSERT_THAT(base::ReplaceFile(path_ + "/" + name, bytes), IsOk());
  }
  void List(const std::vector<base::Json>& manifests) const {
    Write("index.json", IndexOf(manifests));
  }
  void Put(const std::string& bytes) const {
    Write("blobs/sha256/" + std::string(DigestOf(bytes).hex()), bytes);
  }

 private:
  TempFolder folder_;
  const std::string path_;
};

}  // namespace sigward::testing
