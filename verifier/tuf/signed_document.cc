#include "verifier/tuf/signed_document.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/text.h"
#include "verifier/tuf/canonical_json.h"

namespace sigward::verifier::tuf {
namespace {

using base::ByteBuffer;
using base::Json;
using base::JsonFields;
using base::Reason;
using base::Result;

/// An uncompressed point of P-256 (SEC 1 §2.3.3), and a key of RFC 8032.
constexpr std::size_t kPointBytes = 65;
constexpr std::size_t kEd25519Bytes = 32;
/// What stands before them in a DER SubjectPublicKeyInfo (RFC 5480, RFC 8410).
constexpr std::array<std::uint8_t, 26> kPointHead = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
constexpr std::array<std::uint8_t, 12> kEd25519Head = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                       0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

/// Hexadecimal in either case, as metadata has it.
Result<ByteBuffer> FromHex(std::string_view text) {
  return base::DecodeHex(base::LowerCase(text), text.size() / 2);
}

template <std::size_t Size>
Result<PublicKey> FromHexKey(std::string_view text, const std::array<std::uint8_t, Size>& head,
                             std::size_t size) {
  SIGWARD_ASSIGN_OR_RETURN(const ByteBuffer raw, base::DecodeHex(base::LowerCase(text), size));
  ByteBuffer spki(head.begin(), head.end());
  spki.insert(spki.end(), raw.begin(), raw.end());
  return PublicKey::FromSpki(spki);
}

Result<PublicKey> FromText(std::string_view scheme, std::string_view text) {
  if (scheme == "ed25519") {
    return FromHexKey(text, kEd25519Head, kEd25519Bytes);
  }
  return text.starts_with("-----") || scheme != "ecdsa-sha2-nistp256"
             ? PublicKey::Parse(text)
             : FromHexKey(text, kPointHead, kPointBytes);
}

/// By the one scheme that ReadKey takes for a key of this type.
bool IsBy(const PublicKey& key, base::ByteView message, base::ByteView signature) {
  return key.type() == KeyType::kRsa ? key.VerifyPss(message, signature).ok()
                                     : key.Verify(message, signature, HashAlgorithm::kSha256).ok();
}

/// The type of key that a key of TYPE signs with by SCHEME, if it is one that is verified here.
std::optional<KeyType> KnownScheme(std::string_view type, std::string_view scheme) {
  if (scheme == "ecdsa-sha2-nistp256" && (type == "ecdsa" || type == scheme)) {
    return KeyType::kEcdsaP256;
  }
  if (scheme == "ed25519" && type == scheme) {
    return KeyType::kEd25519;
  }
  if (scheme == "rsassa-pss-sha256" && type == "rsa") {
    return KeyType::kRsa;
  }
  return std::nullopt;
}

}  // namespace

Result<std::shared_ptr<const PublicKey>> ReadKey(JsonFields key) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string type, key.String("keytype"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string scheme, key.String("scheme"));
  SIGWARD_ASSIGN_OR_RETURN(const Json* value, key.Object("keyval"));
  const std::optional<KeyType> expected = KnownScheme(type, scheme);
  const auto text = value->find("public");
  if (!expected || text == value->end() || !text->is_string()) {
    return std::shared_ptr<const PublicKey>();
  }
  Result<PublicKey> read = FromText(scheme, text->get_ref<const std::string&>());
  if (!read.ok() || read->type() != *expected) {
    return std::shared_ptr<const PublicKey>();
  }
  return std::make_shared<const PublicKey>(*std::move(read));
}

base::Status SignedDocument::ReadSignatures(const Json& signatures) {
  if (signatures.size() > kMaxSignatures) {
    return base::Fail(Reason::kTooLarge,
                      name_ + " has more than " + std::to_string(kMaxSignatures) + " signatures");
  }
  std::set<std::string, std::less<>> seen;
  for (const Json& value : signatures) {
    SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, name_ + ".signatures[]"));
    SIGWARD_ASSIGN_OR_RETURN(std::string key_id, fields.String("keyid"));
    SIGWARD_ASSIGN_OR_RETURN(const std::string text, fields.String("sig"));
    if (!seen.insert(key_id).second) {
      return base::Fail(Reason::kMalformed, name_ + " has two signatures by key id " +
                                                base::OneLine(key_id, base::kMaxNameInError));
    }
    // An empty one is usual: whose turn to sign it was, did not.
    Result<ByteBuffer> bytes = FromHex(text);
    if (bytes.ok() && !bytes->empty()) {
      signatures_.push_back({std::move(key_id), *std::move(bytes)});
    }
  }
  return base::Ok();
}

Result<SignedDocument> SignedDocument::Parse(base::ByteView bytes, std::size_t max_bytes,
                                             std::string name) {
  Result<Json> json = base::ParseStrictJson(base::AsText(bytes), max_bytes);
  if (!json.ok()) {
    return base::Within(name, std::move(json).error());
  }
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(*json, name));
  SIGWARD_ASSIGN_OR_RETURN(const Json* signatures, fields.Array("signatures"));
  SIGWARD_RETURN_IF_ERROR(fields.Object("signed"));
  SignedDocument document;
  document.name_ = std::move(name);
  SIGWARD_RETURN_IF_ERROR(document.ReadSignatures(*signatures));
  document.content_ = std::move((*json)["signed"]);
  Result<std::string> canonical = CanonicalJson(document.content_);
  if (!canonical.ok()) {
    return base::Within(document.name_, std::move(canonical).error());
  }
  document.canonical_ = *std::move(canonical);
  return document;
}

Result<VerifiedDocument> SignedDocument::VerifyBy(const KeyRing& keys, const RoleRule& rule) const {
  std::set<ByteBuffer> signers;
  for (const Signature& signature : signatures_) {
    const auto key = keys.find(signature.key_id);
    const bool of_role =
        std::find(rule.key_ids.begin(), rule.key_ids.end(), signature.key_id) != rule.key_ids.end();
    if (of_role && key != keys.end() && key->second != nullptr &&
        IsBy(*key->second, base::AsBytes(canonical_), signature.bytes)) {
      signers.insert(key->second->fingerprint());
    }
  }
  // A threshold of 0 would be met by nobody's signature; it is refused where it is read, too.
  if (rule.threshold == 0 || signers.size() < rule.threshold) {
    const auto unusable =
        std::count_if(rule.key_ids.begin(), rule.key_ids.end(), [&keys](const std::string& key_id) {
          const auto key = keys.find(key_id);
          return key == keys.end() || key->second == nullptr;
        });
    return base::Fail(
        Reason::kBadSignature,
        name_ + " is signed by " + std::to_string(signers.size()) + " of the " +
            std::to_string(rule.threshold) + " keys that its role takes" +
            (unusable == 0 ? ""
                           : "; " + std::to_string(unusable) +
                                 " of the role's keys are not ECDSA P-256, Ed25519 or RSA-PSS"));
  }
  return VerifiedDocument(content_, name_);
}

}  // namespace sigward::verifier::tuf
