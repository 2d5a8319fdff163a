#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/public_key.h"
#include "verifier/validity.h"

/// OpenSSL's X509. Named here without its header, so that other rooms do not see the library.
struct x509_st;

namespace sigward::verifier {

/// Longest certificate that is parsed, in bytes of DER.
inline constexpr std::size_t kMaxCertificateBytes = 16U << 10;
/// Extensions of one certificate. Fulcio writes up to thirty.
inline constexpr std::size_t kMaxExtensions = 64;

/// One extension of a certificate (RFC 5280 §4.1), as views into its DER.
struct Extension {
  /// The contents of the OBJECT IDENTIFIER.
  base::ByteView oid;
  bool critical = false;
  /// The contents of the OCTET STRING.
  base::ByteView value;
  /// The whole element.
  base::ByteView element;
};

/// An X.509 certificate, parsed and not yet believed. Cheap to copy; never changed.
class Certificate {
 public:
  /// Parses exactly one DER certificate (RFC 5280 §4.1) in which no extension stands twice.
  /// Fails with kMalformed or kTooLarge.
  static base::Result<Certificate> Parse(base::ByteView der);

  base::ByteView der() const;
  /// SHA-256 over the DER, 32 bytes.
  base::ByteView fingerprint() const;
  /// DER SubjectPublicKeyInfo.
  base::ByteView spki() const;
  /// The key, held to what PublicKey::FromSpki demands, and failing as that does.
  base::Result<PublicKey> Key() const;
  /// Both ends are there.
  Validity validity() const;
  /// DER Name of subject and issuer.
  base::ByteView subject() const;
  base::ByteView issuer() const;

  /// In the order of the certificate. The views live as long as any copy of this certificate.
  const std::vector<Extension>& extensions() const;
  /// The extension with this OID (contents of the OBJECT IDENTIFIER), or null.
  const Extension* FindExtension(std::string_view oid) const;
  /// DER TBSCertificate without the extension OID, every other byte as it is (RFC 6962 §3.2).
  base::ByteBuffer TbsWithout(std::string_view oid) const;

  /// For the other files of this module and for OpenSSL's own calls; never null.
  x509_st* x509() const;

 private:
  struct Parts;
  explicit Certificate(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

}  // namespace sigward::verifier
