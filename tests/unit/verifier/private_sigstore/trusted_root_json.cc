#include "private_sigstore/trusted_root_json.h"

#include "base/base64.h"
#include "private_sigstore/certificate_authority.h"
#include "verifier/ossl.h"

namespace sigward::testing {

using base::Json;

Json LogJson(const TestKey& key, const std::string& details) {
  const base::ByteBuffer id = verifier::HashOf(key.spki(), verifier::HashAlgorithm::kSha256);
  return {{"baseUrl", "https://log.example"},
          {"hashAlgorithm", "SHA2_256"},
          {"publicKey",
           {{"rawBytes", base::EncodeBase64(key.spki())},
            {"keyDetails", details},
            {"validFor", {{"start", "2026-01-01T00:00:00Z"}}}}},
          {"logId", {{"keyId", base::EncodeBase64(id)}}}};
}

Json AuthorityJson(const std::vector<base::ByteView>& certificates) {
  Json chain = Json::array();
  for (const base::ByteView certificate : certificates) {
    chain.push_back({{"rawBytes", base::EncodeBase64(certificate)}});
  }
  return {{"subject", {{"organization", "example"}, {"commonName", "private sigstore"}}},
          {"uri", "https://fulcio.example"},
          {"certChain", {{"certificates", chain}}}};
}

Json AuthorityJson() {
  static const PrivateAuthority authority;
  return AuthorityJson({authority.intermediate().der(), authority.root().der()});
}

Json RootJson() {
  const TestKey& key = TestKey::Shared(verifier::KeyType::kEcdsaP256);
  Json root = {{"mediaType", "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}};
  for (const char* name : {"tlogs", "ctlogs"}) {
    root[name] = Json::array({LogJson(key, "PKIX_ECDSA_P256_SHA_256")});
  }
  for (const char* name : {"certificateAuthorities", "timestampAuthorities"}) {
    root[name] = Json::array({AuthorityJson()});
  }
  return root;
}

}  // namespace sigward::testing
