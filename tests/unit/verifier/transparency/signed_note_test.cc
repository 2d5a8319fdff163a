#include "verifier/transparency/signed_note.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/base64.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using ::testing::ElementsAre;

const std::string kDash = "\u2014 ";
// A key id of 1 2 3 4 and a signature of one byte, 5.
const std::string kLine = kDash + "log.example AQIDBAU=\n";

std::string Lines(std::size_t count) {
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) {
    lines += kLine;
  }
  return lines;
}

TEST(SignedNoteTest, TakesTextAndSignaturesApart) {
  const std::string note = "first\n\nsecond\n\n" + kLine + kDash + "other.example/a AAAAAAYH\n";
  const auto parsed = ParseSignedNote(note);
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->text, "first\n\nsecond\n");
  ASSERT_EQ(parsed->signatures.size(), 2U);
  EXPECT_EQ(parsed->signatures[0].key_name, "log.example");
  EXPECT_THAT(parsed->signatures[0].key_id, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(parsed->signatures[0].signature, ElementsAre(5));
  EXPECT_EQ(parsed->signatures[1].key_name, "other.example/a");
  EXPECT_THAT(parsed->signatures[1].key_id, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(parsed->signatures[1].signature, ElementsAre(6, 7));
}

TEST(SignedNoteTest, TheNotesOfTheSpecificationAreNotes) {
  EXPECT_THAT(
      ParseSignedNote("Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n"
                      "ed \u00e8 subito sera.\n\n"
                      "\u2014 quasimodo.example/salvatore "
                      "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihA"
                      "QwaqP3ZekRwNtIc=\n"),
      IsOk());
}

TEST(SignedNoteTest, WhatIsNoNoteIsMalformed) {
  const std::string good = "text\n\n" + kLine;
  ASSERT_THAT(ParseSignedNote(good), IsOk());
  const struct {
    const char* what;
    std::string note;
  } kBad[] = {
      {"nothing", ""},
      {"a newline", "\n"},
      {"two newlines", "\n\n"},
      {"no text", "\n\n" + kLine},
      {"no blank line", "text\n" + kLine},
      {"no signature", "text\n\n"},
      {"no signature and no blank line", "text\n"},
      {"no final newline", good.substr(0, good.size() - 1)},
      {"CR LF", "text\r\n\r\n" + kDash + "log.example AQIDBAU=\r\n"},
      {"a CR", "te\rxt\n\n" + kLine},
      {"a tab", "te\txt\n\n" + kLine},
      {"a zero byte", std::string("te\0xt\n\n", 7) + kLine},
      {"broken UTF-8", "te\xffxt\n\n" + kLine},
      {"a signature before the blank line", "text\n" + kLine + "\n"},
      {"something else behind the blank line", "text\n\n" + kLine + "more\n"},
      {"a blank line at the end", good + "\n"},
      {"a hyphen in place of the dash", "text\n\n- log.example AQIDBAU=\n"},
      {"an en dash", "text\n\n\u2013 log.example AQIDBAU=\n"},
      {"no space behind the dash", "text\n\n\u2014log.example AQIDBAU=\n"},
      {"no name", "text\n\n" + kDash + " AQIDBAU=\n"},
      {"no signature behind the name", "text\n\n" + kDash + "log.example\n"},
      {"an empty signature", "text\n\n" + kDash + "log.example \n"},
      {"a plus in the name", "text\n\n" + kDash + "log+example AQIDBAU=\n"},
      {"a no-break space in the name", "text\n\n" + kDash + "log\u00a0example AQIDBAU=\n"},
      {"an em space in the name", "text\n\n" + kDash + "log\u2003example AQIDBAU=\n"},
      {"an ideographic space in the name", "text\n\n" + kDash + "log\u3000example AQIDBAU=\n"},
      {"two spaces", "text\n\n" + kDash + "log.example  AQIDBAU=\n"},
      {"something behind the signature", "text\n\n" + kDash + "log.example AQIDBAU= x\n"},
      {"a space behind the signature", "text\n\n" + kDash + "log.example AQIDBAU= \n"},
      {"base64 without padding", "text\n\n" + kDash + "log.example AQIDBAU\n"},
      {"URL base64", "text\n\n" + kDash + "log.example AQIDBA-_\n"},
      {"a key id alone", "text\n\n" + kDash + "log.example AQIDBA==\n"},
      {"less than a key id", "text\n\n" + kDash + "log.example AQID\n"},
      {"one good and one bad line", good + kDash + "log.example AQIDBA==\n"},
  };
  for (const auto& bad : kBad) {
    EXPECT_THAT(ParseSignedNote(bad.note), FailsWith(Reason::kMalformed)) << bad.what;
  }
}

TEST(SignedNoteTest, SignaturesAreBounded) {
  EXPECT_THAT(ParseSignedNote("text\n\n" + Lines(kMaxNoteSignatures)), IsOk());
  EXPECT_THAT(ParseSignedNote("text\n\n" + Lines(kMaxNoteSignatures + 1)),
              FailsWith(Reason::kTooLarge));
}

TEST(SignedNoteTest, NotesAreBounded) {
  const std::string end = "\n\n" + kLine;
  EXPECT_THAT(ParseSignedNote(std::string(kMaxNoteBytes - end.size(), 'x') + end), IsOk());
  EXPECT_THAT(ParseSignedNote(std::string(kMaxNoteBytes - end.size() + 1, 'x') + end),
              FailsWith(Reason::kTooLarge));
}

TEST(SignedNoteTest, SixteenSignaturesOfFiveThousandBytesFit) {
  const std::string line = kDash + "witness.example/post-quantum " +
                           base::EncodeBase64(base::ByteBuffer(5000, 1)) + "\n";
  std::string note = "text\n\n";
  for (std::size_t i = 0; i < 16; ++i) {
    note += line;
  }
  EXPECT_THAT(ParseSignedNote(note), IsOk());
}

}  // namespace
}  // namespace sigward::verifier
