#include "verifier/evidence_objects.h"

#include <optional>
#include <string>

namespace sigward::verifier {

EvidenceObjects::EvidenceObjects(const Evidence& evidence)
    : evidence_(evidence), states_(evidence.size(), State::kUnknown) {}

base::Status EvidenceObjects::CheckSize(const Evidence& evidence) {
  std::size_t left = kMaxEvidenceBytes;
  bool fits = evidence.size() <= kMaxEvidenceObjects;
  for (std::size_t i = 0; fits && i < evidence.size(); ++i) {
    fits = evidence[i].bytes.size() <= left;
    left -= fits ? evidence[i].bytes.size() : 0;
  }
  if (!fits) {
    return base::Fail(base::Reason::kTooLarge,
                      "the evidence holds more than " + std::to_string(kMaxEvidenceObjects) +
                          " objects or " + std::to_string(kMaxEvidenceBytes) + " bytes");
  }
  return base::Ok();
}

base::Result<base::ByteView> EvidenceObjects::Checked(std::size_t i, std::size_t max_bytes,
                                                      std::string_view what) {
  const EvidenceObject& object = evidence_.at(i);
  if (object.bytes.size() > max_bytes) {
    return base::Fail(base::Reason::kTooLarge, std::string(what) + " " + object.digest.text() +
                                                   " has more than " + std::to_string(max_bytes) +
                                                   " bytes");
  }
  if (states_[i] == State::kBad) {
    return base::Fail(base::Reason::kDigestMismatch,
                      std::string(what) + " " + object.digest.text() + " hashes to another digest");
  }
  if (states_[i] == State::kUnknown) {
    states_[i] = State::kBad;
    SIGWARD_RETURN_IF_ERROR(CheckDigest(object.bytes, object.digest, what));
    states_[i] = State::kGood;
  }
  return object.bytes;
}

base::Result<base::ByteView> EvidenceObjects::Blob(const Digest& digest, std::uint64_t size,
                                                   std::size_t max_bytes) {
  if (size > max_bytes) {
    return base::Fail(base::Reason::kTooLarge, "blob " + digest.text() + " is said to have " +
                                                   std::to_string(size) + " bytes; at most " +
                                                   std::to_string(max_bytes) + " are read");
  }
  std::optional<base::Error> failure;
  for (std::size_t i = 0; i < evidence_.size(); ++i) {
    if (evidence_[i].kind != ObjectKind::kBlob || evidence_[i].digest != digest) {
      continue;
    }
    base::Result<base::ByteView> bytes = Checked(i, max_bytes, "blob");
    if (!bytes.ok()) {
      failure = std::move(bytes).error();
    } else if (bytes->size() != size) {
      failure = base::Fail(base::Reason::kMalformed,
                           "blob " + digest.text() + " has " + std::to_string(bytes->size()) +
                               " bytes and its descriptor says " + std::to_string(size));
    } else {
      return bytes;
    }
  }
  if (failure) {
    return *failure;
  }
  return base::Fail(base::Reason::kEvidenceMissing, "blob " + digest.text() + " was not brought");
}

}  // namespace sigward::verifier
