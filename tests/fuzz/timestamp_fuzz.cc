// An input is the length of a signature in one byte, the signature, and a time stamp over it. The
// authority is made at the start, so whatever verifies was not made by its key.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "private_sigstore/timestamp_authority.h"
#include "verifier/timestamp/timestamp_token.h"
#include "verifier/timestamp/verify_timestamp.h"

namespace {

using sigward::base::ByteView;

/// One authority that names its signer, one whose signers come along.
const std::vector<sigward::verifier::CertificateAuthority>& Authorities() {
  static const auto* const authorities = [] {
    const sigward::testing::TimestampAuthority tsa;
    return new std::vector<sigward::verifier::CertificateAuthority>{tsa.Trusted(),
                                                                    tsa.TrustedWithoutLeaf()};
  }();
  return *authorities;
}

bool Within(ByteView part, ByteView whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (input.empty() || input.size() - 1 < input[0]) {
    return 0;
  }
  const ByteView signature = input.subspan(1, input[0]);
  const ByteView token = input.subspan(1 + signature.size());
  const auto parsed = sigward::verifier::ParseTimestamp(token);
  if (parsed.ok() &&
      (!Within(parsed->info.imprint, parsed->signed_content) || !Within(parsed->signature, token) ||
       !Within(parsed->message_digest, token))) {
    std::abort();
  }
  sigward::verifier::ChainMemory memory;
  sigward::verifier::StampChecks checks(memory);
  const auto verified = sigward::verifier::VerifyTimestamp(token, signature, Authorities(), checks);
  if (verified.ok()) {
    std::abort();
  }
  return 0;
}
