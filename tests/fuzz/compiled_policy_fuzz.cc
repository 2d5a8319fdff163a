// What parses must come out of Compile in one spelling that parses to the same again.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "policy/snapshot.h"

namespace {

using sigward::policy::PolicySnapshot;

std::string CompileAgain(const PolicySnapshot& snapshot) {
  return sigward::policy::Compile(snapshot.policies(), snapshot.no_match(),
                                  snapshot.transparency_url(), snapshot.node(),
                                  snapshot.trust_roots());
}

void Require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = PolicySnapshot::Parse(sigward::base::AsText({data, size}), 1);
  if (!parsed.ok()) {
    Require(parsed.error().reason == sigward::base::Reason::kPolicyInvalid ||
            parsed.error().reason == sigward::base::Reason::kTooLarge);
    return 0;
  }
  for (const auto& policy : (*parsed)->policies()) {
    Require(!policy.globs.empty() && !policy.authorities.empty() && !policy.name.empty());
  }
  const std::string text = CompileAgain(**parsed);
  const auto again = PolicySnapshot::Parse(text, 1);
  Require(again.ok());
  Require((*again)->policies().size() == (*parsed)->policies().size());
  Require(CompileAgain(**again) == text);
  return 0;
}
