#include "verifier/timestamp/signing_certificate.h"

#include <openssl/x509.h>

#include <algorithm>
#include <string>

#include "verifier/der.h"
#include "verifier/ossl.h"
#include "verifier/timestamp/algorithms.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::ByteView;
using base::Reason;

base::Error Malformed(const char* what) {
  return base::Fail(Reason::kMalformed, what);
}

bool Equal(ByteView a, ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

/// Empty when it cannot be computed, which equals no digest that was parsed.
ByteBuffer Sha1Of(ByteView bytes) {
  ByteBuffer out(EVP_MAX_MD_SIZE);
  std::size_t size = 0;
  if (EVP_Q_digest(Library(), "SHA1", nullptr, bytes.data(), bytes.size(), out.data(), &size) !=
      1) {
    return {};
  }
  out.resize(size);
  return out;
}

/// GeneralNames that hold one directoryName (RFC 5280 §4.2.1.6): the DER Name in it.
base::Result<ByteView> DirectoryNameIn(ByteView general_names) {
  DerReader names(general_names);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView tagged, names.Read(DerTag::kContext4));
  DerReader name(tagged);
  SIGWARD_ASSIGN_OR_RETURN(const DerItem only, name.ReadAny());
  if (!names.AtEnd() || !name.AtEnd() || !only.Is(DerTag::kSequence)) {
    return Malformed("the issuer of a signing certificate is not one directory name");
  }
  return only.whole;
}

base::Result<CertificateId> ReadCertificateId(DerReader& ids, SigningCertificateVersion version) {
  SIGWARD_ASSIGN_OR_RETURN(const ByteView sequence, ids.Read(DerTag::kSequence));
  DerReader parts(sequence);
  CertificateId id;
  if (version == SigningCertificateVersion::kV2) {
    id.hash = HashAlgorithm::kSha256;
    if (parts.NextIs(DerTag::kSequence)) {
      SIGWARD_ASSIGN_OR_RETURN(id.hash, ReadHashAlgorithm(parts));
    }
  }
  SIGWARD_ASSIGN_OR_RETURN(id.digest, parts.Read(DerTag::kOctetString));
  if (id.digest.empty()) {
    return Malformed("the hash of a signing certificate is empty");
  }
  if (parts.NextIs(DerTag::kSequence)) {
    SIGWARD_ASSIGN_OR_RETURN(const ByteView issuer_serial, parts.Read(DerTag::kSequence));
    DerReader both(issuer_serial);
    SIGWARD_ASSIGN_OR_RETURN(const ByteView names, both.Read(DerTag::kSequence));
    SIGWARD_ASSIGN_OR_RETURN(id.issuer, DirectoryNameIn(names));
    SIGWARD_ASSIGN_OR_RETURN(id.serial, both.Read(DerTag::kInteger));
    if (!both.AtEnd()) {
      return Malformed("something follows a serial number");
    }
  }
  if (!parts.AtEnd()) {
    return Malformed("something follows a signing certificate's name");
  }
  return id;
}

}  // namespace

bool CertificateId::HasHashOf(ByteView der) const {
  return Equal(hash ? HashOf(der, *hash) : Sha1Of(der), digest);
}

bool CertificateId::Names(const Certificate& certificate) const {
  return HasHashOf(certificate.der()) && (issuer.empty() || (Equal(certificate.issuer(), issuer) &&
                                                             Equal(SerialOf(certificate), serial)));
}

base::Result<std::vector<CertificateId>> ParseSigningCertificate(
    ByteView values, SigningCertificateVersion version) {
  DerReader set(values);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView sequence, set.Read(DerTag::kSequence));
  DerReader value(sequence);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView certificates, value.Read(DerTag::kSequence));
  if (value.NextIs(DerTag::kSequence)) {
    SIGWARD_RETURN_IF_ERROR(value.Read(DerTag::kSequence));  // policies
  }
  if (!set.AtEnd() || !value.AtEnd()) {
    return Malformed("something follows the signing certificates");
  }
  std::vector<CertificateId> out;
  DerReader ids(certificates);
  while (!ids.AtEnd()) {
    if (out.size() == kMaxChainLength) {
      return base::Fail(Reason::kTooLarge, "it names more than " + std::to_string(kMaxChainLength) +
                                               " signing certificates");
    }
    SIGWARD_ASSIGN_OR_RETURN(out.emplace_back(), ReadCertificateId(ids, version));
  }
  if (out.empty()) {
    return Malformed("it names no signing certificate");
  }
  return out;
}

ByteBuffer SerialOf(const Certificate& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate.x509()), &der);
  const std::unique_ptr<unsigned char, decltype([](unsigned char* p) { OPENSSL_free(p); })> owner(
      der);
  if (size <= 0) {
    base::AbortOnMisuse("the serial number of a parsed certificate has no DER");
  }
  DerReader reader(ByteView(der, static_cast<std::size_t>(size)));
  const auto contents = reader.Read(DerTag::kInteger);
  return contents.ok() ? ByteBuffer(contents->begin(), contents->end()) : ByteBuffer();
}

}  // namespace sigward::verifier
