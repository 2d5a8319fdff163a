#include "verifier/certificate/certificate_identity.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "verifier/certificate/fulcio_claims.h"
#include "verifier/der.h"

namespace sigward::verifier {
namespace {

using namespace std::string_view_literals;
using base::ByteView;
using base::Result;
using base::Status;

// 2.5.29.17
constexpr std::string_view kOidSubjectAltName = "\x55\x1d\x11"sv;
// 1.3.6.1.4.1.57264.1.7
constexpr std::string_view kOidFulcioOtherName = "\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x07"sv;
// GeneralName (RFC 5280 §4.2.1.6): context-specific tags.
constexpr std::uint8_t kOtherName = 0xa0;
constexpr std::uint8_t kRfc822Name = 0x81;
constexpr std::uint8_t kUri = 0x86;

base::Error Malformed(const char* what) {
  return base::Fail(base::Reason::kMalformed, std::string("signing certificate: ") + what);
}

/// Subject and issuer are compared with what a policy says and shown to people: no control
/// characters, DEL included.
Status CheckName(std::string_view name) {
  if (name.empty() || std::any_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
      })) {
    return Malformed("its subject or issuer is empty or holds a control character");
  }
  return base::Ok();
}

Result<std::string> ReadOtherName(ByteView contents) {
  DerReader reader(contents);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView type, reader.Read(DerTag::kObjectId));
  SIGWARD_ASSIGN_OR_RETURN(const ByteView value, reader.Read(DerTag::kContext0));
  if (base::AsText(type) != kOidFulcioOtherName || !reader.AtEnd()) {
    return Malformed("its subject is an otherName that is not Fulcio's");
  }
  return ReadDerText(value);
}

Status ReadSubject(const Certificate& leaf, CertificateIdentity& identity) {
  const Extension* extension = leaf.FindExtension(kOidSubjectAltName);
  if (extension == nullptr) {
    return Malformed("it has no subject alternative name");
  }
  DerReader whole(extension->value);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView sequence, whole.Read(DerTag::kSequence));
  DerReader names(sequence);
  if (!whole.AtEnd() || names.AtEnd()) {
    return Malformed("its list of subject alternative names is empty or goes on behind its end");
  }
  SIGWARD_ASSIGN_OR_RETURN(const DerItem name, names.ReadAny());
  // A policy that means one name must not be satisfied by another that stands beside it.
  if (!names.AtEnd()) {
    return Malformed("it has more than one subject alternative name");
  }
  if (name.tag == kOtherName) {
    identity.subject_type = SubjectType::kOtherName;
    SIGWARD_ASSIGN_OR_RETURN(identity.subject, ReadOtherName(name.contents));
  } else if (name.tag == kRfc822Name || name.tag == kUri) {
    identity.subject_type = name.tag == kUri ? SubjectType::kUri : SubjectType::kEmail;
    // IA5String.
    if (std::any_of(name.contents.begin(), name.contents.end(),
                    [](std::uint8_t byte) { return byte >= 0x80; })) {
      return Malformed("its subject is not ASCII");
    }
    SIGWARD_ASSIGN_OR_RETURN(identity.subject, ReadBareText(name.contents));
  } else {
    return Malformed("its subject alternative name is no e-mail address, URI or Fulcio otherName");
  }
  return CheckName(identity.subject);
}

}  // namespace

Result<CertificateIdentity> ReadCertificateIdentity(const Certificate& leaf) {
  CertificateIdentity identity;
  SIGWARD_RETURN_IF_ERROR(ReadSubject(leaf, identity));
  SIGWARD_ASSIGN_OR_RETURN(identity.issuer, ReadIssuer(leaf));
  SIGWARD_RETURN_IF_ERROR(CheckName(identity.issuer));
  SIGWARD_ASSIGN_OR_RETURN(identity.claims, ReadClaims(leaf));
  return identity;
}

}  // namespace sigward::verifier
