#include "rpc/nri_multiplexer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "result_matchers.h"
#include "rpc/big_endian.h"

namespace sigward::rpc {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;

std::string Frame(std::uint32_t connection, std::string_view payload) {
  std::string frame;
  AppendBigEndian(frame, connection);
  AppendBigEndian(frame, static_cast<std::uint32_t>(payload.size()));
  return frame.append(payload);
}

/// What each connection carries in the pieces.
std::array<std::string, 2> Split(NriDemultiplexer& demultiplexer,
                                 const std::vector<std::string>& pieces) {
  std::array<std::string, 2> carried;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const auto part = demultiplexer.Next(piece);
      EXPECT_THAT(part, IsOk());
      if (!part.ok() || !part->has_value()) {
        break;
      }
      carried.at((*part)->connection == NriConnection::kPlugin ? 0 : 1) += (*part)->bytes;
    }
  }
  return carried;
}

TEST(NriMultiplexerTest, SplitsFramesCutAtEveryByte) {
  const std::string all =
      Frame(1, "one") + Frame(2, "two") + Frame(1, "") + Frame(1, " more") + Frame(2, "!");
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    NriDemultiplexer demultiplexer;
    const auto carried = Split(demultiplexer, {all.substr(0, cut), all.substr(cut)});
    EXPECT_EQ(carried[0], "one more") << cut;
    EXPECT_EQ(carried[1], "two!") << cut;
    EXPECT_FALSE(demultiplexer.midway());
  }
}

TEST(NriMultiplexerTest, KnowsWhetherAFrameHasBegun) {
  const std::string one = Frame(2, "data");
  for (std::size_t size = 1; size < one.size(); ++size) {
    NriDemultiplexer demultiplexer;
    Split(demultiplexer, {one.substr(0, size)});
    EXPECT_TRUE(demultiplexer.midway()) << size;
  }
}

TEST(NriMultiplexerTest, RefusesConnectionsThatAreNotOurs) {
  for (const std::uint32_t id : {0U, 3U, 0x01000000U, 0x47455420U, 0xffffffffU}) {
    NriDemultiplexer demultiplexer;
    const std::string frame = Frame(id, "x");
    std::string_view input = frame;
    EXPECT_THAT(demultiplexer.Next(input), FailsWith(Reason::kProtocol)) << id;
  }
}

TEST(NriMultiplexerTest, TakesTheLongestPayloadAndRefusesOneByteMore) {
  const std::string longest(kMaxNriPayload, 'p');
  NriDemultiplexer demultiplexer;
  EXPECT_EQ(Split(demultiplexer, {Frame(1, longest)})[0], longest);
  NriDemultiplexer other;
  const std::string frame = Frame(1, longest + "p");
  std::string_view header = std::string_view(frame).substr(0, kNriHeaderBytes);
  EXPECT_THAT(other.Next(header), FailsWith(Reason::kTooLarge)) << "seen in the header already";
}

TEST(NriMultiplexerTest, CutsWhatItSendsToTheReadersBuffer) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kMaxNriPayloadSent,
                                 kMaxNriPayloadSent + 1, 3 * kMaxNriPayloadSent}) {
    std::string frames;
    const std::string bytes(size, 'b');
    AppendNriFrames(frames, NriConnection::kRuntime, bytes);
    const std::size_t count = (size + kMaxNriPayloadSent - 1) / kMaxNriPayloadSent;
    EXPECT_EQ(frames.size(), size + count * kNriHeaderBytes);
    if (size > 0) {
      EXPECT_LE(ReadBigEndian(std::string_view(frames).substr(4)), kMaxNriPayloadSent);
    }
    NriDemultiplexer demultiplexer;
    EXPECT_EQ(Split(demultiplexer, {frames})[1], bytes);
  }
}

TEST(NriMultiplexerTest, AMessageMayBeCutOverFramesAndAFrameMayHoldSeveral) {
  const std::string message =
      Encode({.stream = 1, .type = kTtrpcRequest, .flags = 0, .data = "data"}).value();
  std::string all = Frame(1, message + message + message.substr(0, 3));
  all += Frame(2, "other") + Frame(1, message.substr(3));
  NriDemultiplexer demultiplexer;
  TtrpcDecoder decoder;
  std::string_view carried;
  const auto bytes = Split(demultiplexer, {all});
  carried = bytes[0];
  int messages = 0;
  while (!carried.empty()) {
    const auto next = decoder.Next(carried);
    ASSERT_THAT(next, IsOk());
    messages += next->has_value() ? 1 : 0;
  }
  EXPECT_EQ(messages, 3);
}

}  // namespace
}  // namespace sigward::rpc
