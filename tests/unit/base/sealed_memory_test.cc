#include "base/sealed_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "result_matchers.h"

namespace sigward::base {
namespace {

using testing::FailsWith;
using testing::IsOk;

TEST(SealedMemory, GivesBackTheBytesAndNobodyCanChangeThem) {
  auto fd = SealBytes(AsBytes("evidence"));
  ASSERT_THAT(fd, IsOk());
  const int copy = dup(fd->get());
  auto memory = SealedMemory::Open(std::move(*fd), 8);
  ASSERT_THAT(memory, IsOk());
  EXPECT_EQ(AsText(memory->bytes()), "evidence");
  EXPECT_EQ(pwrite(copy, "X", 1, 0), -1);
  EXPECT_EQ(ftruncate(copy, 100), -1);
  EXPECT_EQ(mmap(nullptr, 8, PROT_READ | PROT_WRITE, MAP_SHARED, copy, 0), MAP_FAILED);
  close(copy);
}

TEST(SealedMemory, TakesNothingThatIsNotFullySealed) {
  const int all[] = {F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE};
  for (const int left_out : all) {
    UniqueFd fd(memfd_create("test", MFD_ALLOW_SEALING));
    ASSERT_EQ(write(fd.get(), "x", 1), 1);
    int seals = 0;
    for (const int seal : all) {
      seals |= seal == left_out ? 0 : seal;
    }
    ASSERT_EQ(fcntl(fd.get(), F_ADD_SEALS, seals), 0);
    EXPECT_THAT(SealedMemory::Open(std::move(fd), 10), FailsWith(Reason::kProtocol));
  }
  EXPECT_THAT(SealedMemory::Open(UniqueFd(open("/dev/null", O_RDONLY)), 10),
              FailsWith(Reason::kProtocol));
  EXPECT_THAT(SealedMemory::Open(UniqueFd(), 10), FailsWith(Reason::kProtocol));
}

TEST(SealedMemory, IsBoundedAndMayBeEmpty) {
  auto four = SealBytes(AsBytes("four"));
  ASSERT_THAT(four, IsOk());
  EXPECT_THAT(SealedMemory::Open(std::move(*four), 3), FailsWith(Reason::kTooLarge));
  auto none = SealBytes({});
  ASSERT_THAT(none, IsOk());
  auto memory = SealedMemory::Open(std::move(*none), 0);
  ASSERT_THAT(memory, IsOk());
  EXPECT_TRUE(memory->bytes().empty());
}

}  // namespace
}  // namespace sigward::base
