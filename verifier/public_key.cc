#include "verifier/public_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <utility>

#include "base/ascii.h"
#include "base/text.h"
#include "verifier/der.h"
#include "verifier/ossl.h"
#include "verifier/pem.h"
#include "verifier/spki.h"

namespace sigward::verifier {
namespace {

base::Error Internal(const char* what) {
  ERR_clear_error();
  return base::Fail(base::Reason::kInternal, what);
}

base::Error NotByThisKey() {
  return base::Fail(base::Reason::kBadSignature, "the signature is not by this key");
}

const char* GroupName(KeyType type) {
  return type == KeyType::kEcdsaP256 ? "P-256" : type == KeyType::kEcdsaP384 ? "P-384" : "P-521";
}

bool IsEcdsa(KeyType type) {
  return type == KeyType::kEcdsaP256 || type == KeyType::kEcdsaP384 || type == KeyType::kEcdsaP521;
}

/// Gives the parameters of one public key to OpenSSL. Null when it does not take them.
EvpKeyPtr KeyFromParams(const char* type, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  const EvpKeyContextPtr context(EVP_PKEY_CTX_new_from_name(Library(), type, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return EvpKeyPtr(key);
}

EvpKeyPtr MakeRsa(const KeyParts& parts) {
  const auto number = [](base::ByteView bytes) {
    return BignumPtr(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  };
  const BignumPtr modulus = number(parts.modulus);
  const BignumPtr exponent = number(parts.exponent);
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (modulus == nullptr || exponent == nullptr || builder == nullptr ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  return KeyFromParams("RSA", builder.get());
}

EvpKeyPtr MakeEc(const KeyParts& parts) {
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                      GroupName(parts.type), 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, parts.point.data(),
                                       parts.point.size()) != 1) {
    return nullptr;
  }
  EvpKeyPtr key = KeyFromParams("EC", builder.get());
  if (key == nullptr) {
    return nullptr;
  }
  // The quick check asks whether the point is on its curve. All three curves have cofactor 1, so
  // every such point is in the group, and the slow check would only find that out again.
  const EvpKeyContextPtr check(EVP_PKEY_CTX_new_from_pkey(Library(), key.get(), nullptr));
  if (check == nullptr || EVP_PKEY_public_check_quick(check.get()) != 1) {
    return nullptr;
  }
  return key;
}

EvpKeyPtr MakeKey(const KeyParts& parts) {
  if (parts.type == KeyType::kRsa) {
    return MakeRsa(parts);
  }
  if (parts.type == KeyType::kEd25519) {
    return EvpKeyPtr(EVP_PKEY_new_raw_public_key_ex(Library(), "ED25519", nullptr,
                                                    parts.point.data(), parts.point.size()));
  }
  return MakeEc(parts);
}

/// OpenSSL tolerates some spellings of an ECDSA signature that are BER but not DER; one signature
/// must have one spelling.
base::Status CheckEcdsaDer(base::ByteView signature) {
  DerReader whole(signature);
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView sequence, whole.Read(DerTag::kSequence));
  DerReader numbers(sequence);
  SIGWARD_RETURN_IF_ERROR(numbers.ReadPositiveInteger());
  SIGWARD_RETURN_IF_ERROR(numbers.ReadPositiveInteger());
  if (!whole.AtEnd() || !numbers.AtEnd()) {
    return base::Fail(base::Reason::kMalformed, "something follows the signature");
  }
  return base::Ok();
}

}  // namespace

base::Result<HashAlgorithm> ParseHashAlgorithm(std::string_view name) {
  const std::string lower = base::LowerCase(name.substr(0, base::kMaxNameInError));
  for (const HashAlgorithm algorithm : {HashAlgorithm::kSha224, HashAlgorithm::kSha256,
                                        HashAlgorithm::kSha384, HashAlgorithm::kSha512}) {
    if (name.size() == lower.size() && lower == HashAlgorithmName(algorithm)) {
      return algorithm;
    }
  }
  return base::Fail(base::Reason::kUnsupportedAlgorithm,
                    "hash algorithm " + base::OneLine(name, base::kMaxNameInError) +
                        " is none of sha224, sha256, sha384 and sha512");
}

std::string_view HashAlgorithmName(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha224:
      return "sha224";
    case HashAlgorithm::kSha256:
      return "sha256";
    case HashAlgorithm::kSha384:
      return "sha384";
    case HashAlgorithm::kSha512:
      return "sha512";
  }
  base::AbortOnMisuse("unknown hash algorithm");
}

struct PublicKey::Handle {
  EvpKeyPtr key;
};

PublicKey::PublicKey(std::unique_ptr<Handle> handle, KeyType type, base::ByteBuffer spki)
    : handle_(std::move(handle)),
      type_(type),
      spki_(std::move(spki)),
      fingerprint_(HashOf(spki_, HashAlgorithm::kSha256)) {}
PublicKey::PublicKey(PublicKey&&) noexcept = default;
PublicKey& PublicKey::operator=(PublicKey&&) noexcept = default;
PublicKey::~PublicKey() = default;

base::Result<PublicKey> PublicKey::Parse(std::string_view pem) {
  SIGWARD_ASSIGN_OR_RETURN(const PemBlock block, ParsePem(pem, kMaxPublicKeyPem));
  if (block.label.ends_with("PRIVATE KEY")) {
    return base::Fail(base::Reason::kMalformed, "a private key stands where a public key belongs");
  }
  if (block.label != "PUBLIC KEY" && block.label != "RSA PUBLIC KEY") {
    return base::Fail(base::Reason::kMalformed,
                      "PEM block " + block.label + " is neither PUBLIC KEY nor RSA PUBLIC KEY");
  }
  return FromSpki(block.label == "PUBLIC KEY" ? block.contents : SpkiOfPkcs1(block.contents));
}

base::Result<PublicKey> PublicKey::FromSpki(base::ByteView der) {
  if (der.size() > kMaxPublicKeyPem) {
    return base::Fail(base::Reason::kTooLarge,
                      "public key: longer than " + std::to_string(kMaxPublicKeyPem) + " bytes");
  }
  SIGWARD_ASSIGN_OR_RETURN(const KeyParts parts, ParseSpki(der));
  auto handle = std::make_unique<Handle>();
  handle->key = MakeKey(parts);
  if (handle->key == nullptr) {
    ERR_clear_error();
    return base::Fail(base::Reason::kMalformed,
                      "public key: its numbers are no key (the point is not on its curve)");
  }
  return PublicKey(std::move(handle), parts.type, {der.begin(), der.end()});
}

base::Status PublicKey::CheckShape(base::ByteView signature) const {
  if (signature.size() > kMaxSignatureBytes) {
    return base::Fail(base::Reason::kTooLarge, "the signature is longer than " +
                                                   std::to_string(kMaxSignatureBytes) + " bytes");
  }
  if (signature.empty() || (IsEcdsa(type_) && !CheckEcdsaDer(signature).ok())) {
    return NotByThisKey();
  }
  return base::Ok();
}

base::Result<SignedBytes> PublicKey::VerifyAs(base::ByteView message, base::ByteView signature,
                                              HashAlgorithm hash, bool pss) const {
  SIGWARD_RETURN_IF_ERROR(CheckShape(signature));
  const EvpDigestContextPtr context(EVP_MD_CTX_new());
  const char* digest = type_ == KeyType::kEd25519 ? nullptr : OsslDigestName(hash);
  // The context owns it.
  EVP_PKEY_CTX* padding = nullptr;
  if (context == nullptr || EVP_DigestVerifyInit_ex(context.get(), &padding, digest, Library(),
                                                    nullptr, handle_->key.get(), nullptr) != 1) {
    return Internal("a signature check cannot be set up");
  }
  // Left alone, RSA's padding is PKCS#1 v1.5, and MGF1's hash in PSS that of the message.
  if (pss && (EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) != 1 ||
              EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_AUTO) != 1)) {
    return Internal("a signature check cannot be set up");
  }
  // Anything but 1 is no signature: 0 says so, and below 0 the bytes were not even one.
  if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                       message.size()) != 1) {
    ERR_clear_error();
    return NotByThisKey();
  }
  return SignedBytes(message);
}

base::Result<SignedBytes> PublicKey::Verify(base::ByteView message, base::ByteView signature,
                                            HashAlgorithm hash) const {
  return VerifyAs(message, signature, hash, /*pss=*/false);
}

base::Result<SignedBytes> PublicKey::VerifyPss(base::ByteView message,
                                               base::ByteView signature) const {
  if (type_ != KeyType::kRsa) {
    return base::Fail(base::Reason::kUnsupportedAlgorithm,
                      "an RSASSA-PSS signature cannot be checked by a key that is not RSA");
  }
  return VerifyAs(message, signature, HashAlgorithm::kSha256, /*pss=*/true);
}

base::Result<SignedDigest> PublicKey::VerifyDigest(base::ByteView digest, base::ByteView signature,
                                                   HashAlgorithm hash) const {
  if (type_ == KeyType::kEd25519) {
    return base::Fail(base::Reason::kUnsupportedAlgorithm,
                      "an Ed25519 signature cannot be checked by a digest");
  }
  if (digest.size() != static_cast<std::size_t>(EVP_MD_get_size(FetchedDigest(hash)))) {
    return base::Fail(base::Reason::kMalformed, "the digest has another length than its algorithm");
  }
  SIGWARD_RETURN_IF_ERROR(CheckShape(signature));
  const EvpKeyContextPtr context(
      EVP_PKEY_CTX_new_from_pkey(Library(), handle_->key.get(), nullptr));
  // OpenSSL's default padding for RSA is PKCS#1 v1.5, the only one here.
  if (context == nullptr || EVP_PKEY_verify_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_signature_md(context.get(), FetchedDigest(hash)) != 1) {
    return Internal("a signature check cannot be set up");
  }
  if (EVP_PKEY_verify(context.get(), signature.data(), signature.size(), digest.data(),
                      digest.size()) != 1) {
    ERR_clear_error();
    return NotByThisKey();
  }
  return SignedDigest(digest);
}

}  // namespace sigward::verifier
