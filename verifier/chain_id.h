#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "verifier/digest.h"

namespace sigward::verifier {

/// The chain ids of layers with these DIFF_IDS, lowest first (image-spec config.md, "Layer
/// ChainID"): the first diff_id, and for each further one SHA-256 over the chain id so far, a space
/// and the diff_id, all as text. Each is the name under which containerd commits the snapshot of
/// that layer; the last is the image's. Returns at least one. Fails with kMalformed without a
/// diff_id, and with kUnsupportedAlgorithm for one that is not SHA-256: containerd computes no
/// other.
base::Result<std::vector<Digest>> ChainIds(std::span<const Digest> diff_ids);

/// A digest of a whole ancestry: SHA-256 over CHAIN_IDS, lowest first, each as text and with a line
/// feed behind it. Who has the chain ids of an image and who walks its snapshots come to the same
/// one only when every snapshot has the name and the place that the image gives it.
Digest LineageOf(std::span<const Digest> chain_ids);

}  // namespace sigward::verifier
