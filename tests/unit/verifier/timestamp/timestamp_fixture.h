#pragma once

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "private_sigstore/der_writer.h"
#include "private_sigstore/timestamp_authority.h"
#include "result_matchers.h"
#include "verifier/timestamp/verify_timestamp.h"

namespace sigward::testing {

/// A stamp by itself, with checks of its own.
inline base::Result<verifier::VerifiedTimestamp> VerifyAlone(
    base::ByteView token, base::ByteView signature,
    std::span<const verifier::CertificateAuthority> authorities) {
  verifier::ChainMemory memory;
  verifier::StampChecks checks(memory);
  return verifier::VerifyTimestamp(token, signature, authorities, checks);
}

/// One authority for all tests, and a signature that it stamps.
class TimestampTest : public ::testing::Test {
 protected:
  static const TimestampAuthority& tsa() {
    static const TimestampAuthority authority;
    return authority;
  }
  static base::ByteView Signature() { return base::AsBytes("a signature"); }
  static StampPlan Plan() { return tsa().Plan(Signature()); }

  /// By the authority as it is trusted, leaf included.
  static base::Result<verifier::VerifiedTimestamp> Verify(const StampPlan& plan) {
    return VerifyBytes(Encode(plan));
  }
  static base::Result<verifier::VerifiedTimestamp> VerifyBytes(const base::ByteBuffer& token) {
    static const std::vector<verifier::CertificateAuthority> trusted = {tsa().Trusted()};
    return VerifyAlone(token, Signature(), trusted);
  }
  static base::Result<verifier::VerifiedTimestamp> VerifyBy(
      const StampPlan& plan, const std::vector<verifier::CertificateAuthority>& authorities) {
    base::Result<verifier::VerifiedTimestamp> stamp =
        VerifyAlone(Encode(plan), Signature(), authorities);
    // What it points to ends with this call's vector unless the caller keeps it.
    return stamp;
  }
};

}  // namespace sigward::testing
