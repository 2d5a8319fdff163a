#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sigward::base {

/// Every way in which sigward says no, with the word a user sees. Reasons are an API: they start
/// the line that containerd shows, label metrics and are the rows of docs/reasons.md. A value keeps
/// its number for ever (it crosses process borders); 0 is never one.
///
/// The third column says what a decision becomes: kRefused is a verdict, kCouldNotTell means that
/// evidence or policy could not be read, which denies too but is told apart everywhere.
#define SIGWARD_REASONS(X)                                               \
  X(kNoSignature, 1, "no-signature", kRefused)                           \
  X(kBadSignature, 2, "bad-signature", kRefused)                         \
  X(kDigestMismatch, 3, "digest-mismatch", kRefused)                     \
  X(kMalformed, 4, "malformed", kRefused)                                \
  X(kDuplicateKey, 5, "duplicate-key", kRefused)                         \
  X(kTooLarge, 6, "too-large", kRefused)                                 \
  X(kUnsupportedAlgorithm, 7, "unsupported-algorithm", kRefused)         \
  X(kUnsupportedFormat, 8, "unsupported-format", kRefused)               \
  X(kWrongType, 9, "wrong-type", kRefused)                               \
  X(kWeakKey, 10, "weak-key", kRefused)                                  \
  X(kUntrustedCertificate, 11, "untrusted-certificate", kRefused)        \
  X(kExpired, 12, "expired-certificate", kRefused)                       \
  X(kSctInvalid, 13, "sct-invalid", kRefused)                            \
  X(kNotLogged, 14, "not-logged", kRefused)                              \
  X(kLogMismatch, 15, "log-mismatch", kRefused)                          \
  X(kTimestampInvalid, 16, "timestamp-invalid", kRefused)                \
  X(kNoTrustedTime, 17, "no-trusted-time", kRefused)                     \
  X(kIdentityMismatch, 18, "identity-mismatch", kRefused)                \
  X(kNoMatchingPolicy, 20, "no-matching-policy", kRefused)               \
  X(kStaticFail, 21, "static-fail", kRefused)                            \
  X(kPolicyInvalid, 22, "policy-invalid", kCouldNotTell)                 \
  X(kPolicyUnavailable, 23, "policy-unavailable", kCouldNotTell)         \
  X(kInvalidReference, 30, "invalid-reference", kRefused)                \
  X(kDescriptorMismatch, 31, "descriptor-mismatch", kRefused)            \
  X(kDenied, 24, "denied", kRefused)                                     \
  X(kRootfsMismatch, 32, "rootfs-mismatch", kRefused)                    \
  X(kRootfsUnprovable, 33, "rootfs-unprovable", kRefused)                \
  X(kRootfsModified, 34, "rootfs-modified", kRefused)                    \
  X(kImageUnknown, 35, "image-unknown", kRefused)                        \
  X(kRuntimeUnknown, 36, "runtime-unknown", kRefused)                    \
  X(kCheckpointUnverified, 37, "checkpoint-unverified", kRefused)        \
  X(kInvalidArguments, 38, "invalid-arguments", kRefused)                \
  X(kUnauthorized, 40, "registry-unauthorized", kCouldNotTell)           \
  X(kForbidden, 41, "registry-forbidden", kCouldNotTell)                 \
  X(kNotFound, 42, "registry-not-found", kCouldNotTell)                  \
  X(kRateLimited, 43, "registry-rate-limited", kCouldNotTell)            \
  X(kRegistryError, 44, "registry-error", kCouldNotTell)                 \
  X(kUnreachable, 45, "registry-unreachable", kCouldNotTell)             \
  X(kTlsFailed, 46, "registry-tls", kCouldNotTell)                       \
  X(kEvidenceMissing, 47, "evidence-missing", kCouldNotTell)             \
  X(kTimeout, 60, "timeout", kCouldNotTell)                              \
  X(kOverloaded, 61, "overloaded", kCouldNotTell)                        \
  X(kWorkerFailed, 62, "worker-failed", kCouldNotTell)                   \
  X(kGateUnreachable, 63, "gate-unreachable", kCouldNotTell)             \
  X(kProtocol, 64, "protocol", kCouldNotTell)                            \
  X(kConfigInvalid, 65, "config-invalid", kCouldNotTell)                 \
  X(kIoFailed, 66, "io-failed", kCouldNotTell)                           \
  X(kContainerdUnreachable, 68, "containerd-unreachable", kCouldNotTell) \
  X(kMetadataExpired, 69, "metadata-expired", kCouldNotTell)             \
  X(kInternal, 67, "internal", kCouldNotTell)

enum class Reason : std::uint8_t {
// NOLINTNEXTLINE(bugprone-macro-parentheses): an enumerator cannot stand in parentheses.
#define SIGWARD_REASON_VALUE(name, number, word, verdict) name = number,
  SIGWARD_REASONS(SIGWARD_REASON_VALUE)
#undef SIGWARD_REASON_VALUE
};

/// The word of a reason as users see it, for example "no-signature".
std::string_view ReasonWord(Reason reason);

/// The reason with this word, or none.
std::optional<Reason> ReasonFromWord(std::string_view word);

/// The reason with this number as it came over a process border, or none.
std::optional<Reason> ReasonFromNumber(std::uint32_t number);

/// True when the reason means that something could not be read, rather than that it was refused.
bool CouldNotTell(Reason reason);

}  // namespace sigward::base
