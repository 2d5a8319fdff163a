#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/sealed_memory.h"
#include "rpc/worker.pb.h"
#include "scripted_worker.h"
#include "verifier/digest.h"
#include "worker/client/evidence_objects.h"
#include "worker/client/question_bounds.h"
#include "worker/client/reader_client.h"

namespace sigward::testing {

// Documents that a Reader reads, and questions about them.

inline const verifier::Platform kLinuxAmd64{.os = "linux", .architecture = "amd64", .variant = ""};

inline verifier::Digest DigestOf(const std::string& text) {
  return verifier::Digest::Of(base::AsBytes(text));
}

inline base::SealedMemory Sealed(const std::string& text) {
  auto memory = base::SealedMemory::Open(base::SealBytes(base::AsBytes(text)).value(), text.size());
  return std::move(memory).value();
}

inline std::string DescriptorOf(const verifier::Digest& digest, const std::string& type,
                                const std::string& rest = "") {
  return R"({"mediaType":")" + type + R"(","digest":")" + digest.text() + R"(","size":7)" + rest +
         "}";
}

inline std::string ManifestWith(std::size_t layers) {
  std::string text = R"({"schemaVersion":2,"config":)" +
                     DescriptorOf(DigestOf("config"), "application/vnd.oci.image.config.v1+json") +
                     R"(,"layers":[)";
  for (std::size_t i = 0; i < layers; ++i) {
    text += (i == 0 ? "" : ",") +
            DescriptorOf(DigestOf("layer " + std::to_string(i)), "application/octet-stream");
  }
  return text + "]}";
}

inline std::string IndexFor(const std::string& architecture) {
  return R"({"schemaVersion":2,"manifests":[)" +
         DescriptorOf(DigestOf("member"), "application/vnd.oci.image.manifest.v1+json",
                      R"(,"platform":{"os":"linux","architecture":")" + architecture + R"("})") +
         "]}";
}

inline std::string ConfigOver(const std::vector<verifier::Digest>& diff_ids) {
  std::string text = R"({"os":"linux","rootfs":{"type":"layers","diff_ids":[)";
  for (const verifier::Digest& diff_id : diff_ids) {
    text += (&diff_id == &diff_ids.front() ? "\"" : ",\"") + diff_id.text() + '"';
  }
  return text + "]}}";
}

inline const std::vector<verifier::Digest>& Layers() {
  static const auto* const layers =
      new std::vector<verifier::Digest>{DigestOf("one"), DigestOf("two")};
  return *layers;
}

inline constexpr const char* kBundle = "/run/containerd/io.containerd.runtime.v2.task/k8s.io/c1";
inline constexpr const char* kVolumes = "/run/containerd/io.containerd.grpc.v1.cri/image-volumes";
inline constexpr const char* kConfigJson =
    R"({"root":{"path":"rootfs"},"annotations":{"wanted":"yes","other":"no"},"mounts":[)"
    R"({"type":"bind","source":"/run/containerd/io.containerd.grpc.v1.cri/image-volumes/s/v"},)"
    R"({"type":"bind","source":"/etc/hosts"}]})";
inline constexpr const char* kMountinfo =
    "43 42 254:0 / / rw - ext4 /dev/vda rw\n"
    "68 43 0:41 / /run/containerd/io.containerd.runtime.v2.task/k8s.io/c1/rootfs rw - overlay "
    "overlay rw,lowerdir=/s/2/fs:/s/1/fs,upperdir=/s/9/fs,workdir=/s/9/work\n";

inline worker::SnapshotMount Overlay(const std::string& lowers = "lowerdir=/s/2/fs:/s/1/fs") {
  return {.type = "overlay",
          .source = "overlay",
          .options = {"workdir=/s/9/work", "upperdir=/s/9/fs", lowers}};
}

inline const std::vector<std::string_view>& Wanted() {
  static const auto* const names = new std::vector<std::string_view>{"wanted", "absent"};
  return *names;
}

inline base::Result<worker::ContainerFacts> ReadContainer(
    const std::string& path, const std::string& config = kConfigJson,
    const std::string& mountinfo = kMountinfo,
    const std::vector<worker::SnapshotMount>& mounts = {Overlay()},
    const std::vector<std::string_view>& annotations = Wanted()) {
  return worker::VerifydReader(path).ReadContainer(Sealed(config), Sealed(mountinfo), kBundle,
                                                   mounts, annotations, kVolumes, Soon());
}

inline base::Result<worker::ImageObjectFacts> ReadObject(const std::string& path,
                                                         const std::string& text,
                                                         worker::ImageObjectRole role) {
  return worker::VerifydReader(path).ReadImageObject(DigestOf(text), role, kLinuxAmd64,
                                                     Sealed(text), Soon());
}

inline rpc::ReadQuestion ObjectQuestion() {
  rpc::ReadQuestion question;
  question.set_nonce(std::string(worker::kNonceBytes, 'n'));
  question.mutable_image_object()->set_digest(DigestOf(ManifestWith(1)).text());
  question.mutable_image_object()->set_role(1);
  *question.mutable_image_object()->mutable_platform() = worker::ToMessage(kLinuxAmd64);
  return question;
}

inline rpc::ReadQuestion ContainerQuestion() {
  rpc::ReadQuestion question;
  question.set_nonce(std::string(worker::kNonceBytes, 'n'));
  question.mutable_container()->set_bundle(kBundle);
  question.mutable_container()->set_volumes(kVolumes);
  return question;
}

inline std::string WordOf(const rpc::ReadAnswer& answer) {
  const auto reason = base::ReasonFromNumber(answer.reason());
  return reason ? std::string(base::ReasonWord(*reason)) : "";
}

}  // namespace sigward::testing
