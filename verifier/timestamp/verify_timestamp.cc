#include "verifier/timestamp/verify_timestamp.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "verifier/certificate/certificate.h"
#include "verifier/ossl.h"
#include "verifier/timestamp/signing_certificate.h"
#include "verifier/timestamp/timestamp_chain.h"
#include "verifier/timestamp/timestamp_token.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::ByteView;
using base::Reason;
using base::Result;
using base::Status;

constexpr const char* kContext = "time stamp";

bool Equal(ByteView a, ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

base::Error Invalid(const char* what) {
  return base::Fail(Reason::kTimestampInvalid, what);
}

/// A token, and the certificates that its signature names: the signer's first.
struct NamedToken {
  TimestampToken token;
  std::vector<std::vector<CertificateId>> names;
};

/// What holds or does not hold whoever the authority is.
Result<NamedToken> ReadToken(ByteView der, ByteView signature) {
  NamedToken out;
  SIGWARD_ASSIGN_OR_RETURN(out.token, ParseTimestamp(der));
  const TimestampToken& token = out.token;
  if (!Equal(HashOf(signature, token.info.imprint_hash), token.info.imprint)) {
    return Invalid("it is of another signature");
  }
  if (!Equal(HashOf(token.signed_content, token.digest), token.message_digest)) {
    return Invalid("what it says is not what was signed");
  }
  const std::pair<const std::optional<ByteView>&, SigningCertificateVersion> attributes[] = {
      {token.signing_certificate, SigningCertificateVersion::kV1},
      {token.signing_certificate_v2, SigningCertificateVersion::kV2}};
  for (const auto& [values, version] : attributes) {
    if (values) {
      SIGWARD_ASSIGN_OR_RETURN(out.names.emplace_back(), ParseSigningCertificate(*values, version));
    }
  }
  return out;
}

bool Names(const SignerName& name, const Certificate& certificate) {
  if (!name.key_id.empty()) {
    const ASN1_OCTET_STRING* id = X509_get0_subject_key_id(certificate.x509());
    return id != nullptr && Equal(name.key_id, {ASN1_STRING_get0_data(id),
                                                static_cast<std::size_t>(ASN1_STRING_length(id))});
  }
  return Equal(name.issuer, certificate.issuer()) && Equal(name.serial, SerialOf(certificate));
}

/// True when the SignerInfo and every attribute that names the signer mean CERTIFICATE.
bool IsSigner(const NamedToken& named, const Certificate& certificate) {
  return Names(named.token.signer, certificate) &&
         std::all_of(named.names.begin(), named.names.end(),
                     [&](const auto& names) { return names.front().Names(certificate); });
}

/// Where more certificates are named than the signer's, no other may be used (RFC 5035 §3).
Status CheckNamed(const NamedToken& named, const std::vector<Certificate>& way) {
  for (const auto& names : named.names) {
    for (const CertificateId& name : names) {
      if (std::none_of(way.begin(), way.end(), [&](const auto& c) { return name.Names(c); })) {
        return base::Fail(Reason::kUntrustedCertificate,
                          "its signer names a certificate that is not on the way");
      }
    }
  }
  return base::Ok();
}

Result<std::vector<Certificate>> ParseCarried(const TimestampToken& token) {
  std::vector<Certificate> out;
  for (const ByteView der : token.certificates) {
    SIGWARD_ASSIGN_OR_RETURN(Certificate certificate, Certificate::Parse(der));
    out.push_back(std::move(certificate));
  }
  return out;
}

Status CheckBy(const NamedToken& named, const Certificate& signer,
               const CertificateAuthority& authority, StampChecks& checks) {
  const TimestampToken& token = named.token;
  if (!authority.validity.Contains(token.info.time)) {
    return base::Fail(Reason::kExpired, "the authority was not trusted at the stamped time");
  }
  SIGWARD_RETURN_IF_ERROR(checks.CheckSigned(token, signer));
  std::vector<Certificate> carried;
  // Leaving an intermediate out is how it is revoked: where an authority names some, no others are
  // its.
  if (authority.chain.size() == 1 && IsAuthority(authority.chain.front())) {
    SIGWARD_ASSIGN_OR_RETURN(carried, ParseCarried(token));
  }
  SIGWARD_ASSIGN_OR_RETURN(
      const std::vector<Certificate> way,
      FollowTimestampChain(signer, carried, authority, token.info.time, checks));
  return CheckNamed(named, way);
}

/// The signer's certificate, if AUTHORITY knows it or issues who comes along. Nothing is parsed
/// that is not named by its hash: a bag of junk costs its hashes.
Result<std::optional<Certificate>> FindSigner(const NamedToken& named,
                                              const CertificateAuthority& authority) {
  if (authority.chain.empty()) {
    base::AbortOnMisuse("a time stamp authority without a certificate");
  }
  const Certificate& first = authority.chain.front();
  if (!IsAuthority(first)) {
    return IsSigner(named, first) ? std::optional(first) : std::nullopt;
  }
  for (const ByteView der : named.token.certificates) {
    if (named.names.front().front().HasHashOf(der)) {
      SIGWARD_ASSIGN_OR_RETURN(const Certificate certificate, Certificate::Parse(der));
      if (IsSigner(named, certificate)) {
        return std::optional(certificate);
      }
    }
  }
  return std::optional<Certificate>();
}

bool AreOne(const CertificateAuthority& a, const CertificateAuthority& b) {
  return (!a.operated_by.empty() && a.operated_by == b.operated_by) ||
         (!a.uri.empty() && a.uri == b.uri) || Equal(a.chain.back().der(), b.chain.back().der());
}

std::size_t CountAuthorities(const std::vector<VerifiedTimestamp>& stamps) {
  std::vector<const CertificateAuthority*> counted;
  for (const VerifiedTimestamp& stamp : stamps) {
    if (std::none_of(counted.begin(), counted.end(),
                     [&](const auto* known) { return AreOne(*known, stamp.authority()); })) {
      counted.push_back(&stamp.authority());
    }
  }
  return counted.size();
}

}  // namespace

Result<VerifiedTimestamp> VerifyTimestamp(ByteView token, ByteView signature,
                                          std::span<const CertificateAuthority> authorities,
                                          StampChecks& checks) {
  const Result<NamedToken> named = ReadToken(token, signature);
  if (!named.ok()) {
    return base::Within(kContext, named.error());
  }
  // An authority that knows the signer says more about why it failed than one that does not.
  std::optional<base::Error> failure;
  for (const CertificateAuthority& authority : authorities) {
    Result<std::optional<Certificate>> signer = FindSigner(*named, authority);
    if (signer.ok() && !signer->has_value()) {
      continue;
    }
    Status status = signer.ok() ? CheckBy(*named, **signer, authority, checks)
                                : Status(std::move(signer).error());
    if (status.ok()) {
      return VerifiedTimestamp(named->token.info.time, authority);
    }
    if (!failure) {
      failure = std::move(status).error();
    }
  }
  return base::Within(kContext, failure ? *std::move(failure)
                                        : base::Fail(Reason::kUntrustedCertificate,
                                                     "its signer is of no trusted authority"));
}

Result<std::vector<VerifiedTimestamp>> VerifyTimestamps(
    std::span<const ByteBuffer> tokens, ByteView signature,
    std::span<const CertificateAuthority> authorities, std::size_t threshold, StampChecks& checks) {
  if (tokens.size() > kMaxTimestamps) {
    return base::Fail(Reason::kTooLarge,
                      "there are more than " + std::to_string(kMaxTimestamps) + " time stamps");
  }
  if (std::set<ByteBuffer>(tokens.begin(), tokens.end()).size() != tokens.size()) {
    return base::Fail(Reason::kMalformed, "the same time stamp is there twice");
  }
  std::vector<VerifiedTimestamp> verified;
  std::optional<base::Error> failure;
  for (const ByteBuffer& token : tokens) {
    Result<VerifiedTimestamp> stamp = VerifyTimestamp(token, signature, authorities, checks);
    if (stamp.ok()) {
      verified.push_back(*stamp);
    } else if (checks.exhausted()) {
      return std::move(stamp).error();
    } else if (!failure) {
      failure = std::move(stamp).error();
    }
  }
  const std::size_t count = CountAuthorities(verified);
  if (count >= threshold) {
    return verified;
  }
  if (failure) {
    return *std::move(failure);
  }
  return base::Fail(Reason::kNoTrustedTime, "time stamps by " + std::to_string(count) +
                                                " trusted authorities, " +
                                                std::to_string(threshold) + " are needed");
}

}  // namespace sigward::verifier
