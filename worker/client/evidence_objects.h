#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/sealed_memory.h"
#include "rpc/worker.pb.h"
#include "verifier/evidence.h"
#include "worker/client/evidence_set.h"

namespace sigward::worker {

/// Longest media type of an object, in bytes (RFC 6838 §4.2 allows 127 and a slash and 127).
inline constexpr std::size_t kMaxMediaType = 255;
/// Most places of one evidence that could not be read.
inline constexpr std::size_t kMaxUnreadPlaces = 64;
/// Longest name of a place and longest text of an error in it, in bytes; longer ones are cut.
inline constexpr std::size_t kMaxPlaceText = 512;

using Objects = google::protobuf::RepeatedPtrField<rpc::Object>;

/// PLATFORM as it stands in a message.
rpc::Platform ToMessage(const verifier::Platform& platform);
/// The platform in a message. Fails with kProtocol where a name in it is longer than
/// kMaxPlatformText.
base::Result<verifier::Platform> ParsePlatform(const rpc::Platform& said);

/// ENTRIES as they stand in a message.
Objects ToObjects(std::span<const EvidenceEntry> entries);

/// Objects of a message that claim to lie in MEMORY_SIZE bytes. Fails with kProtocol when one does
/// not lie wholly inside, has no known kind, a digest that does not parse or too long a media type,
/// or when they are more than verifier::kMaxEvidenceObjects or together larger than
/// verifier::kMaxEvidenceBytes (objects may share bytes, and each is hashed).
base::Result<std::vector<EvidenceEntry>> ParseObjects(const Objects& objects,
                                                      std::size_t memory_size);

/// The evidence in ANSWER, whose objects lie in MEMORY. Fails as ParseObjects does, and when there
/// are more than kMaxUnreadPlaces places or one without a reason.
base::Result<EvidenceSet> ParseEvidenceSet(const rpc::FetchAnswer& answer,
                                           base::SealedMemory memory);

/// What ENTRIES, checked by ParseObjects, say about MEMORY. It must outlive the evidence.
verifier::Evidence EvidenceIn(base::ByteView memory, std::span<const EvidenceEntry> entries);

}  // namespace sigward::worker
