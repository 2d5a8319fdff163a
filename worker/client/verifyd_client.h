#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/evaluate.h"
#include "policy/snapshot.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"
#include "verifier/verify_image.h"
#include "worker/client/evidence_set.h"
#include "worker/client/question_bounds.h"

namespace sigward::rpc {
class AuthorityAnswer;
class VerifyAnswer;
class VerifyQuestion;
}  // namespace sigward::rpc

namespace sigward::worker {

/// What verifyd said about one image. Only VerifydClient makes one, after the answer's nonce and
/// digest were found to be the question's.
class VerifydAnswer {
 public:
  /// The authorities that have signed the image.
  const std::vector<policy::Proof>& proofs() const { return proofs_; }
  const std::map<verifier::AuthorityHash, base::Error>& failures() const { return failures_; }
  /// Digests of the objects that the proofs rest on: what is worth keeping.
  const std::vector<verifier::Digest>& used() const { return used_; }
  std::size_t signatures_seen() const { return signatures_seen_; }

 private:
  friend class VerifydClient;
  friend class VerifydAnswerForTesting;
  VerifydAnswer() = default;
  void AddProof(verifier::Digest image, verifier::AuthorityHash authority,
                verifier::Digest evidence, verifier::SignatureFormat format,
                std::string docker_reference, std::optional<policy::Proof::Signer> signer);

  std::vector<policy::Proof> proofs_;
  std::map<verifier::AuthorityHash, base::Error> failures_;
  std::vector<verifier::Digest> used_;
  std::size_t signatures_seen_ = 0;
};

/// What signatures are held against: authorities that take signatures, each with an id of its own,
/// and the trust roots that they name.
struct AuthoritiesToAsk {
  std::vector<const policy::Authority*> authorities;
  const policy::TrustRoots& trust_roots;
};

/// Verifies evidence. An interface, so that the gate can be tested without a process.
class Verifier {
 public:
  Verifier() = default;
  Verifier(const Verifier&) = delete;
  Verifier& operator=(const Verifier&) = delete;
  virtual ~Verifier() = default;

  /// Which of ASKED have signed IMAGE by EVIDENCE. Fails with kTimeout, kWorkerFailed (the child
  /// died or answered another question), kTooLarge (more than kMaxAuthoritiesPerQuestion, or a
  /// question of more than kMaxQuestionBytes), kProtocol, or kInternal for an authority without an
  /// id or a trust root. Where none are asked about, nothing is proved.
  virtual base::Result<VerifydAnswer> Verify(const verifier::Digest& image,
                                             const verifier::Platform& platform,
                                             const EvidenceSet& evidence,
                                             const AuthoritiesToAsk& asked,
                                             const base::Deadline& deadline) = 0;
};

/// Asks sigward-verifyd, one connection and one child of it a question.
class VerifydClient final : public Verifier {
 public:
  explicit VerifydClient(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  base::Result<VerifydAnswer> Verify(const verifier::Digest& image,
                                     const verifier::Platform& platform,
                                     const EvidenceSet& evidence, const AuthoritiesToAsk& asked,
                                     const base::Deadline& deadline) override;

 private:
  /// Takes ANSWER when it answers QUESTION, about IMAGE and EVIDENCE, exactly and completely.
  static base::Result<VerifydAnswer> Accept(const rpc::VerifyQuestion& question,
                                            const rpc::VerifyAnswer& answer,
                                            const verifier::Digest& image,
                                            const EvidenceSet& evidence);
  static base::Status AcceptAuthority(const rpc::AuthorityAnswer& said,
                                      const verifier::AuthorityHash& authority,
                                      const verifier::Digest& image, const EvidenceSet& evidence,
                                      VerifydAnswer& answer);

  std::string socket_path_;
};

}  // namespace sigward::worker
