#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "private_sigstore/certificate_authority.h"
#include "test_key.h"
#include "verifier/certificate/certificate.h"
#include "verifier/trust/certificate_authority.h"
#include "verifier/validity.h"

namespace sigward::testing {

/// A certificate and its key.
struct Certified {
  TestKey key;
  verifier::Certificate certificate;
};

/// ISSUER signs; null for a certificate that is signed by its own key.
Certified Certify(const CertificatePlan& plan, const TestKey& key, const Certified* issuer);

/// Every part of a time stamp, so that a test can make one of them wrong. All bytes are DER.
struct StampPlan {
  int status = 0;
  base::ByteBuffer status_rest;
  base::ByteBuffer token_type;
  base::ByteBuffer content_type;

  base::ByteBuffer version;
  base::ByteBuffer imprint_algorithm;
  base::ByteBuffer imprint;
  std::string gen_time;
  /// What follows genTime: accuracy, ordering, nonce, tsa, extensions.
  base::ByteBuffer info_rest;
  /// What is done to the TSTInfo after it was signed.
  std::function<void(base::ByteBuffer&)> change_info;

  std::optional<std::vector<base::ByteBuffer>> carried;
  base::ByteBuffer revocation_lists;

  const Certified* signer = nullptr;
  std::optional<base::ByteBuffer> signer_name;
  std::uint8_t signer_version = 1;
  base::ByteBuffer digest_algorithm;
  verifier::HashAlgorithm digest = verifier::HashAlgorithm::kSha256;
  base::ByteBuffer signature_algorithm;
  /// Given the TSTInfo as it is signed; whole Attribute elements.
  std::function<std::vector<base::ByteBuffer>(const base::ByteBuffer& info)> attributes;
  /// Signs the attributes with another key.
  const TestKey* other_key = nullptr;
  base::ByteBuffer unsigned_attributes;
  int signers = 1;
  /// What follows the token inside the response.
  base::ByteBuffer response_rest;
};

/// TIME as a TSTInfo spells it.
std::string GenTimeOf(verifier::Time time);

/// SET OF values under a name.
base::ByteBuffer Attribute(const char* oid, const base::ByteBuffer& value);
base::ByteBuffer ContentTypeAttribute();
base::ByteBuffer MessageDigestAttribute(
    base::ByteView info, verifier::HashAlgorithm hash = verifier::HashAlgorithm::kSha256);
/// GeneralNames and serial number of CERTIFICATE.
base::ByteBuffer IssuerSerialOf(const verifier::Certificate& certificate);
/// SigningCertificateV2 of IDS (ESSCertIDv2 elements).
base::ByteBuffer SigningCertificateV2(std::initializer_list<base::ByteBuffer> ids);
base::ByteBuffer CertificateIdV2(const verifier::Certificate& certificate);
/// SigningCertificate, by SHA-1.
base::ByteBuffer SigningCertificateV1(const verifier::Certificate& certificate);

/// The SignerIdentifier by issuer and serial number.
base::ByteBuffer SignerNameOf(const verifier::Certificate& certificate);

/// A time stamp authority: leaf, intermediate, root.
class TimestampAuthority {
 public:
  /// 2030-01-01T00:00:00Z, when all of its certificates are a day old.
  static const verifier::Time kNow;

  TimestampAuthority();

  const Certified& leaf() const { return leaf_; }
  const Certified& intermediate() const { return intermediate_; }
  const Certified& root() const { return root_; }

  /// The plans by which they were made, to make them again with one fault.
  static CertificatePlan LeafPlan();
  static CertificatePlan IntermediatePlan();
  static CertificatePlan RootPlan();
  /// Another leaf of the same intermediate.
  Certified MakeLeaf(const CertificatePlan& plan) const;

  /// As a trusted root holds it, with and without the leaf, valid from a day before kNow on.
  verifier::CertificateAuthority Trusted() const;
  verifier::CertificateAuthority TrustedWithoutLeaf() const;

  /// A good time stamp over SIGNATURE at kNow, without certificates.
  StampPlan Plan(base::ByteView signature) const;
  /// The same by SIGNER.
  static StampPlan PlanBy(const Certified& signer, base::ByteView signature);

 private:
  Certified root_;
  Certified intermediate_;
  Certified leaf_;
};

/// The DER TimeStampResp.
base::ByteBuffer Encode(const StampPlan& plan);

}  // namespace sigward::testing
