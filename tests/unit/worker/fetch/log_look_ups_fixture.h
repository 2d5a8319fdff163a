#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/strict_json.h"
#include "fetch_task_fixture.h"
#include "policy/log_place.h"
#include "scripted_registry.h"
#include "scripted_server.h"
#include "verifier/legacy_layer.h"
#include "verifier/manifest.h"

namespace sigward::testing {

inline constexpr const char* kRetrieve = "/api/v1/log/entries/retrieve";
inline constexpr const char* kLeaf =
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

inline base::Json Entry(int index = 7) {
  return {{"body", "Ym9keQ=="},
          {"integratedTime", 1700000000},
          {"logIndex", index},
          {"logID", "00ff"},
          {"verification", {{"signedEntryTimestamp", "c2V0"}}}};
}
/// An answer of so many entries, whose places in the log start at FIRST.
inline std::string AnswerOf(std::size_t count, int first = 0) {
  base::Json list = base::Json::array();
  for (std::size_t i = 0; i < count; ++i) {
    list.push_back({{"u", Entry(first + static_cast<int>(i))}});
  }
  return list.dump();
}

/// A signature over PAYLOAD.
inline std::string Layer(const std::string& payload, const std::string& certificate = "",
                         const std::string& entry = "") {
  const base::Json annotations = {{"dev.cosignproject.cosign/signature", "c2ln"},
                                  {std::string(verifier::kCertificateAnnotation), certificate},
                                  {std::string(verifier::kLogEntryAnnotation), entry}};
  return DescriptorOf(payload, "application/vnd.dev.cosign.simplesigning.v1+json",
                      ",\"annotations\":" + annotations.dump());
}

/// Signatures of the image of FetchTaskTest, and a log on a server of its own.
class LogLookUpsTest : public FetchTaskTest {
 protected:
  void SetUp() override {
    log_.On(kRetrieve, [this](const ServedRequest& request, ServedReply& reply) {
      {
        const std::lock_guard lock(mutex_);
        asked_.push_back(request);
      }
      answer_(request, reply);
    });
  }
  std::string Url() const { return "http://" + log_.host(); }

  /// Signs the image with these layers, whose payloads are "0", "1" and so on.
  std::string Sign(const std::vector<std::string>& layers) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      registry_.Blob(std::to_string(i));
    }
    const std::string manifest = ManifestOf(layers);
    registry_.Tag(tag_ + ".sig", manifest);
    return manifest;
  }
  Seen LookUp(const std::vector<policy::LogPlace>& logs, std::uint32_t timeout_ms = kPatienceMs) {
    rpc::FetchQuestion question = Question(rpc::FetchQuestion::EVIDENCE);
    question.set_digest(image_.text());
    question.set_timeout_ms(timeout_ms);
    for (const policy::LogPlace& log : logs) {
      rpc::LogPlace& place = *question.add_logs();
      place.set_url(log.url);
      place.set_key_pem(log.key_pem);
    }
    return Read(Ask(question));
  }
  void AnswerWith(int status, const std::string& body, const std::string& type = "") {
    const std::string headers = type.empty() ? "" : "Content-Type: " + type + "\r\n";
    answer_ = [=](const ServedRequest&, ServedReply& reply) { reply.Send(status, body, headers); };
  }
  /// The entry's index of each legacy manifest that came, -1 for one without.
  static std::vector<int> Indices(const Seen& seen) {
    std::vector<int> indices;
    for (const auto& [kind, bytes] : seen.objects) {
      if (kind != verifier::ObjectKind::kLegacyManifest &&
          kind != verifier::ObjectKind::kReferrerManifest) {
        continue;
      }
      const auto manifest = verifier::ParseManifest(base::AsBytes(bytes)).value();
      const std::string* entry =
          verifier::TextAt(manifest.layers.at(0), verifier::kLogEntryAnnotation);
      indices.push_back(
          entry == nullptr ? -1 : base::Json::parse(*entry)["Payload"]["logIndex"].get<int>());
    }
    return indices;
  }
  std::vector<std::string> AskedKeys() {
    std::vector<std::string> keys;
    for (const ServedRequest& request : asked_) {
      const base::Json entry = base::Json::parse(request.body)["entries"][0];
      const auto pem =
          base::DecodeBase64(entry["spec"]["signature"]["publicKey"]["content"].get<std::string>(),
                             1 << 16)
              .value();
      keys.emplace_back(base::AsText(pem));
    }
    std::ranges::sort(keys);
    return keys;
  }

  std::function<void(const ServedRequest&, ServedReply&)> answer_ =
      [](const ServedRequest&, ServedReply& reply) { reply.Send(200, AnswerOf(1, 7)); };
  std::mutex mutex_;
  std::vector<ServedRequest> asked_;
  ScriptedServer log_;
};

}  // namespace sigward::testing
