#include "verifier/timestamp/timestamp_token.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "verifier/der.h"

namespace sigward::verifier {
namespace {

using namespace std::string_view_literals;
using base::ByteView;
using base::Reason;
using base::Result;
using base::Status;

constexpr std::string_view kOidSignedData = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"sv;
constexpr std::string_view kOidTstInfo = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04"sv;
constexpr std::string_view kOidContentType = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"sv;
constexpr std::string_view kOidMessageDigest = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"sv;
constexpr std::string_view kOidSigningCertificate =
    "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c"sv;
constexpr std::string_view kOidSigningCertificateV2 =
    "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f"sv;

base::Error Malformed(const char* what) {
  return base::Fail(Reason::kMalformed, what);
}

base::Error Invalid(const char* what) {
  return base::Fail(Reason::kTimestampInvalid, what);
}

/// The contents of the only element, of type TAG, that BYTES hold.
Result<ByteView> ReadOnly(ByteView bytes, DerTag tag) {
  DerReader reader(bytes);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView contents, reader.Read(tag));
  if (!reader.AtEnd()) {
    return Malformed("something follows an element");
  }
  return contents;
}

/// Reads the next element, of type TAG, if there is one; nobody looks at what is in it.
Status SkipOptional(DerReader& reader, DerTag tag) {
  if (reader.NextIs(tag)) {
    SIGWARD_RETURN_IF_ERROR(reader.Read(tag));
  }
  return base::Ok();
}

/// A PKIStatusInfo that grants.
Status CheckStatus(ByteView contents) {
  DerReader info(contents);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView status, info.Read(DerTag::kInteger));
  if (status.size() != 1 || status[0] > 1) {
    return Invalid("its status is neither granted nor grantedWithMods");
  }
  SIGWARD_RETURN_IF_ERROR(SkipOptional(info, DerTag::kSequence));
  return info.AtEnd() ? base::Ok() : Malformed("it says why it failed, and that it did not");
}

/// One of the attributes that are looked at: its only value, once.
Status Keep(ByteView values, std::optional<ByteView>& into) {
  if (into) {
    return Malformed("an attribute is there twice");
  }
  into = values;
  return base::Ok();
}

struct Attributes {
  std::optional<ByteView> content_type;
  std::optional<ByteView> message_digest;
  std::optional<ByteView> signing_certificate;
  std::optional<ByteView> signing_certificate_v2;
};

Result<Attributes> ReadAttributes(ByteView contents) {
  Attributes out;
  DerReader reader(contents);
  while (!reader.AtEnd()) {
    SIGWARD_ASSIGN_OR_RETURN(const ByteView sequence, reader.Read(DerTag::kSequence));
    DerReader attribute(sequence);
    SIGWARD_ASSIGN_OR_RETURN(const ByteView oid, attribute.Read(DerTag::kObjectId));
    SIGWARD_ASSIGN_OR_RETURN(const ByteView values, attribute.Read(DerTag::kSet));
    if (!attribute.AtEnd()) {
      return Malformed("something follows an attribute");
    }
    const std::string_view name = base::AsText(oid);
    if (name == kOidContentType) {
      SIGWARD_RETURN_IF_ERROR(Keep(values, out.content_type));
    } else if (name == kOidMessageDigest) {
      SIGWARD_RETURN_IF_ERROR(Keep(values, out.message_digest));
    } else if (name == kOidSigningCertificate) {
      SIGWARD_RETURN_IF_ERROR(Keep(values, out.signing_certificate));
    } else if (name == kOidSigningCertificateV2) {
      SIGWARD_RETURN_IF_ERROR(Keep(values, out.signing_certificate_v2));
    }
  }
  return out;
}

/// ITEM is the `[0] IMPLICIT` element; what is signed is the same with the tag of a SET.
Status TakeAttributes(const DerItem& item, TimestampToken& token) {
  SIGWARD_ASSIGN_OR_RETURN(const Attributes attributes, ReadAttributes(item.contents));
  if (!attributes.content_type || !attributes.message_digest) {
    return Invalid("what is signed names neither content type nor message digest, or but one");
  }
  SIGWARD_ASSIGN_OR_RETURN(const ByteView type,
                           ReadOnly(*attributes.content_type, DerTag::kObjectId));
  if (base::AsText(type) != kOidTstInfo) {
    return Invalid("what is signed is no time stamp");
  }
  SIGWARD_ASSIGN_OR_RETURN(token.message_digest,
                           ReadOnly(*attributes.message_digest, DerTag::kOctetString));
  if (!attributes.signing_certificate && !attributes.signing_certificate_v2) {
    return Invalid("what is signed does not name the signer's certificate");
  }
  token.signing_certificate = attributes.signing_certificate;
  token.signing_certificate_v2 = attributes.signing_certificate_v2;
  token.signed_attributes.assign(item.whole.begin(), item.whole.end());
  token.signed_attributes.front() = static_cast<std::uint8_t>(DerTag::kSet);
  return base::Ok();
}

/// Version 1 goes with issuer and serial number, 3 with a key id (RFC 5652 §5.3).
Result<SignerName> ReadSignerName(DerReader& info) {
  SIGWARD_ASSIGN_OR_RETURN(const ByteView version, info.ReadPositiveInteger());
  SignerName out;
  if (info.NextIs(DerTag::kContext0Primitive)) {
    SIGWARD_ASSIGN_OR_RETURN(out.key_id, info.Read(DerTag::kContext0Primitive));
    if (out.key_id.empty()) {
      return Malformed("the signer's key id is empty");
    }
  } else {
    SIGWARD_ASSIGN_OR_RETURN(const ByteView contents, info.Read(DerTag::kSequence));
    DerReader name(contents);
    SIGWARD_ASSIGN_OR_RETURN(const DerItem issuer, name.ReadAny());
    SIGWARD_ASSIGN_OR_RETURN(out.serial, name.Read(DerTag::kInteger));
    if (!issuer.Is(DerTag::kSequence) || !name.AtEnd()) {
      return Malformed("the signer's name is not an issuer and a serial number");
    }
    out.issuer = issuer.whole;
  }
  if (version.size() != 1 || version[0] != (out.key_id.empty() ? 1 : 3)) {
    return base::Fail(Reason::kUnsupportedFormat, "the version of its SignerInfo is another");
  }
  return out;
}

Status ReadSigner(ByteView signer_infos, TimestampToken& token) {
  DerReader set(signer_infos);
  if (set.AtEnd()) {
    return Invalid("nobody signed it");
  }
  SIGWARD_ASSIGN_OR_RETURN(const ByteView sequence, set.Read(DerTag::kSequence));
  if (!set.AtEnd()) {
    return Invalid("it has more than one signer");
  }
  DerReader info(sequence);
  SIGWARD_ASSIGN_OR_RETURN(token.signer, ReadSignerName(info));
  SIGWARD_ASSIGN_OR_RETURN(token.digest, ReadHashAlgorithm(info));
  if (!info.NextIs(DerTag::kContext0)) {
    return Invalid("its signature is not over attributes");
  }
  SIGWARD_ASSIGN_OR_RETURN(const DerItem attributes, info.ReadAny());
  SIGWARD_RETURN_IF_ERROR(TakeAttributes(attributes, token));
  SIGWARD_ASSIGN_OR_RETURN(token.algorithm, ReadSignatureAlgorithm(info));
  if (token.algorithm.hash && *token.algorithm.hash != token.digest) {
    return base::Fail(Reason::kUnsupportedAlgorithm, "it is signed with two different hashes");
  }
  SIGWARD_ASSIGN_OR_RETURN(token.signature, info.Read(DerTag::kOctetString));
  SIGWARD_RETURN_IF_ERROR(SkipOptional(info, DerTag::kContext1));  // unsigned attributes
  return info.AtEnd() ? base::Ok() : Malformed("something follows its signature");
}

Status ReadContent(ByteView contents, TimestampToken& token) {
  DerReader content(contents);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView type, content.Read(DerTag::kObjectId));
  if (base::AsText(type) != kOidTstInfo) {
    return base::Fail(Reason::kUnsupportedFormat, "its content is no TSTInfo");
  }
  SIGWARD_ASSIGN_OR_RETURN(const ByteView wrapped, content.Read(DerTag::kContext0));
  SIGWARD_ASSIGN_OR_RETURN(token.signed_content, ReadOnly(wrapped, DerTag::kOctetString));
  if (!content.AtEnd()) {
    return Malformed("something follows its content");
  }
  SIGWARD_ASSIGN_OR_RETURN(token.info, ParseTstInfo(token.signed_content));
  return base::Ok();
}

Status ReadCertificates(ByteView contents, TimestampToken& token) {
  DerReader certificates(contents);
  while (!certificates.AtEnd()) {
    if (token.certificates.size() == kMaxTimestampCertificates) {
      return base::Fail(
          Reason::kTooLarge,
          "it carries more than " + std::to_string(kMaxTimestampCertificates) + " certificates");
    }
    SIGWARD_ASSIGN_OR_RETURN(const DerItem certificate, certificates.ReadAny());
    if (!certificate.Is(DerTag::kSequence)) {
      return base::Fail(Reason::kUnsupportedFormat, "it carries something that is no certificate");
    }
    token.certificates.push_back(certificate.whole);
  }
  return base::Ok();
}

Result<TimestampToken> ReadSignedData(ByteView contents) {
  DerReader data(contents);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView version, data.ReadPositiveInteger());
  if (version.size() != 1 || version[0] > 5) {
    return base::Fail(Reason::kUnsupportedFormat, "the version of its SignedData is unknown");
  }
  SIGWARD_RETURN_IF_ERROR(data.Read(DerTag::kSet));  // digestAlgorithms: a hint for readers ahead
  SIGWARD_ASSIGN_OR_RETURN(const ByteView content, data.Read(DerTag::kSequence));
  TimestampToken token;
  SIGWARD_RETURN_IF_ERROR(ReadContent(content, token));
  if (data.NextIs(DerTag::kContext0)) {
    SIGWARD_ASSIGN_OR_RETURN(const ByteView certificates, data.Read(DerTag::kContext0));
    SIGWARD_RETURN_IF_ERROR(ReadCertificates(certificates, token));
  }
  SIGWARD_RETURN_IF_ERROR(SkipOptional(data, DerTag::kContext1));  // revocation lists
  SIGWARD_ASSIGN_OR_RETURN(const ByteView signers, data.Read(DerTag::kSet));
  if (!data.AtEnd()) {
    return Malformed("something follows its signers");
  }
  SIGWARD_RETURN_IF_ERROR(ReadSigner(signers, token));
  return token;
}

}  // namespace

Result<TimestampToken> ParseTimestamp(ByteView der) {
  if (der.size() > kMaxTimestampBytes) {
    return base::Fail(Reason::kTooLarge,
                      "it is longer than " + std::to_string(kMaxTimestampBytes) + " bytes");
  }
  SIGWARD_ASSIGN_OR_RETURN(const ByteView response, ReadOnly(der, DerTag::kSequence));
  DerReader parts(response);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView status, parts.Read(DerTag::kSequence));
  SIGWARD_RETURN_IF_ERROR(CheckStatus(status));
  SIGWARD_ASSIGN_OR_RETURN(const ByteView token, parts.Read(DerTag::kSequence));
  if (!parts.AtEnd()) {
    return Malformed("something follows it");
  }
  DerReader content_info(token);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView type, content_info.Read(DerTag::kObjectId));
  if (base::AsText(type) != kOidSignedData) {
    return base::Fail(Reason::kUnsupportedFormat, "it is no signed data");
  }
  SIGWARD_ASSIGN_OR_RETURN(const ByteView wrapped, content_info.Read(DerTag::kContext0));
  if (!content_info.AtEnd()) {
    return Malformed("something follows its signed data");
  }
  SIGWARD_ASSIGN_OR_RETURN(const ByteView data, ReadOnly(wrapped, DerTag::kSequence));
  return ReadSignedData(data);
}

}  // namespace sigward::verifier
