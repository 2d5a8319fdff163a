#include "verifier/chain_id.h"

#include <string>
#include <vector>

namespace sigward::verifier {

using base::Fail;
using base::Reason;

base::Result<std::vector<Digest>> ChainIds(std::span<const Digest> diff_ids) {
  if (diff_ids.empty()) {
    return Fail(Reason::kMalformed, "no diff_ids, so there is no chain id");
  }
  for (const Digest& diff_id : diff_ids) {
    if (diff_id.algorithm() != DigestAlgorithm::kSha256) {
      return Fail(Reason::kUnsupportedAlgorithm,
                  "a diff_id with " + std::string(diff_id.algorithm_name()));
    }
  }
  std::vector<Digest> chain = {diff_ids.front()};
  for (const Digest& diff_id : diff_ids.subspan(1)) {
    const std::string both = chain.back().text() + " " + diff_id.text();
    chain.push_back(Digest::Of(base::AsBytes(both)));
  }
  return chain;
}

Digest LineageOf(std::span<const Digest> chain_ids) {
  std::string lines;
  for (const Digest& chain_id : chain_ids) {
    lines += chain_id.text() + "\n";
  }
  return Digest::Of(base::AsBytes(lines));
}

}  // namespace sigward::verifier
