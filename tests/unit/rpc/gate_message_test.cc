#include "rpc/gate_message.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "result_matchers.h"
#include "rpc/frame.h"
#include "rpc/gate.pb.h"

namespace sigward::rpc {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;
using std::string_view_literals::operator""sv;

test::GateQuestion Generated(const GateQuestion& question) {
  test::GateQuestion message;
  message.set_call(static_cast<std::uint32_t>(question.call));
  message.set_reference(question.reference);
  message.set_digest(question.digest);
  message.set_media_type(question.media_type);
  message.set_bundle(question.bundle);
  message.set_runtime_root(question.runtime_root);
  message.set_container_id(question.container_id);
  return message;
}

test::GateAnswer Generated(const GateAnswer& answer) {
  test::GateAnswer message;
  message.set_verdict(answer.verdict);
  message.set_reason(answer.reason);
  message.set_line(answer.line);
  message.set_record(answer.record);
  return message;
}

template <typename Message>
void ExpectSameAsGenerated(const Message& message) {
  EXPECT_EQ(Encode(message), Generated(message).SerializeAsString());
}

void ExpectDecodes(const std::string& bytes, const GateQuestion& expected) {
  const auto decoded = DecodeGateQuestion(bytes);
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(decoded->call, expected.call);
  EXPECT_EQ(decoded->reference, expected.reference);
  EXPECT_EQ(decoded->digest, expected.digest);
  EXPECT_EQ(decoded->media_type, expected.media_type);
  EXPECT_EQ(decoded->bundle, expected.bundle);
  EXPECT_EQ(decoded->runtime_root, expected.runtime_root);
  EXPECT_EQ(decoded->container_id, expected.container_id);
}

void ExpectDecodes(const std::string& bytes, const GateAnswer& expected) {
  const auto decoded = DecodeGateAnswer(bytes);
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(decoded->verdict, expected.verdict);
  EXPECT_EQ(decoded->reason, expected.reason);
  EXPECT_EQ(decoded->line, expected.line);
  EXPECT_EQ(decoded->record, expected.record);
}

class RandomMessages {
 public:
  std::uint32_t Number() {
    // All lengths of a varint are as likely.
    return static_cast<std::uint32_t>(random_()) >> (random_() % 33 % 32);
  }
  std::string Text() {
    static constexpr std::string_view kPieces[] = {"a", "/", "\n", "\0"sv, "é", "€", "𝄞", "…"};
    std::string text;
    for (std::uint64_t left = random_() % 200; left > 0; --left) {
      text += kPieces[random_() % std::size(kPieces)];
    }
    return random_() % 4 == 0 ? "" : text;
  }
  GateQuestion Question() {
    return {.call = static_cast<GateCall>(1 + random_() % 6),
            .reference = Text(),
            .digest = Text(),
            .media_type = Text(),
            .bundle = Text(),
            .runtime_root = Text(),
            .container_id = Text()};
  }
  GateAnswer Answer() {
    return {.verdict = Number(), .reason = Number(), .line = Text(), .record = Text()};
  }

 private:
  std::mt19937_64 random_{20261124};  // NOLINT(cert-msc51-cpp): a test has to be repeatable
};

TEST(GateMessageTest, WritesAndReadsTheSameBytesAsTheGeneratedCode) {
  RandomMessages random;
  for (int i = 0; i < 2000; ++i) {
    const GateQuestion question = random.Question();
    ExpectSameAsGenerated(question);
    ExpectDecodes(Generated(question).SerializeAsString(), question);
    const GateAnswer answer = random.Answer();
    ExpectSameAsGenerated(answer);
    ExpectDecodes(Generated(answer).SerializeAsString(), answer);
  }
}

TEST(GateMessageTest, TheGeneratedCodeReadsWhatIsWritten) {
  RandomMessages random;
  for (int i = 0; i < 2000; ++i) {
    const GateAnswer answer = random.Answer();
    test::GateAnswer read;
    ASSERT_TRUE(read.ParseFromString(Encode(answer)));
    EXPECT_EQ(read.verdict(), answer.verdict);
    EXPECT_EQ(read.reason(), answer.reason);
    EXPECT_EQ(read.line(), answer.line);
    EXPECT_EQ(read.record(), answer.record);
  }
}

TEST(GateMessageTest, AnAnswerWithoutFieldsAllowsNothing) {
  const auto answer = DecodeGateAnswer("");
  ASSERT_THAT(answer, IsOk());
  EXPECT_FALSE(answer->allowed());
}

TEST(GateMessageTest, OnlyACompleteAllowAllows) {
  for (std::uint32_t verdict = 0; verdict < 300; ++verdict) {
    EXPECT_EQ((GateAnswer{.verdict = verdict, .line = {}, .record = {}}).allowed(), verdict == 3);
    EXPECT_FALSE((GateAnswer{.verdict = verdict, .reason = 1, .line = {}, .record = {}}).allowed());
  }
}

struct Spelling {
  const char* name;
  std::string_view bytes;
};

class UnknownFieldTest : public ::testing::TestWithParam<Spelling> {};

TEST_P(UnknownFieldTest, IsSkipped) {
  const auto question = DecodeGateQuestion(std::string(GetParam().bytes) + "\x08\x02");
  ASSERT_THAT(question, IsOk());
  EXPECT_EQ(question->call, GateCall::kVerify);
}

INSTANTIATE_TEST_SUITE_P(Unknown, UnknownFieldTest,
                         ::testing::Values(Spelling{"Number", "\x78\x96\x01"sv},
                                           Spelling{"Bytes", "\x7a\x02hi"sv},
                                           Spelling{"Fixed32", "\x7d\1\2\3\4"sv},
                                           Spelling{"Fixed64", "\x79\1\2\3\4\5\6\7\x08"sv},
                                           Spelling{"LargestNumber", "\xf8\xff\xff\xff\x0f\x01"sv},
                                           Spelling{"TwiceTheSame", "\x78\x01\x78\x01"sv}),
                         [](const auto& row) { return std::string(row.param.name); });

class BadQuestionTest : public ::testing::TestWithParam<Spelling> {};

TEST_P(BadQuestionTest, IsRefused) {
  EXPECT_THAT(DecodeGateQuestion(GetParam().bytes), FailsWith(Reason::kProtocol));
}

INSTANTIATE_TEST_SUITE_P(
    Bad, BadQuestionTest,
    ::testing::Values(
        Spelling{"Empty", ""sv}, Spelling{"NoCall", "\x12\x01x"sv},
        Spelling{"CallZero", "\x08\x00"sv}, Spelling{"CallUnknown", "\x08\x07"sv},
        Spelling{"CallThatWouldWrap", "\x08\x81\x80\x80\x80\x10"sv},
        Spelling{"CallTwice", "\x08\x01\x08\x01"sv}, Spelling{"CallAsBytes", "\x0a\x01\x01"sv},
        Spelling{"ReferenceAsNumber", "\x08\x01\x10\x01"sv},
        Spelling{"ReferenceTwice", "\x08\x01\x12\x01x\x12\x01y"sv},
        Spelling{"ReferenceNotUtf8", "\x08\x01\x12\x01\xff"sv},
        Spelling{"ReferenceCut", "\x08\x01\x12\x05xyz"sv},
        Spelling{"LengthThatWouldWrap", "\x08\x01\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"sv},
        Spelling{"TagCut", "\x08\x01\x92"sv}, Spelling{"NumberCut", "\x08"sv},
        Spelling{"NumberBeyond64Bits", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"sv},
        Spelling{"NumberWithoutEnd", "\x78\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"sv},
        Spelling{"TagOfSixBytes", "\x08\x01\xa8\x80\x80\x80\x80\x00\x01"sv},
        Spelling{"LengthOfSixBytes", "\x08\x01\x12\x81\x80\x80\x80\x80\x00x"sv},
        Spelling{"FieldZero", "\x08\x01\x00\x01"sv},
        Spelling{"FieldNumberTooLarge", "\x08\x01\xf8\xff\xff\xff\x1f\x01"sv},
        Spelling{"GroupStart", "\x08\x01\x2b"sv}, Spelling{"GroupEnd", "\x08\x01\x2c"sv},
        Spelling{"WireType6", "\x08\x01\x2e"sv}, Spelling{"WireType7", "\x08\x01\x2f"sv},
        Spelling{"Fixed32Cut", "\x08\x01\x7d\1\2\3"sv},
        Spelling{"Fixed64Cut", "\x08\x01\x79\1\2\3\4\5\6\7"sv}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(GateMessageTest, EveryCutOfAnAnswerIsRefusedOrAllowsNothing) {
  const std::string whole =
      Encode(GateAnswer{.verdict = 3, .reason = 0, .line = "allowed", .record = "{}"});
  ASSERT_TRUE(DecodeGateAnswer(whole)->allowed());
  // Cut inside a field it is refused; between two it is a shorter message, which protobuf cannot
  // tell, but a frame cannot be cut without the receiver being told.
  int refused = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    refused += DecodeGateAnswer(whole.substr(0, size)).ok() ? 0 : 1;
  }
  EXPECT_EQ(refused, static_cast<int>(whole.size()) - 3);
}

TEST(GateMessageTest, TakesAsMuchAsAFrameHolds) {
  std::string bytes = "\x08\x02";
  const std::size_t room = kMaxFrameBytes - bytes.size() - 4;
  bytes += "\x12";
  bytes += static_cast<char>((room & 0x7f) | 0x80);
  bytes += static_cast<char>((room >> 7 & 0x7f) | 0x80);
  bytes += static_cast<char>(room >> 14);
  bytes.append(room, 'r');
  ASSERT_EQ(bytes.size(), kMaxFrameBytes);
  EXPECT_THAT(DecodeGateQuestion(bytes), IsOk());
  EXPECT_THAT(DecodeGateQuestion(bytes + "\x78"), FailsWith(Reason::kProtocol));
  EXPECT_THAT(DecodeGateQuestion(bytes + "\x78\x01"), FailsWith(Reason::kProtocol));
}

}  // namespace
}  // namespace sigward::rpc
