#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/json_fields.h"
#include "verifier/tuf/roles.h"

namespace sigward::verifier::tuf {

/// Witness: the metadata was signed as its role demands. Only SignedDocument::VerifyBy makes one.
/// It points into the SignedDocument.
class VerifiedDocument {
 public:
  const base::Json& content() const { return *content_; }
  const std::string& name() const { return *name_; }

 private:
  friend class SignedDocument;
  VerifiedDocument(const base::Json& content, const std::string& name)
      : content_(&content), name_(&name) {}
  const base::Json* content_;
  const std::string* name_;
};

/// A metadata file, of which nothing is believed yet (TUF §4.2).
class SignedDocument {
 public:
  /// Parses BYTES, at most MAX_BYTES; NAME is the file's in errors. Members that TUF does not know
  /// are allowed everywhere, as it demands, and are part of what is signed. Fails with kMalformed
  /// (also for two signatures by one key id), kTooLarge or kDuplicateKey.
  static base::Result<SignedDocument> Parse(base::ByteView bytes, std::size_t max_bytes,
                                            std::string name);

  /// What the file says, unverified: for a root, whose own keys stand in it.
  const base::Json& claimed() const { return content_; }
  const std::string& name() const { return name_; }

  /// Demands RULE.threshold signatures by as many different keys of RULE.key_ids. What counts is
  /// the key and not its id, so one key under two ids counts once; a signature that is broken, by
  /// another key, or by one that KEYS holds no usable key for, counts nothing. Fails with
  /// kBadSignature.
  base::Result<VerifiedDocument> VerifyBy(const KeyRing& keys, const RoleRule& rule) const;

 private:
  struct Signature {
    std::string key_id;
    base::ByteBuffer bytes;
  };
  // Null JSON throws nothing.
  SignedDocument() = default;  // NOLINT(bugprone-exception-escape)
  base::Status ReadSignatures(const base::Json& signatures);

  std::string name_;
  base::Json content_;
  std::string canonical_;
  std::vector<Signature> signatures_;
};

/// Reads a key (TUF §4.2): keytype `ecdsa` or `ecdsa-sha2-nistp256` with scheme
/// `ecdsa-sha2-nistp256`, in PEM or, as Sigstore's first roots have it, the point in hexadecimal;
/// `ed25519` in hexadecimal; `rsa` with scheme `rsassa-pss-sha256` in PEM, of the sizes that
/// PublicKey takes. Null for any other, and for what is no usable key. Fails with kMalformed when
/// it is not even the object that a key is.
base::Result<std::shared_ptr<const PublicKey>> ReadKey(base::JsonFields key);

}  // namespace sigward::verifier::tuf
