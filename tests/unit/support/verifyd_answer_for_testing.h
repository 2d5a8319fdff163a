#pragma once

#include <string>
#include <utility>

#include "base/base64.h"
#include "policy/evaluate.h"
#include "verifier/digest.h"
#include "verifier/verify_image.h"
#include "worker/client/verifyd_client.h"

namespace sigward::worker {

/// Makes answers of verifyd without verifyd, for tests of what is done with them.
class VerifydAnswerForTesting {
 public:
  VerifydAnswerForTesting& Proves(const verifier::Digest& image,
                                  const verifier::AuthorityHash& authority,
                                  const verifier::Digest& evidence) {
    answer_.AddProof(image, authority, evidence, verifier::SignatureFormat::kCosignLegacy, "", {});
    answer_.used_.push_back(evidence);
    return *this;
  }
  VerifydAnswerForTesting& Fails(const verifier::AuthorityHash& authority, base::Error error) {
    answer_.failures_.insert_or_assign(authority, std::move(error));
    return *this;
  }
  const VerifydAnswer& answer() const { return answer_; }

 private:
  VerifydAnswer answer_;
};

}  // namespace sigward::worker

namespace sigward::testing {

inline verifier::Digest DigestNumber(int number) {
  return verifier::Digest::Of(base::AsBytes("digest " + std::to_string(number)));
}

inline verifier::AuthorityHash AuthorityNumber(int number) {
  return verifier::AuthorityHash::FromBytes(
             base::DecodeHex(DigestNumber(1000 + number).hex(), 32).value())
      .value();
}

inline policy::Proof ProofOf(const verifier::Digest& image,
                             const verifier::AuthorityHash& authority) {
  return worker::VerifydAnswerForTesting()
      .Proves(image, authority, DigestNumber(0))
      .answer()
      .proofs()
      .front();
}

}  // namespace sigward::testing
