#include "verifier/statement.h"

#include <gtest/gtest.h>

#include <string>

#include "image_evidence.h"
#include "result_matchers.h"
#include "verifier/dsse.h"
#include "verifier/evidence.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::PaeOf;
using sigward::testing::StatementFor;
using sigward::testing::TestImage;
using sigward::testing::WitnessOf;

base::Result<Statement> ParseEncoded(const std::string& encoding) {
  return ParseStatement(WitnessOf(encoding));
}
base::Result<Statement> Parse(const std::string& payload) {
  return ParseEncoded(PaeOf(kInTotoPayloadType, payload));
}
base::Result<Statement> Parse(const Json& json) {
  return Parse(json.dump());
}

Json With(const char* pointer, const Json& value) {
  Json json = StatementFor(TestImage());
  json[Json::json_pointer(pointer)] = value;
  return json;
}

Json Without(const char* member) {
  Json json = StatementFor(TestImage());
  json.erase(member);
  return json;
}

TEST(DsseTest, EncodesAsTheSpecificationShows) {
  const DsseEnvelope envelope{
      "http://example.com/HelloWorld", {'h', 'e', 'l', 'l', 'o', ' ', 'w', 'o', 'r', 'l', 'd'}, {}};
  EXPECT_EQ(base::AsText(PreAuthEncoding(envelope)),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST(DsseTest, ReadsBackWhatItEncodes) {
  const std::string text = PaeOf("a type", "a 5 payload");
  const base::Result<SignedPayload> read = ReadSignedPayload(WitnessOf(text));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->type, "a type");
  EXPECT_EQ(base::AsText(read->payload), "a 5 payload");
  const std::string empty = PaeOf("", "");
  EXPECT_THAT(ReadSignedPayload(WitnessOf(empty)), IsOk());
}

TEST(DsseTest, RefusesOtherEncodings) {
  for (const std::string text : {"",
                                 "DSSEv1",
                                 "DSSEv1 ",
                                 "DSSEv2 1 a 1 b",
                                 "DSSEv1 1 a 1 ",
                                 "DSSEv1 1 a 1 bc",
                                 "DSSEv1 2 a 1 b",
                                 "DSSEv1 01 a 1 b",
                                 "DSSEv1 1 a 01 b",
                                 "DSSEv1 -1 a 1 b",
                                 "DSSEv1 +1 a 1 b",
                                 "DSSEv1 1 a b",
                                 "DSSEv1 1a 1 b",
                                 "DSSEv1 1  1 b",
                                 "dssev1 1 a 1 b",
                                 "DSSEv1 18446744073709551617 a 1 b",
                                 "DSSEv1 99999999999 a 1 b",
                                 "DSSEv1 1 a 0x1 b",
                                 "DSSEv1  1 a 1 b",
                                 "DSSEv1 1 a 1  b"}) {
    EXPECT_THAT(ReadSignedPayload(WitnessOf(text)), FailsWith(Reason::kMalformed)) << text;
  }
}

TEST(StatementTest, ReadsBothVersions) {
  for (const char* type :
       {"https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"}) {
    const base::Result<Statement> statement = Parse(With("/_type", type));
    ASSERT_THAT(statement, IsOk());
    EXPECT_EQ(statement->predicate_type, kCosignSignPredicate);
    EXPECT_TRUE(statement->NamesSubject(TestImage()));
  }
}

TEST(StatementTest, OneOfManySubjectsAndDigestsIsEnough) {
  Json json = StatementFor(Digest::Of(base::AsBytes("another")));
  json["subject"].push_back(
      {{"name", "x"},
       {"digest", {{"sha1", "da39"}, {"sha256", TestImage().hex()}, {"gitCommit", "abc"}}},
       {"annotations", {{"k", "v"}}}});
  const base::Result<Statement> statement = Parse(json);
  ASSERT_THAT(statement, IsOk());
  EXPECT_TRUE(statement->NamesSubject(TestImage()));
  EXPECT_TRUE(statement->NamesSubject(Digest::Of(base::AsBytes("another"))));
  EXPECT_FALSE(statement->NamesSubject(Digest::Of(base::AsBytes("a third"))));
}

TEST(StatementTest, ASubjectWithoutADigestNamesNothingAndHidesNothing) {
  for (const Json& nameless : {Json{{"name", "x"}}, Json{{"digest", nullptr}}, Json::object(),
                               Json{{"digest", Json::object()}}}) {
    Json json = StatementFor(TestImage());
    json["subject"].push_back(nameless);
    ASSERT_THAT(Parse(json), IsOk()) << nameless;
    EXPECT_TRUE(Parse(json)->NamesSubject(TestImage())) << nameless;
    json["subject"] = Json::array({nameless});
    ASSERT_THAT(Parse(json), IsOk()) << nameless;
    EXPECT_TRUE(Parse(json)->subject_digests.empty()) << nameless;
  }
}

TEST(StatementTest, NamesASubjectOnlyByItsOwnAlgorithmAndSpelling) {
  std::string upper(TestImage().hex());
  for (char& c : upper) {
    c = c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  const Json kDigests[] = {
      {{"sha256", upper}},
      {{"sha512", TestImage().hex()}},
      {{"SHA256", TestImage().hex()}},
      {{"sha256", TestImage().text()}},
      {{"sha256", std::string(TestImage().hex()) + " "}},
      {{"sha256", ""}},
      {{"", TestImage().text()}},
      {{"sha256:", TestImage().hex()}},
      {{"sha512", std::string(128, 'a')}},
      Json::object(),
  };
  for (const Json& digest : kDigests) {
    const base::Result<Statement> statement = Parse(With("/subject/0/digest", digest));
    ASSERT_THAT(statement, IsOk()) << digest;
    EXPECT_FALSE(statement->NamesSubject(TestImage())) << digest;
  }
}

TEST(StatementTest, UnknownMembersMayStandUnlessTheyLookLikeKnownOnes) {
  EXPECT_THAT(Parse(With("/new", 1)), IsOk());
  EXPECT_THAT(Parse(With("/subject/0/uri", "x")), IsOk());
  EXPECT_THAT(Parse(With("/predicate", nullptr)), IsOk());
  EXPECT_THAT(Parse(Without("predicate")), IsOk());
  EXPECT_THAT(Parse(With("/Subject", Json::array())), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Parse(With("/PredicateType", "x")), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Parse(With("/subject/0/Digest", Json::object())), FailsWith(Reason::kMalformed));
}

TEST(StatementTest, RefusesEveryOtherShape) {
  const struct {
    Json json;
    Reason reason;
  } kCases[] = {
      {Json::array(), Reason::kMalformed},
      {With("/_type", "https://in-toto.io/Statement/v2"), Reason::kWrongType},
      {With("/_type", "https://in-toto.io/Statement/v1/"), Reason::kWrongType},
      {With("/_type", nullptr), Reason::kMalformed},
      {Without("_type"), Reason::kMalformed},
      {With("/predicateType", nullptr), Reason::kMalformed},
      {With("/predicateType", Json::array()), Reason::kMalformed},
      {Without("predicateType"), Reason::kMalformed},
      {With("/subject", nullptr), Reason::kMalformed},
      {With("/subject", Json::array()), Reason::kMalformed},
      {With("/subject", Json::object()), Reason::kMalformed},
      {Without("subject"), Reason::kMalformed},
      {With("/subject/0", nullptr), Reason::kMalformed},
      {With("/subject/0/digest", "sha256"), Reason::kMalformed},
      {With("/subject/0/digest/sha256", 1), Reason::kMalformed},
      {With("/subject/0/digest/sha256", nullptr), Reason::kMalformed},
      {With("/subject/0", "x"), Reason::kMalformed},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Parse(c.json), FailsWith(c.reason)) << c.json;
  }
  const std::string good = StatementFor(TestImage()).dump();
  EXPECT_THAT(Parse(good + "x"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Parse(good + std::string(1, '\0')), FailsWith(Reason::kMalformed));
  std::string twice = good;
  twice.insert(1, R"("predicateType":"x",)");
  EXPECT_THAT(Parse(twice), FailsWith(Reason::kDuplicateKey));
}

TEST(StatementTest, RefusesOtherPayloadTypes) {
  const std::string payload = StatementFor(TestImage()).dump();
  for (const char* type : {"", "application/json", "application/vnd.in-toto+json; charset=utf-8",
                           "application/vnd.in-toto+json ", "APPLICATION/vnd.in-toto+json",
                           "application/vnd.in-toto"}) {
    EXPECT_THAT(ParseEncoded(PaeOf(type, payload)), FailsWith(Reason::kWrongType)) << type;
  }
}

TEST(StatementTest, BoundsSubjectsAndDigests) {
  const Json subject = StatementFor(TestImage())["subject"][0];
  EXPECT_THAT(Parse(With("/subject", std::vector<Json>(kMaxSubjects, subject))), IsOk());
  EXPECT_THAT(Parse(With("/subject", std::vector<Json>(kMaxSubjects + 1, subject))),
              FailsWith(Reason::kTooLarge));
  Json digests = Json::object();
  for (std::size_t i = 0; i < kMaxSubjectDigests; ++i) {
    digests["alg" + std::to_string(i)] = "x";
  }
  EXPECT_THAT(Parse(With("/subject/0/digest", digests)), IsOk());
  digests["one-more"] = "x";
  EXPECT_THAT(Parse(With("/subject/0/digest", digests)), FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::verifier
