#include "base/base64.h"

#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"

namespace sigward::base {
namespace {

using testing::FailsWith;
using testing::IsOk;

std::string Text(const Result<ByteBuffer>& bytes) {
  return bytes.ok() ? std::string(AsText(*bytes)) : "<" + bytes.error().detail + ">";
}

TEST(Base64, DecodesTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(Text(DecodeBase64(encoded, 100)), plain);
    EXPECT_EQ(EncodeBase64(AsBytes(plain)), encoded);
  }
}

TEST(Base64, EveryByteComesBack) {
  ByteBuffer bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i));
    const auto decoded = DecodeBase64(EncodeBase64(bytes), 1000);
    ASSERT_THAT(decoded, IsOk());
    EXPECT_EQ(*decoded, bytes);
  }
}

TEST(Base64, RefusesEverySecondSpelling) {
  for (const char* text :
       {"Zg", "Zg=", "Zg===", "Zm9v\n", " Zm9v", "Zm 9v", "Zm9v====", "Z===", "====", "=",
        "Zg==Zg==", "Zh==", "Zm9=", "-_-_", "Zm9vYmF", "Zm9\r\n", "Zm9v=", "Zm\0v"}) {
    EXPECT_THAT(DecodeBase64(text, 100), FailsWith(Reason::kMalformed)) << text;
  }
  EXPECT_THAT(DecodeBase64(std::string_view("Zm\0v", 4), 100), FailsWith(Reason::kMalformed));
}

TEST(Base64, IsBounded) {
  EXPECT_THAT(DecodeBase64("Zm9vYmFy", 8), IsOk());
  EXPECT_THAT(DecodeBase64("Zm9vYmFy", 7), FailsWith(Reason::kTooLarge));
}

TEST(Hex, GoesBothWaysAndRefusesUpperCase) {
  EXPECT_EQ(EncodeHex(AsBytes("\x01\xaf")), "01af");
  EXPECT_EQ(Text(DecodeHex("01af", 2)), "\x01\xaf");
  EXPECT_THAT(DecodeHex("01AF", 2), FailsWith(Reason::kMalformed));
  EXPECT_THAT(DecodeHex("01a", 2), FailsWith(Reason::kMalformed));
  EXPECT_THAT(DecodeHex("01afaf", 2), FailsWith(Reason::kMalformed));
  EXPECT_THAT(DecodeHex("01ag", 2), FailsWith(Reason::kMalformed));
}

}  // namespace
}  // namespace sigward::base
