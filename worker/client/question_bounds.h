#pragma once

#include <cstddef>

namespace sigward::worker {

// What sigwardd and sigward-verifyd have agreed on: one side keeps to it, the other checks.

/// Most authorities that one question may ask about.
inline constexpr std::size_t kMaxAuthoritiesPerQuestion = 128;
/// Bytes that bind an answer to its question.
inline constexpr std::size_t kNonceBytes = 16;
/// Longest encoded question: as many of the longest keys as may be, as many objects, and trust
/// roots.
inline constexpr std::size_t kMaxQuestionBytes = 4U << 20;
/// Longest os, architecture or variant, in bytes.
inline constexpr std::size_t kMaxPlatformText = 64;
/// Objects that a signature rests on: its manifest, its layer, the image's index.
inline constexpr std::size_t kMaxProofObjects = 3;
/// Longest detail and docker-reference in an answer, in bytes.
inline constexpr std::size_t kMaxAnswerText = 512;

/// Most mounts of one snapshot that a question names; only one alone is ever compared.
inline constexpr std::size_t kMaxMountsPerQuestion = 16;
/// Longest name of an annotation that is asked for, in bytes (Kubernetes allows 253 + 1 + 63).
inline constexpr std::size_t kMaxAnnotationName = 317;
/// Most manifests of a listing in one answer: as many as fit into a frame with the longest digests.
inline constexpr std::size_t kMaxListedPerAnswer = 200;
/// Largest sealed memory of a ReadQuestion, in bytes: what any object, config.json and mountinfo
/// may have.
inline constexpr std::size_t kMaxReadBytes = 4U << 20;

}  // namespace sigward::worker
