#include "verifier/transparency/inclusion_promise.h"

#include <string>

#include "base/base64.h"

namespace sigward::verifier {
namespace {

base::Error NotLogged(const char* what) {
  return base::Fail(base::Reason::kNotLogged, std::string("inclusion promise: ") + what);
}

/// What the log signed. None of the four values can hold a character that JSON escapes, so putting
/// them together is their canonical form.
std::string PromisedText(const LogEntry& entry, std::int64_t seconds) {
  return R"({"body":")" + base::EncodeBase64(entry.canonicalized_body) + R"(","integratedTime":)" +
         std::to_string(seconds) + R"(,"logID":")" + base::EncodeHex(entry.log_id) +
         R"(","logIndex":)" + std::to_string(entry.log_index) + "}";
}

}  // namespace

base::Result<VerifiedPromise> VerifyInclusionPromise(const LogEntry& entry,
                                                     const TransparencyLog& log) {
  if (!entry.signed_entry_timestamp) {
    return NotLogged("there is none");
  }
  if (!entry.integrated_time) {
    return NotLogged("it stands beside no integrated time");
  }
  if (entry.log_id != log.log_id) {
    return NotLogged("it is of another log");
  }
  const std::int64_t seconds = entry.integrated_time->time_since_epoch().count();
  // A time before 1970 is beyond it too.
  if (static_cast<std::uint64_t>(seconds) > kMaxPromisedNumber ||
      entry.log_index > kMaxPromisedNumber) {
    return base::Fail(base::Reason::kMalformed,
                      "inclusion promise: a number is beyond what its JSON can carry");
  }
  if (!log.validity.Contains(*entry.integrated_time)) {
    return NotLogged("the log's key was not in use at its time");
  }
  // Rekor v1 signs by SHA-256 whatever its key.
  const std::string text = PromisedText(entry, seconds);
  if (!log.key->Verify(base::AsBytes(text), *entry.signed_entry_timestamp, HashAlgorithm::kSha256)
           .ok()) {
    return NotLogged("the signature is not by the log's key over this entry");
  }
  return VerifiedPromise(*entry.integrated_time);
}

}  // namespace sigward::verifier
