#pragma once

#include <cstddef>

namespace sigward::worker {

// What sigwardd and sigward-verifyd have agreed on: one side keeps to it, the other checks.

/// Most authorities that one question may ask about.
inline constexpr std::size_t kMaxAuthoritiesPerQuestion = 128;
/// Bytes that bind an answer to its question.
inline constexpr std::size_t kNonceBytes = 16;
/// Longest encoded question: as many of the longest keys as may be, and as many objects.
inline constexpr std::size_t kMaxQuestionBytes = 2U << 20;
/// Longest os, architecture or variant, in bytes.
inline constexpr std::size_t kMaxPlatformText = 64;
/// Objects that a signature rests on: its manifest, its layer, the image's index.
inline constexpr std::size_t kMaxProofObjects = 3;
/// Longest detail and docker-reference in an answer, in bytes.
inline constexpr std::size_t kMaxAnswerText = 512;

}  // namespace sigward::worker
