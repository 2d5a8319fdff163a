#include "verifier/trust/sigstore_keys.h"

#include <utility>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "verifier/certificate/certificate_pem.h"
#include "verifier/ossl.h"
#include "verifier/pem.h"
#include "verifier/spki.h"
#include "verifier/trust/key_details.h"
#include "verifier/trust/trusted_root.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Result;

constexpr const char* kMediaType = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
constexpr const char* kSinceEver = "1970-01-01T00:00:00Z";

Result<base::ByteBuffer> SpkiFromPem(const std::string& pem) {
  SIGWARD_ASSIGN_OR_RETURN(PemBlock block, ParsePem(pem, kMaxPublicKeyPem));
  if (block.label == "RSA PUBLIC KEY") {
    return SpkiOfPkcs1(block.contents);
  }
  if (block.label != "PUBLIC KEY") {
    return base::Fail(base::Reason::kMalformed, "PEM block " + block.label + " is no PUBLIC KEY");
  }
  return std::move(block.contents);
}

base::Status CheckText(const std::string& text) {
  return base::IsUtf8(text) ? base::Ok()
                            : base::Status(base::Fail(base::Reason::kMalformed, "not UTF-8"));
}

Result<Json> LogJson(const SigstoreKeys::Log& log) {
  const std::string hash = base::LowerCase(log.hash_algorithm);
  if (hash != "sha256" && hash != "sha-256" && hash != "sha2_256") {
    return base::Fail(base::Reason::kUnsupportedAlgorithm, "hashAlgorithm is not sha256");
  }
  SIGWARD_RETURN_IF_ERROR(CheckText(log.base_url));
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteBuffer spki, SpkiFromPem(log.public_key_pem));
  // Says why a key is of no use, before its details would be empty.
  SIGWARD_RETURN_IF_ERROR(PublicKey::FromSpki(spki));
  return Json{
      {"baseUrl", log.base_url},
      {"hashAlgorithm", "SHA2_256"},
      {"publicKey",
       {{"rawBytes", base::EncodeBase64(spki)},
        {"keyDetails", DetailsWithSha256(spki)},
        {"validFor", {{"start", kSinceEver}}}}},
      {"logId", {{"keyId", base::EncodeBase64(HashOf(spki, HashAlgorithm::kSha256))}}},
  };
}

Result<Json> AuthorityJson(const SigstoreKeys::Authority& authority) {
  SIGWARD_RETURN_IF_ERROR(
      CheckText(authority.uri + authority.organization + authority.common_name));
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<Certificate> chain,
                           ParseCertificatesPem(authority.chain_pem));
  Json certificates = Json::array();
  for (const Certificate& certificate : chain) {
    certificates.push_back({{"rawBytes", base::EncodeBase64(certificate.der())}});
  }
  return Json{
      {"subject",
       {{"organization", authority.organization}, {"commonName", authority.common_name}}},
      {"uri", authority.uri},
      {"certChain", {{"certificates", std::move(certificates)}}},
  };
}

template <typename T>
Result<Json> List(const std::vector<T>& values, const char* name,
                  Result<Json> (*to_json)(const T&)) {
  Json list = Json::array();
  for (const T& value : values) {
    Result<Json> json = to_json(value);
    if (!json.ok()) {
      return base::Within(std::string(name) + "[" + std::to_string(list.size()) + "]",
                          std::move(json).error());
    }
    list.push_back(std::move(json).value());
  }
  return list;
}

}  // namespace

Result<std::string> TrustedRootJson(const SigstoreKeys& keys) {
  Json root = {{"mediaType", kMediaType}};
  SIGWARD_ASSIGN_OR_RETURN(root["tlogs"], List(keys.logs, "tLogs", LogJson));
  SIGWARD_ASSIGN_OR_RETURN(root["ctlogs"], List(keys.ct_logs, "ctLogs", LogJson));
  SIGWARD_ASSIGN_OR_RETURN(
      root["certificateAuthorities"],
      List(keys.certificate_authorities, "certificateAuthorities", AuthorityJson));
  SIGWARD_ASSIGN_OR_RETURN(root["timestampAuthorities"],
                           List(keys.timestamp_authorities, "timestampAuthorities", AuthorityJson));
  // What is not UTF-8 was refused above, so that nothing has to be replaced here.
  std::string json = root.dump(-1, ' ', false, Json::error_handler_t::replace);
  SIGWARD_ASSIGN_OR_RETURN(const TrustRoot parsed, TrustRoot::Parse(base::AsBytes(json)));
  // Whoever writes these keys means each of them.
  if (!parsed.unusable().empty()) {
    return base::Within(parsed.unusable().front().name, parsed.unusable().front().why);
  }
  return json;
}

Result<TrustRoot> TrustRoot::Of(const SigstoreKeys& keys) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string json, TrustedRootJson(keys));
  return Parse(base::AsBytes(json));
}

}  // namespace sigward::verifier
