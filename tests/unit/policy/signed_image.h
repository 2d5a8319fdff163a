#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/strict_json.h"
#include "policy/evaluate.h"
#include "verifier/verify_image.h"

namespace sigward::testing {

/// A fresh ECDSA P-256 key of the test's own.
class SigningKey {
 public:
  SigningKey() : key_(EVP_EC_gen("P-256"), EVP_PKEY_free) {}

  std::string Pem() const {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PUBKEY(out.get(), key_.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }

  base::ByteBuffer Sign(base::ByteView message) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    base::ByteBuffer signature(256);
    std::size_t size = signature.size();
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size());
    signature.resize(size);
    return signature;
  }

  policy::Authority Authority(std::string name = "key") const {
    policy::Authority authority = {std::move(name), policy::KeyRule::Of(Pem(), {}).value()};
    authority.id = policy::IdOf(authority, {}).value();
    return authority;
  }
  verifier::AuthorityHash Id() const { return *Authority().id; }

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

/// Signs IMAGE as cosign's legacy format does, lets verifier/ verify it, and gives the proof.
inline policy::Proof ProofBy(const SigningKey& key, const verifier::Digest& image) {
  const std::string payload = base::Json{
      {"critical",
       {{"identity", {{"docker-reference", "registry.example/app"}}},
        {"image", {{"docker-manifest-digest", image.text()}}},
        {"type", "cosign container image signature"}}},
      {"optional", nullptr}}.dump();
  const verifier::Digest blob = verifier::Digest::Of(base::AsBytes(payload));
  const std::string config = "{}";
  const std::string manifest =
      base::Json{{"schemaVersion", 2},
                 {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                 {"config",
                  {{"mediaType", "application/vnd.oci.image.config.v1+json"},
                   {"digest", verifier::Digest::Of(base::AsBytes(config)).text()},
                   {"size", config.size()}}},
                 {"layers",
                  {{{"mediaType", "application/vnd.dev.cosign.simplesigning.v1+json"},
                    {"digest", blob.text()},
                    {"size", payload.size()},
                    {"annotations",
                     {{"dev.cosignproject.cosign/signature",
                       base::EncodeBase64(key.Sign(base::AsBytes(payload)))}}}}}}}
          .dump();
  const verifier::Evidence evidence = {
      {.kind = verifier::ObjectKind::kLegacyManifest,
       .digest = verifier::Digest::Of(base::AsBytes(manifest)),
       .bytes = base::AsBytes(manifest),
       .offered_for = image},
      {.kind = verifier::ObjectKind::kBlob,
       .digest = blob,
       .bytes = base::AsBytes(payload),
       .offered_for = std::nullopt},
  };
  std::vector<verifier::ImageAuthority> authorities;
  authorities.push_back(verifier::KeyAuthority{
      .id = key.Id(), .key = verifier::PublicKey::Parse(key.Pem()).value(), .hash = std::nullopt});
  verifier::ChainMemory memory;
  const verifier::ImageVerdict verdict =
      verifier::VerifyImage(image, {.os = "linux", .architecture = "amd64", .variant = ""},
                            evidence, authorities, memory);
  return policy::Proof::Of(
      std::get<verifier::VerifiedSignature>(verdict.authorities.at(0).outcome));
}

}  // namespace sigward::testing
