#include "verifier/der.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;

base::ByteBuffer Hex(std::string_view text) {
  return std::move(base::DecodeHex(text, text.size() / 2)).value();
}

TEST(DerTest, ReadsShortestPositiveIntegers) {
  const struct {
    std::string_view der;
    std::string_view magnitude;
  } kCases[] = {{"020101", "01"}, {"02017f", "7f"}, {"02020080", "80"}, {"02020100", "0100"}};
  for (const auto& c : kCases) {
    const base::ByteBuffer der = Hex(c.der);
    DerReader reader(der);
    const base::Result<base::ByteView> magnitude = reader.ReadPositiveInteger();
    ASSERT_THAT(magnitude, IsOk()) << c.der;
    EXPECT_EQ(base::EncodeHex(*magnitude), c.magnitude);
    EXPECT_TRUE(reader.AtEnd());
  }
}

TEST(DerTest, RefusesIntegersThatAreNotPositiveOrNotShortest) {
  for (const std::string_view der :
       {"", "02", "0200", "020100", "020180", "0202007f", "0203000080", "0201", "030101",
        "0281017f", "02820001", "02800100", "0283000001ff", "02ff01"}) {
    const base::ByteBuffer bytes = Hex(der);
    EXPECT_THAT(DerReader(bytes).ReadPositiveInteger(), FailsWith(Reason::kMalformed)) << der;
  }
}

TEST(DerTest, ReadsWhatItWritesAtEveryLengthForm) {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 255U, 256U, 257U, 65535U}) {
    const base::ByteBuffer contents(size, 0x5a);
    const base::ByteBuffer der = DerElement(DerTag::kSequence, contents);
    DerReader reader(der);
    const base::Result<base::ByteView> read = reader.Read(DerTag::kSequence);
    ASSERT_THAT(read, IsOk()) << size;
    EXPECT_EQ(read->size(), size);
    EXPECT_TRUE(reader.AtEnd());
  }
}

TEST(DerTest, RefusesLengthsInLongerForms) {
  for (const std::string_view head : {"30817f", "3082007f", "308200ff", "308300ffff", "3080"}) {
    base::ByteBuffer bytes = Hex(head);
    bytes.resize(bytes.size() + 70000);
    EXPECT_THAT(DerReader(bytes).Read(DerTag::kSequence), FailsWith(Reason::kMalformed)) << head;
  }
}

TEST(DerTest, RefusesElementsThatEndBeyondTheirHolder) {
  for (const std::string_view der : {"3001", "308180", "30820100", "3082", "3081", "30"}) {
    const base::ByteBuffer bytes = Hex(der);
    EXPECT_THAT(DerReader(bytes).Read(DerTag::kSequence), FailsWith(Reason::kMalformed)) << der;
  }
}

TEST(DerTest, ReadsAnElementOfAnyType) {
  const base::ByteBuffer bytes = Hex("a3030201058000");
  DerReader reader(bytes);
  const base::Result<DerItem> first = reader.ReadAny();
  ASSERT_THAT(first, IsOk());
  EXPECT_TRUE(first->Is(DerTag::kContext3));
  EXPECT_FALSE(first->Is(DerTag::kContext0));
  EXPECT_EQ(base::EncodeHex(first->contents), "020105");
  EXPECT_EQ(base::EncodeHex(first->whole), "a303020105");
  const base::Result<DerItem> second = reader.ReadAny();
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->tag, 0x80);
  EXPECT_TRUE(second->contents.empty());
  EXPECT_TRUE(reader.AtEnd());
  EXPECT_THAT(reader.ReadAny(), FailsWith(Reason::kMalformed));
}

TEST(DerTest, RefusesTagsOfMoreThanOneByte) {
  for (const std::string_view der : {"1f0100", "bf2100", "3f8100"}) {
    const base::ByteBuffer bytes = Hex(der);
    EXPECT_THAT(DerReader(bytes).ReadAny(), FailsWith(Reason::kMalformed)) << der;
  }
}

TEST(DerDeathTest, WritesNothingBeyondItsBound) {
  const base::ByteBuffer contents(kMaxDerLength + 1);
  EXPECT_DEATH(DerElement(DerTag::kSequence, contents), "");
}

}  // namespace
}  // namespace sigward::verifier
