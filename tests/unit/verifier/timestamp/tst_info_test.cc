#include "verifier/timestamp/tst_info.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "private_sigstore/der_writer.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Reason;
using sigward::testing::Algorithm;
using sigward::testing::Element;
using sigward::testing::FailsWith;
using sigward::testing::GeneralizedTime;
using sigward::testing::Integer;
using sigward::testing::IsOk;
using sigward::testing::IsOkAndHolds;
using sigward::testing::OctetString;
using sigward::testing::Oid;
using sigward::testing::Sequence;

const Time kNewYear = std::chrono::sys_days(std::chrono::year(2030) / 1 / 1);
constexpr const char* kSha256 = "2.16.840.1.101.3.4.2.1";

ByteBuffer InfoWith(const ByteBuffer& rest, const ByteBuffer& version = Integer(1)) {
  return Sequence({version, Oid("1.2.3"),
                   Sequence({Algorithm(kSha256), OctetString(ByteBuffer(32))}), Integer(1),
                   GeneralizedTime("20300101000000Z"), rest});
}

ByteBuffer ExtensionsOf(const ByteBuffer& critical) {
  return Element(0xa1, {Sequence({Oid("1.2.3.4"), critical, OctetString(ByteBuffer())})});
}

TEST(GenTimeTest, ReadsWholeSecondsAndCutsFractionsOff) {
  EXPECT_THAT(ParseGenTime("20300101000000Z"), IsOkAndHolds(kNewYear));
  EXPECT_THAT(ParseGenTime("20291231235959.999999999Z"),
              IsOkAndHolds(kNewYear - std::chrono::seconds(1)));
  EXPECT_THAT(ParseGenTime("20300101000000.5Z"), IsOkAndHolds(kNewYear));
  EXPECT_THAT(ParseGenTime("20240229120000Z"),
              IsOkAndHolds(Time(std::chrono::sys_days(std::chrono::year(2024) / 2 / 29)) +
                           std::chrono::hours(12)));
}

TEST(GenTimeTest, RefusesEveryOtherSpelling) {
  for (const char* text : {"",
                           "Z",
                           "20300101000000",
                           "203001010000Z",
                           "300101000000Z",
                           "20300101000000+0000",
                           "20300101000000.Z",
                           "20300101000000.50Z",
                           "20300101000000,5Z",
                           "20300101000000.5",
                           "20300101000000.1234567891Z",
                           "20300101000000ZZ",
                           "2030010100000xZ",
                           "20301301000000Z",
                           "20300001000000Z",
                           "20300132000000Z",
                           "20300100000000Z",
                           "20230229000000Z",
                           "20300101240000Z",
                           "20300101006000Z",
                           "20300101000060Z",
                           " 20300101000000Z",
                           "20300101000000z",
                           "+2030010100000Z",
                           "20300101000000.5+Z"}) {
    EXPECT_THAT(ParseGenTime(text), FailsWith(Reason::kMalformed)) << text;
  }
}

TEST(TstInfoTest, ReadsImprintAndTime) {
  const ByteBuffer der = InfoWith({});
  const auto info = ParseTstInfo(der);
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info->imprint_hash, HashAlgorithm::kSha256);
  EXPECT_EQ(info->imprint.size(), 32U);
  EXPECT_EQ(info->time, kNewYear);
}

TEST(TstInfoTest, LetsPassWhatSaysNothingHere) {
  const ByteBuffer accuracy = Sequence({Integer(1), Element(0x80, {{5}})});
  const ByteBuffer ordering = Element(0x01, {{0xff}});
  const ByteBuffer nonce = Integer(99);
  const ByteBuffer tsa = Element(0xa0, {Element(0xa4, {Sequence({})})});
  for (const ByteBuffer& rest :
       {accuracy, ordering, nonce, tsa, ExtensionsOf({}), ExtensionsOf(Element(0x01, {{0}}))}) {
    EXPECT_THAT(ParseTstInfo(InfoWith(rest)), IsOk());
  }
  EXPECT_THAT(ParseTstInfo(InfoWith(sigward::testing::Concatenated(
                  {accuracy, ordering, nonce, tsa, ExtensionsOf({})}))),
              IsOk());
}

TEST(TstInfoTest, RefusesACriticalExtension) {
  EXPECT_THAT(ParseTstInfo(InfoWith(ExtensionsOf(Element(0x01, {{0xff}})))),
              FailsWith(Reason::kUnsupportedFormat));
  EXPECT_THAT(ParseTstInfo(InfoWith(ExtensionsOf(Element(0x01, {{1}})))),
              FailsWith(Reason::kUnsupportedFormat));
}

TEST(TstInfoTest, RefusesAnotherVersion) {
  EXPECT_THAT(ParseTstInfo(InfoWith({}, Integer(2))), FailsWith(Reason::kUnsupportedFormat));
}

TEST(TstInfoTest, RefusesWhatItDoesNotKnow) {
  ByteBuffer trailing = InfoWith({});
  trailing.push_back(0);
  EXPECT_THAT(ParseTstInfo(trailing), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ParseTstInfo({}), FailsWith(Reason::kMalformed));
  // A second nonce, and a name behind the extensions.
  EXPECT_THAT(ParseTstInfo(InfoWith(sigward::testing::Concatenated({Integer(1), Integer(1)}))),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(ParseTstInfo(InfoWith(sigward::testing::Concatenated(
                  {ExtensionsOf({}), Element(0xa0, {Sequence({})})}))),
              FailsWith(Reason::kMalformed));
}

TEST(TstInfoTest, RefusesOtherHashes) {
  for (const char* oid : {"1.3.14.3.2.26", "2.16.840.1.101.3.4.2.4", "1.2.840.113549.2.5"}) {
    const ByteBuffer der =
        Sequence({Integer(1), Oid("1.2.3"), Sequence({Algorithm(oid), OctetString(ByteBuffer(20))}),
                  Integer(1), GeneralizedTime("20300101000000Z")});
    EXPECT_THAT(ParseTstInfo(der), FailsWith(Reason::kUnsupportedAlgorithm)) << oid;
  }
}

}  // namespace
}  // namespace sigward::verifier
