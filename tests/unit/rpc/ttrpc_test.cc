#include "rpc/ttrpc.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "result_matchers.h"

namespace sigward::rpc {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;

std::string Encoded(std::uint32_t stream, std::uint8_t type, std::string data) {
  return Encode({.stream = stream, .type = type, .flags = 0, .data = std::move(data)}).value();
}

/// A header that announces SIZE bytes of data.
std::string Header(std::uint32_t size) {
  std::string header = Encoded(1, kTtrpcRequest, "").substr(4);
  std::string length;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    length += static_cast<char>(size >> shift & 0xffU);
  }
  return length + header;
}

/// Everything that DECODER makes of the pieces.
std::vector<TtrpcMessage> Decode(TtrpcDecoder& decoder, const std::vector<std::string>& pieces) {
  std::vector<TtrpcMessage> messages;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      auto message = decoder.Next(piece);
      EXPECT_THAT(message, IsOk());
      if (message.ok() && message->has_value()) {
        messages.push_back(**message);
      }
    }
  }
  return messages;
}

TEST(TtrpcTest, WritesLengthAndStreamInNetworkOrder) {
  const auto bytes =
      Encode({.stream = 0x01020304, .type = kTtrpcResponse, .flags = 7, .data = "ab"});
  ASSERT_THAT(bytes, IsOk());
  EXPECT_EQ(*bytes, std::string("\0\0\0\2\1\2\3\4\2\7ab", 12));
}

TEST(TtrpcTest, ReadsMessagesCutAtEveryByte) {
  const std::string all = Encoded(1, kTtrpcRequest, "first") + Encoded(3, kTtrpcData, "") +
                          Encoded(0xffffffff, 200, "third");
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    TtrpcDecoder decoder;
    const auto messages = Decode(decoder, {all.substr(0, cut), all.substr(cut)});
    ASSERT_EQ(messages.size(), 3U) << cut;
    EXPECT_EQ(messages[0].data, "first");
    EXPECT_EQ(messages[1].type, kTtrpcData);
    EXPECT_EQ(messages[1].data, "");
    EXPECT_EQ(messages[2].stream, 0xffffffff);
    EXPECT_EQ(messages[2].type, 200);
    EXPECT_FALSE(decoder.midway());
  }
}

TEST(TtrpcTest, KnowsWhetherAMessageHasBegun) {
  const std::string one = Encoded(1, kTtrpcRequest, "data");
  for (std::size_t size = 1; size < one.size(); ++size) {
    TtrpcDecoder decoder;
    EXPECT_TRUE(Decode(decoder, {one.substr(0, size)}).empty());
    EXPECT_TRUE(decoder.midway()) << size;
  }
}

TEST(TtrpcTest, TakesTheLongestMessageAndRefusesOneByteMore) {
  const std::string longest(kMaxTtrpcData, 'd');
  TtrpcDecoder decoder;
  const auto messages = Decode(decoder, {Encoded(1, kTtrpcRequest, longest)});
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].data, longest);
  EXPECT_THAT(Encode({.stream = 1, .type = 1, .flags = 0, .data = longest + "d"}),
              FailsWith(Reason::kTooLarge));

  for (const std::uint32_t size : {static_cast<std::uint32_t>(kMaxTtrpcData) + 1, 0xffffffffU}) {
    TtrpcDecoder other;
    const std::string header = Header(size);
    std::string_view input = header;
    EXPECT_THAT(other.Next(input), FailsWith(Reason::kTooLarge));
  }
}

}  // namespace
}  // namespace sigward::rpc
