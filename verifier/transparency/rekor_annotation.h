#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "verifier/transparency/log_entry.h"

namespace sigward::verifier {

/// Longest annotation with a log entry that is read.
inline constexpr std::size_t kMaxRekorAnnotation = 1U << 20;

/// Parses cosign's annotation `dev.sigstore.cosign/bundle`: an inclusion promise and what it is
/// over, `{"SignedEntryTimestamp", "Payload": {"body", "integratedTime", "logIndex", "logID"}}`.
/// It does not say of which kind the entry is, so the kind is the body's own word. Fails with
/// kMalformed (an unknown field too), kDuplicateKey or kTooLarge.
base::Result<LogEntry> ParseRekorAnnotation(std::string_view json);

}  // namespace sigward::verifier
