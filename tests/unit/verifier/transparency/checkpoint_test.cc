#include "verifier/transparency/checkpoint.h"

#include <gtest/gtest.h>

#include <string>

#include "base/base64.h"
#include "private_sigstore/rekor_log.h"
#include "result_matchers.h"
#include "verifier/transparency/signed_note.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::ByteView;
using base::Reason;
using sigward::testing::CosignatureLine;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::RekorLog;
using sigward::testing::RekorVersion;
using sigward::testing::TestKey;

struct Style {
  CheckpointStyle style;
  RekorVersion version;
  KeyType key;
};

class CheckpointTest : public ::testing::TestWithParam<Style> {
 protected:
  CheckpointTest() : log_(GetParam().version, TestKey::Shared(GetParam().key)) {
    log_.Add("body", "kind", "version", RekorLog::kStart);
  }

  base::Result<VerifiedCheckpoint> Verify(const std::string& note) const {
    return VerifyCheckpoint(note, log_.trusted(), GetParam().style);
  }
  base::Result<VerifiedCheckpoint> Verify(const std::string& note,
                                          const TransparencyLog& log) const {
    return VerifyCheckpoint(note, log, GetParam().style);
  }
  /// The checkpoint with line LINE replaced, or taken out, and signed anew.
  std::string WithLine(int line, const std::string& text) const {
    std::string checkpoint = log_.CheckpointText();
    std::size_t start = 0;
    for (int i = 0; i < line; ++i) {
      start = checkpoint.find('\n', start) + 1;
    }
    checkpoint.replace(start, checkpoint.find('\n', start) + 1 - start, text);
    return log_.Note(checkpoint);
  }
  ByteView Id() const { return ByteView(log_.id()).first(kNoteKeyIdBytes); }

  RekorLog log_;
};

TEST_P(CheckpointTest, SizeAndRootAreWhatTheLogSigned) {
  const auto checkpoint = Verify(log_.Note(log_.CheckpointText()));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(checkpoint->size(), 7U);
  EXPECT_EQ(base::EncodeBase64(checkpoint->root_hash()),
            log_.CheckpointText().substr(log_.origin().size() + 3, 44));
}

TEST_P(CheckpointTest, LinesByOthersAreIgnoredWhereverTheyStand) {
  const std::string text = log_.CheckpointText();
  const std::string line = log_.Line(text);
  EXPECT_THAT(Verify(text + "\n" + CosignatureLine() + line), IsOk());
  EXPECT_THAT(Verify(text + "\n" + line + CosignatureLine()), IsOk());
  // One of name and id may be the log's, but not both.
  const ByteBuffer other_id = {1, 2, 3, 4};
  EXPECT_THAT(Verify(text + "\n" + log_.Line("other", log_.host(), other_id) + line), IsOk());
  EXPECT_THAT(Verify(text + "\n" + log_.Line("other", "other.example", Id()) + line), IsOk());
}

TEST_P(CheckpointTest, LinesByOthersMustBeWellFormedAllTheSame) {
  EXPECT_THAT(Verify(log_.Note(log_.CheckpointText()) + "\u2014 witness.example AAAA\n"),
              FailsWith(Reason::kMalformed));
}

TEST_P(CheckpointTest, TheFirstLineByTheLogDecides) {
  const std::string text = log_.CheckpointText();
  const std::string line = log_.Line(text);
  const std::string of_another_text = log_.Line("other");
  EXPECT_THAT(Verify(text + "\n" + line + line), IsOk());
  EXPECT_THAT(Verify(text + "\n" + line + of_another_text), IsOk());
  EXPECT_THAT(Verify(text + "\n" + of_another_text + line), FailsWith(Reason::kNotLogged));
}

TEST_P(CheckpointTest, OnlyTheLogsOwnNameAndIdCount) {
  const std::string text = log_.CheckpointText();
  const ByteBuffer other_id = {1, 2, 3, 4};
  EXPECT_THAT(Verify(text + "\n" + log_.Line(text, log_.host(), Id())), IsOk());
  EXPECT_THAT(Verify(text + "\n" + log_.Line(text, "other.example", Id())),
              FailsWith(Reason::kNotLogged));
  EXPECT_THAT(Verify(text + "\n" + log_.Line(text, log_.host(), other_id)),
              FailsWith(Reason::kNotLogged));
  EXPECT_THAT(Verify(text + "\n" + CosignatureLine()), FailsWith(Reason::kNotLogged));
}

TEST_P(CheckpointTest, TheKeyIdOfTheTrustRootComesFirst) {
  const std::string text = log_.CheckpointText();
  TransparencyLog log = log_.trusted();
  log.checkpoint_key_id = ByteBuffer{9, 8, 7, 6};
  EXPECT_THAT(Verify(text + "\n" + log_.Line(text, log_.host(), *log.checkpoint_key_id), log),
              IsOk());
  EXPECT_THAT(Verify(log_.Note(text), log), FailsWith(Reason::kNotLogged));
  log.checkpoint_key_id = ByteBuffer(Id().begin(), Id().begin() + 3);
  EXPECT_THAT(Verify(log_.Note(text), log), FailsWith(Reason::kNotLogged));
}

TEST_P(CheckpointTest, AnIdThatFollowsFromTheKeyPicksTheLineToo) {
  const std::string text = log_.CheckpointText();
  TransparencyLog log = log_.trusted();
  log.log_id = ByteBuffer(32, 7);
  EXPECT_THAT(Verify(log_.Note(text), log), IsOk());
  EXPECT_THAT(Verify(text + "\n" + log_.Line(text, log_.host(), ByteBuffer{9, 8, 7, 6}), log),
              FailsWith(Reason::kNotLogged));
}

TEST_P(CheckpointTest, ASignatureByAnotherKeyIsNone) {
  const RekorLog impostor(GetParam().version, GetParam().key == KeyType::kEd25519
                                                  ? TestKey::Ed25519()
                                                  : TestKey::Stranger());
  const std::string text = log_.CheckpointText();
  EXPECT_THAT(Verify(text + "\n" + impostor.Line(text, log_.host(), Id())),
              FailsWith(Reason::kNotLogged));
}

TEST_P(CheckpointTest, EveryChangedByteOfANoteIsNoticed) {
  const std::string note = log_.Note(log_.CheckpointText());
  for (std::size_t i = 0; i < note.size(); ++i) {
    std::string changed = note;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(Verify(changed).ok()) << i << ": " << changed;
    EXPECT_FALSE(Verify(note.substr(0, i)).ok()) << i;
  }
}

TEST_P(CheckpointTest, TextThatIsNoCheckpointIsMalformedEvenWhenTheLogSignedIt) {
  for (const char* size : {"", "\n", "x\n", "07\n", "+7\n", "-7\n", " 7\n", "7 \n", "7.0\n",
                           "0x7\n", "18446744073709551616\n"}) {
    EXPECT_THAT(Verify(WithLine(1, size)), FailsWith(Reason::kMalformed)) << size;
  }
  const std::string hash = base::EncodeBase64(ByteBuffer(32, 1));
  for (const std::string& root :
       {std::string(), std::string("\n"), std::string("AAAA\n"), hash.substr(0, 43) + "\n",
        " " + hash + "\n", hash + " \n", base::EncodeBase64(ByteBuffer(33, 1)) + "\n",
        base::EncodeBase64(ByteBuffer(31, 1)) + "\n"}) {
    EXPECT_THAT(Verify(WithLine(2, root)), FailsWith(Reason::kMalformed)) << root;
  }
  EXPECT_THAT(Verify(log_.Note(log_.CheckpointText() + "\nmore\n")), FailsWith(Reason::kMalformed));
}

TEST_P(CheckpointTest, ExtensionLinesSayNothing) {
  EXPECT_THAT(Verify(log_.Note(log_.CheckpointText() + "Timestamp: 1\n")), IsOk());
  EXPECT_THAT(Verify(log_.Note(log_.CheckpointText() + "a\nb\n")), IsOk());
}

TEST_P(CheckpointTest, SizesUpTo64BitsAreRead) {
  const auto largest = Verify(WithLine(1, "18446744073709551615\n"));
  ASSERT_THAT(largest, IsOk());
  EXPECT_EQ(largest->size(), UINT64_MAX);
  EXPECT_THAT(Verify(WithLine(1, "0\n")), IsOk());
}

INSTANTIATE_TEST_SUITE_P(
    Styles, CheckpointTest,
    ::testing::Values(Style{CheckpointStyle::kRekorV1, RekorVersion::kV1, KeyType::kEcdsaP256},
                      Style{CheckpointStyle::kRekorV1, RekorVersion::kV1, KeyType::kEcdsaP384},
                      Style{CheckpointStyle::kRekorV1, RekorVersion::kV1, KeyType::kEd25519},
                      Style{CheckpointStyle::kRekorV1, RekorVersion::kV1, KeyType::kRsa},
                      Style{CheckpointStyle::kRekorV2, RekorVersion::kV2, KeyType::kEd25519},
                      Style{CheckpointStyle::kRekorV2, RekorVersion::kV2, KeyType::kEcdsaP256},
                      Style{CheckpointStyle::kRekorV2, RekorVersion::kV2, KeyType::kEcdsaP384},
                      Style{CheckpointStyle::kRekorV2, RekorVersion::kV2, KeyType::kRsa}));

TEST(CheckpointOriginTest, EachStyleHasItsOwn) {
  const TestKey& key = TestKey::Shared(KeyType::kEcdsaP256);
  const RekorLog log(RekorVersion::kV1, key, "rekor.example");
  const std::string rest = "\n1\n" + base::EncodeBase64(ByteBuffer(32, 1)) + "\n";
  const auto v1 = [&](const std::string& origin) {
    return VerifyCheckpoint(log.Note(origin + rest), log.trusted(), CheckpointStyle::kRekorV1);
  };
  const auto v2 = [&](const std::string& origin) {
    return VerifyCheckpoint(log.Note(origin + rest), log.trusted(), CheckpointStyle::kRekorV2);
  };
  EXPECT_THAT(v1("rekor.example - 1"), IsOk());
  EXPECT_THAT(v2("rekor.example"), IsOk());
  for (const char* origin :
       {"rekor.example", "rekor.example - ", "rekor.example - 1x", "rekor.example -1", " - 1", "",
        "other.example - 1", "rekor.example - 1 - 1", "rekor.example - -1"}) {
    EXPECT_THAT(v1(origin), FailsWith(Reason::kNotLogged)) << origin;
  }
  for (const char* origin : {"rekor.example - 1", "other.example", "", "https://rekor.example",
                             "rekor.example/", "Rekor.example", "rekor.example "}) {
    EXPECT_THAT(v2(origin), FailsWith(Reason::kNotLogged)) << origin;
  }
}

TEST(CheckpointOriginTest, TheHostIsTheBaseUrlsWithoutPortAndPath) {
  const RekorLog log(RekorVersion::kV2, TestKey::Shared(KeyType::kEd25519), "rekor.example");
  const std::string note =
      log.Note("rekor.example\n1\n" + base::EncodeBase64(ByteBuffer(32, 1)) + "\n");
  const auto at = [&](const char* url) {
    TransparencyLog trusted = log.trusted();
    trusted.base_url = url;
    return VerifyCheckpoint(note, trusted, CheckpointStyle::kRekorV2);
  };
  for (const char* url : {"https://rekor.example", "http://rekor.example", "https://rekor.example/",
                          "https://rekor.example:3000", "https://rekor.example:3000/a?b#c",
                          "https://user:word@rekor.example/"}) {
    EXPECT_THAT(at(url), IsOk()) << url;
  }
  for (const char* url :
       {"", "rekor.example", "https://", "https:///", "https://other.example",
        "https://other.example/rekor.example", "https://rekor.example@other.example",
        "https://[rekor.example", "https://rekor.example.", "https://[]"}) {
    EXPECT_THAT(at(url), FailsWith(Reason::kNotLogged)) << url;
  }
}

}  // namespace
}  // namespace sigward::verifier
