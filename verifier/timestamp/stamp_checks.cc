#include "verifier/timestamp/stamp_checks.h"

#include <algorithm>
#include <string>

#include "verifier/certificate/certificate_signature.h"
#include "verifier/ossl.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Reason;
using base::Status;

/// Apart for any two different checks: the hashes are of one length, the algorithm of one byte.
ByteBuffer NameOf(const TimestampToken& token, const Certificate& signer) {
  ByteBuffer name(signer.fingerprint().begin(), signer.fingerprint().end());
  name.push_back(static_cast<std::uint8_t>(token.digest));
  name.push_back(static_cast<std::uint8_t>(token.algorithm.family));
  for (const base::ByteView part : {base::ByteView(token.signed_attributes), token.signature}) {
    const ByteBuffer hash = HashOf(part, HashAlgorithm::kSha256);
    name.insert(name.end(), hash.begin(), hash.end());
  }
  return name;
}

Status Outcome(bool is_signed) {
  return is_signed
             ? base::Ok()
             : base::Fail(Reason::kTimestampInvalid, "it is not signed by the one that it names");
}

}  // namespace

void StampChecks::BeginSignature(std::size_t later) {
  kept_back_ = std::min(left_, later * kReservedStampChecks);
  exhausted_ = false;
}

Status StampChecks::Take() {
  if (left_ <= kept_back_) {
    exhausted_ = true;
    return base::Fail(Reason::kTooLarge, "the time stamps take more than " +
                                             std::to_string(kMaxStampChecks) +
                                             " checks for one question");
  }
  --left_;
  return base::Ok();
}

Status StampChecks::CheckIssued(const Certificate& subject, const Certificate& issuer) {
  if (chains_->Knows(subject, issuer)) {
    return base::Ok();
  }
  SIGWARD_RETURN_IF_ERROR(Take());
  return VerifyIssued(subject, issuer);
}

Status StampChecks::CheckSigned(const TimestampToken& token, const Certificate& signer) {
  const ByteBuffer name = NameOf(token, signer);
  if (const auto known = signed_.find(name); known != signed_.end()) {
    return Outcome(known->second);
  }
  SIGWARD_RETURN_IF_ERROR(Take());
  SIGWARD_ASSIGN_OR_RETURN(const PublicKey key, signer.Key());
  const bool is_signed = Fits(token.algorithm.family, key.type()) &&
                         key.Verify(token.signed_attributes, token.signature, token.digest).ok();
  signed_.emplace(name, is_signed);
  return Outcome(is_signed);
}

}  // namespace sigward::verifier
