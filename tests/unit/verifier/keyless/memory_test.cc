#include <gtest/gtest.h>
#include <malloc.h>

#include <vector>

#include "keyless/image_fixture.h"

namespace sigward::verifier {
namespace {

using sigward::testing::AddBundle;
using sigward::testing::AddLegacySignature;
using sigward::testing::ImageEvidence;
using sigward::testing::KindNamed;
using sigward::testing::LinuxAmd64;
using sigward::testing::PartsOf;
using sigward::testing::TestImage;

// Each signature here has a certificate, an entry and a stamp of its own.
TEST(KeylessMemoryTest, DoesNotGrowWithTheSignaturesSeen) {
  constexpr std::size_t kSeen = 300;
  constexpr std::size_t kWarm = 30;
  std::vector<ImageEvidence> all(kSeen);
  for (std::size_t i = 0; i < kSeen; ++i) {
    if (i % 2 == 0) {
      AddBundle(all[i], PartsOf(KindNamed("03 envelope v2")));
    } else {
      AddLegacySignature(all[i], sigward::testing::Sigstore().Make(sigward::testing::LegacyPlan()));
    }
  }
  const ImageAuthority authority = sigward::testing::Keyless();
  ChainMemory memory;
  std::size_t warm = 0;
  for (std::size_t i = 0; i < kSeen; ++i) {
    const ImageVerdict verdict =
        VerifyImage(TestImage(), LinuxAmd64(), all[i].evidence(), {&authority, 1}, memory);
    ASSERT_TRUE(std::holds_alternative<VerifiedSignature>(verdict.authorities.front().outcome));
    if (i + 1 == kWarm) {
      warm = mallinfo2().uordblks;
    }
  }
  EXPECT_LE(memory.size(), 4U);
  // malloc counts what it keeps at hand as in use: that is less than the smallest thing that could
  // be kept of each.
  EXPECT_LE(mallinfo2().uordblks, warm + 48 * (kSeen - kWarm));
}

}  // namespace
}  // namespace sigward::verifier
