#include "worker/fetch/log_entries.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/strict_json.h"
#include "verifier/bundle.h"
#include "verifier/certificate/certificate_pem.h"
#include "verifier/evidence.h"
#include "verifier/legacy_layer.h"
#include "verifier/manifest.h"
#include "verifier/signed_entity.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Json;
using base::Reason;
using base::Result;
using verifier::Descriptor;

constexpr std::string_view kEndOfCertificate = "-----END CERTIFICATE-----";

std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool IsBundle(const Descriptor& layer) {
  return verifier::IsBundleType(layer.media_type);
}

/// The first certificate in PEM, which is the signer's. Its bytes are not looked at.
std::optional<std::string> LeafIn(const std::string& pem) {
  const std::size_t end = pem.find(kEndOfCertificate);
  if (end == std::string::npos || end > verifier::kMaxCertificatePem) {
    return std::nullopt;
  }
  return pem.substr(0, end + kEndOfCertificate.size()) + "\n";
}

std::optional<UnloggedSignature> Unlogged(const Descriptor& layer, std::size_t place) {
  const std::string* signature = verifier::LegacySignatureText(layer);
  if (signature == nullptr || verifier::TextAt(layer, verifier::kLogEntryAnnotation) != nullptr ||
      layer.digest.algorithm() != verifier::DigestAlgorithm::kSha256 ||
      !base::DecodeBase64(*signature, verifier::kMaxSignatureText).ok()) {
    return std::nullopt;
  }
  std::string leaf;
  if (const std::string* pem = verifier::TextAt(layer, verifier::kCertificateAnnotation);
      pem != nullptr) {
    auto first = LeafIn(*pem);
    if (!first.has_value()) {
      return std::nullopt;
    }
    leaf = *std::move(first);
  }
  return UnloggedSignature{place, std::string(layer.digest.hex()), *signature, std::move(leaf)};
}

/// The member of VALUE that FITS, or null.
const Json* Member(const Json& value, const char* name, bool (Json::*fits)() const noexcept) {
  const auto member = value.find(name);
  return member == value.end() || !((*member).*fits)() ? nullptr : &*member;
}

std::optional<std::string> ToAnnotation(const Json& entry) {
  if (!entry.is_object()) {
    return std::nullopt;
  }
  const Json* body = Member(entry, "body", &Json::is_string);
  const Json* time = Member(entry, "integratedTime", &Json::is_number_integer);
  const Json* index = Member(entry, "logIndex", &Json::is_number_integer);
  const Json* log = Member(entry, "logID", &Json::is_string);
  const Json* proof = Member(entry, "verification", &Json::is_object);
  const Json* promise =
      proof == nullptr ? nullptr : Member(*proof, "signedEntryTimestamp", &Json::is_string);
  if (body == nullptr || time == nullptr || index == nullptr || log == nullptr ||
      promise == nullptr) {
    return std::nullopt;
  }
  const Json annotation = {
      {"SignedEntryTimestamp", *promise},
      {"Payload",
       {{"body", *body}, {"integratedTime", *time}, {"logIndex", *index}, {"logID", *log}}}};
  return Text(annotation);
}

}  // namespace

std::vector<UnloggedSignature> UnloggedSignatures(std::string_view manifest) {
  std::vector<UnloggedSignature> found;
  const auto parsed = verifier::ParseManifest(base::AsBytes(manifest));
  if (!parsed.ok() || std::ranges::any_of(parsed->layers, IsBundle)) {
    return found;
  }
  for (std::size_t i = 0; i < parsed->layers.size(); ++i) {
    if (auto signature = Unlogged(parsed->layers[i], i); signature.has_value()) {
      found.push_back(*std::move(signature));
    }
  }
  return found;
}

std::string LogQuery(const UnloggedSignature& signature, std::string_view pem) {
  const Json entry = {
      {"kind", "hashedrekord"},
      {"apiVersion", "0.0.1"},
      {"spec",
       {{"data", {{"hash", {{"algorithm", "sha256"}, {"value", signature.payload_hex}}}}},
        {"signature",
         {{"content", signature.signature},
          {"publicKey", {{"content", base::EncodeBase64(base::AsBytes(pem))}}}}}}}};
  const Json query = {{"entries", Json::array({entry})}};
  return Text(query);
}

Result<LogAnswer> ReadLogAnswer(std::string_view answer) {
  const auto wrong = [](const std::string& what) {
    return Fail(Reason::kRegistryError, "the log's answer " + what);
  };
  const auto json = base::ParseStrictJson(answer, kMaxLogAnswerBytes, kMaxLogAnswerValues);
  if (!json.ok()) {
    return wrong("cannot be read: " + json.error().detail);
  }
  if (!json->is_array()) {
    return wrong("is no list of entries");
  }
  LogAnswer read;
  for (const Json& named : *json) {
    if (!named.is_object()) {
      return wrong("holds something that is no entry");
    }
    for (const Json& entry : named) {
      if (read.annotations.size() == kMaxEntriesPerAnswer) {
        ++read.left_out;
      } else if (auto annotation = ToAnnotation(entry); annotation.has_value()) {
        read.annotations.push_back(*std::move(annotation));
      } else {
        ++read.unreadable;
      }
    }
  }
  return read;
}

Result<std::string> WithLogEntry(std::string_view manifest, std::size_t layer,
                                 const std::string& annotation) {
  auto document = base::ParseStrictJson(manifest, verifier::kMaxManifestBytes);
  if (!document.ok() || !document->is_object() || !document->contains("layers") ||
      !(*document)["layers"].is_array() || layer >= (*document)["layers"].size() ||
      !(*document)["layers"][layer].is_object() ||
      !(*document)["layers"][layer]["annotations"].is_object()) {
    return Fail(Reason::kInternal, "the signature's manifest changed under the hand");
  }
  Json with_entry = (*document)["layers"][layer];
  with_entry["annotations"][std::string(verifier::kLogEntryAnnotation)] = annotation;
  (*document)["layers"] = Json::array({std::move(with_entry)});
  return Text(*document);
}

}  // namespace sigward::worker
