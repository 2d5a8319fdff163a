#pragma once

#include <cstdint>
#include <utility>

#include "base/result.h"

namespace sigward::verifier {

/// How far a look at one signature came before it failed. A later stage says more about why the
/// image is refused than an earlier one.
enum class FailureStage : std::uint8_t {
  /// Nothing there to look at.
  kNothing,
  /// Something is there, but it is no signature of this image.
  kNoSignature,
  /// A part of it was not brought.
  kMissing,
  /// It is not in a form that can be read.
  kUnreadable,
  /// It is not by this key.
  kNotByThisKey,
  /// It is by this key and says something else.
  kSaysOther,
};

/// Keeps the failure that came furthest; among equals the first.
class FurthestFailure {
 public:
  void Note(FailureStage stage, base::Error error) {
    if (stage > stage_) {
      stage_ = stage;
      error_ = std::move(error);
    }
  }
  const base::Error& error() const { return error_; }

 private:
  FailureStage stage_ = FailureStage::kNothing;
  base::Error error_ = base::Fail(base::Reason::kNoSignature, "no signature found");
};

}  // namespace sigward::verifier
