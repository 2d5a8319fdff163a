#include "rpc/long_message.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "open_descriptors.h"
#include "result_matchers.h"

namespace sigward::rpc {
namespace {

using base::Deadline;
using base::Reason;
using base::UniqueFd;
using testing::CountOpenDescriptors;
using testing::FailsWith;
using testing::IsOk;

constexpr std::size_t kMax = 4 * kMaxFrameBytes;

Deadline Soon() {
  return Deadline::After(std::chrono::milliseconds(5000));
}

class LongMessageTest : public ::testing::Test {
 protected:
  LongMessageTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    left_.Reset(ends[0]);
    right_.Reset(ends[1]);
  }

  UniqueFd left_;
  UniqueFd right_;
};

TEST_F(LongMessageTest, CarriesEveryLengthUpToTheReceiversMaximum) {
  const UniqueFd along(open("/dev/null", O_RDONLY | O_CLOEXEC));
  for (const std::size_t size :
       {std::size_t{1}, kMaxFrameBytes, kMaxFrameBytes + 1, kMax - 1, kMax}) {
    const std::string bytes(size, 'm');
    ASSERT_THAT(SendMessage(left_.get(), bytes, {along.get()}, Soon()), IsOk());
    auto message = ReceiveMessage(right_.get(), kMax, Soon());
    ASSERT_THAT(message, IsOk()) << size;
    EXPECT_EQ(message->bytes(), bytes);
    EXPECT_EQ(message->descriptors().size(), 1U) << "without the memory of the message";
  }
}

TEST_F(LongMessageTest, RefusesOneByteMoreThanTheMaximum) {
  const std::ptrdiff_t before = CountOpenDescriptors();
  ASSERT_THAT(SendMessage(left_.get(), std::string(kMax + 1, 'm'), {}, Soon()), IsOk());
  EXPECT_THAT(ReceiveMessage(right_.get(), kMax, Soon()), FailsWith(Reason::kTooLarge));
  ASSERT_THAT(SendMessage(left_.get(), "eleven char", {}, Soon()), IsOk());
  EXPECT_THAT(ReceiveMessage(right_.get(), 10, Soon()), FailsWith(Reason::kTooLarge));
  EXPECT_EQ(CountOpenDescriptors(), before);
}

TEST_F(LongMessageTest, RefusesMemoryThatIsMissingOrNotSealed) {
  const UniqueFd open_memory(memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const std::ptrdiff_t before = CountOpenDescriptors();
  const std::string_view marker("\0", 1);
  ASSERT_THAT(Send(left_.get(), marker, {}, Soon()), IsOk());
  EXPECT_THAT(ReceiveMessage(right_.get(), kMax, Soon()), FailsWith(Reason::kProtocol));
  ASSERT_THAT(Send(left_.get(), marker, {open_memory.get()}, Soon()), IsOk());
  EXPECT_THAT(ReceiveMessage(right_.get(), kMax, Soon()), FailsWith(Reason::kProtocol));
  EXPECT_EQ(CountOpenDescriptors(), before);
}

TEST_F(LongMessageTest, TellsThatThePeerIsGone) {
  left_.Reset();
  EXPECT_THAT(ReceiveMessage(right_.get(), kMax, Soon()), FailsWith(Reason::kProtocol));
}

}  // namespace
}  // namespace sigward::rpc
