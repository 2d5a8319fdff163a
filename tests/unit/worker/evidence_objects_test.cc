#include "worker/client/evidence_objects.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "result_matchers.h"

namespace sigward::worker {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;
using verifier::Digest;
using verifier::ObjectKind;

constexpr std::size_t kMemory = 1000;
constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

std::string SomeDigest() {
  return Digest::Of(base::AsBytes("some bytes")).text();
}

rpc::Object GoodObject() {
  rpc::Object object;
  object.set_kind(static_cast<std::uint32_t>(ObjectKind::kReferrerManifest));
  object.set_digest(SomeDigest());
  object.set_offset(100);
  object.set_size(200);
  object.set_offered_for(Digest::Of(base::AsBytes("an image")).text());
  object.set_media_type("application/vnd.oci.image.manifest.v1+json");
  return object;
}

Objects Repeated(const rpc::Object& object, std::size_t count) {
  Objects objects;
  for (std::size_t i = 0; i < count; ++i) {
    *objects.Add() = object;
  }
  return objects;
}

struct Row {
  const char* name;
  bool is_good;
  std::function<void(rpc::Object&)> change;
};

class ParseObjectsTest : public ::testing::TestWithParam<Row> {};

TEST_P(ParseObjectsTest, TakesWhatIsInsideAndNothingElse) {
  rpc::Object object = GoodObject();
  GetParam().change(object);
  const auto entries = ParseObjects(Repeated(object, 1), kMemory);
  if (GetParam().is_good) {
    EXPECT_THAT(entries, IsOk());
  } else {
    EXPECT_THAT(entries, FailsWith(Reason::kProtocol));
  }
}

void Place(rpc::Object& object, std::uint64_t offset, std::uint64_t size) {
  object.set_offset(offset);
  object.set_size(size);
}

INSTANTIATE_TEST_SUITE_P(
    Bounds, ParseObjectsTest,
    ::testing::Values(
        Row{"Good", true, [](rpc::Object&) {}},
        Row{"AllOfTheMemory", true, [](auto& object) { Place(object, 0, kMemory); }},
        Row{"OneByteTooLarge", false, [](auto& object) { Place(object, 0, kMemory + 1); }},
        Row{"OneByteTooFar", false, [](auto& object) { Place(object, 1, kMemory); }},
        Row{"LastByte", true, [](auto& object) { Place(object, kMemory - 1, 1); }},
        Row{"EmptyAtTheEnd", true, [](auto& object) { Place(object, kMemory, 0); }},
        Row{"EmptyBehindTheEnd", false, [](auto& object) { Place(object, kMemory + 1, 0); }},
        Row{"SumThatWraps", false, [](auto& object) { Place(object, kHuge, 2); }},
        Row{"SizeThatWraps", false, [](auto& object) { Place(object, 2, kHuge); }},
        Row{"SumThatWrapsIntoTheMemory", false,
            [](auto& object) { Place(object, 500, kHuge - 399); }},
        Row{"KindAbsent", false, [](auto& object) { object.set_kind(0); }},
        Row{"KindLast", true, [](auto& object) { object.set_kind(4); }},
        Row{"KindUnknown", false, [](auto& object) { object.set_kind(5); }},
        Row{"KindThatWouldWrap", false, [](auto& object) { object.set_kind(257); }},
        Row{"DigestAbsent", false, [](auto& object) { object.clear_digest(); }},
        Row{"DigestInUpperCase", false,
            [](auto& object) { object.set_digest("sha256:" + std::string(64, 'A')); }},
        Row{"DigestOfUnknownAlgorithm", false,
            [](auto& object) { object.set_digest("md5:" + std::string(32, 'a')); }},
        Row{"OfferedForNothing", true, [](auto& object) { object.clear_offered_for(); }},
        Row{"OfferedForNoDigest", false, [](auto& object) { object.set_offered_for("latest"); }},
        Row{"LongestMediaType", true,
            [](auto& object) { object.set_media_type(std::string(kMaxMediaType, 'm')); }},
        Row{"MediaTypeTooLong", false,
            [](auto& object) { object.set_media_type(std::string(kMaxMediaType + 1, 'm')); }}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(EvidenceObjectsTest, ComesBackAsItWasSent) {
  const auto entries = ParseObjects(Repeated(GoodObject(), 1), kMemory);
  ASSERT_THAT(entries, IsOk());
  const Objects again = ToObjects(*entries);
  ASSERT_EQ(again.size(), 1);
  EXPECT_EQ(again[0].SerializeAsString(), GoodObject().SerializeAsString());
}

TEST(EvidenceObjectsTest, TakesAsManyObjectsAsMayBeAndNotOneMore) {
  rpc::Object object = GoodObject();
  EXPECT_THAT(ParseObjects(Repeated(object, verifier::kMaxEvidenceObjects), kMemory), IsOk());
  EXPECT_THAT(ParseObjects(Repeated(object, verifier::kMaxEvidenceObjects + 1), kMemory),
              FailsWith(Reason::kProtocol));
}

TEST(EvidenceObjectsTest, CountsBytesThatObjectsShareForEach) {
  rpc::Object half = GoodObject();
  Place(half, 0, verifier::kMaxEvidenceBytes / 2);
  EXPECT_THAT(ParseObjects(Repeated(half, 2), verifier::kMaxEvidenceBytes), IsOk());
  Objects one_more = Repeated(half, 2);
  *one_more.Add() = GoodObject();
  one_more.Mutable(2)->set_size(1);
  EXPECT_THAT(ParseObjects(one_more, verifier::kMaxEvidenceBytes), FailsWith(Reason::kProtocol));
}

base::SealedMemory MemoryOf(std::string_view text) {
  return base::SealedMemory::Open(base::SealBytes(base::AsBytes(text)).value(), text.size())
      .value();
}

rpc::FetchAnswer AnswerWithFailures(std::size_t count, const rpc::SourceFailure& failure) {
  rpc::FetchAnswer answer;
  for (std::size_t i = 0; i < count; ++i) {
    *answer.add_failures() = failure;
  }
  return answer;
}

rpc::SourceFailure GoodFailure() {
  rpc::SourceFailure failure;
  failure.set_place("registry.example/app:sha256-00.sig");
  failure.set_reason(static_cast<std::uint32_t>(Reason::kRateLimited));
  failure.set_detail("429 Too Many Requests");
  return failure;
}

TEST(EvidenceObjectsTest, KeepsWhichPlacesWereUnread) {
  const auto set = ParseEvidenceSet(AnswerWithFailures(1, GoodFailure()), MemoryOf(""));
  ASSERT_THAT(set, IsOk());
  ASSERT_EQ(set->unread.size(), 1U);
  EXPECT_EQ(set->unread[0].place, "registry.example/app:sha256-00.sig");
  EXPECT_EQ(set->unread[0].error.reason, Reason::kRateLimited);
  EXPECT_EQ(set->unread[0].error.detail, "429 Too Many Requests");
}

TEST(EvidenceObjectsTest, TakesAsManyUnreadPlacesAsMayBeAndNotOneMore) {
  EXPECT_THAT(ParseEvidenceSet(AnswerWithFailures(kMaxUnreadPlaces, GoodFailure()), MemoryOf("")),
              IsOk());
  EXPECT_THAT(
      ParseEvidenceSet(AnswerWithFailures(kMaxUnreadPlaces + 1, GoodFailure()), MemoryOf("")),
      FailsWith(Reason::kProtocol));
}

TEST(EvidenceObjectsTest, RefusesAPlaceWithoutAReason) {
  for (const std::uint32_t reason : {0U, 99U, 256U + 42U}) {
    rpc::SourceFailure failure = GoodFailure();
    failure.set_reason(reason);
    EXPECT_THAT(ParseEvidenceSet(AnswerWithFailures(1, failure), MemoryOf("")),
                FailsWith(Reason::kProtocol));
  }
}

TEST(EvidenceObjectsTest, MakesForeignTextFitForOneLine) {
  rpc::SourceFailure failure = GoodFailure();
  failure.set_detail("line\nallowed: forged");
  failure.set_place(std::string(kMaxPlaceText + 1, 'p'));
  const auto set = ParseEvidenceSet(AnswerWithFailures(1, failure), MemoryOf(""));
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->unread[0].error.detail, "line?allowed: forged");
  EXPECT_LE(set->unread[0].place.size(), kMaxPlaceText);
}

TEST(EvidenceObjectsTest, ShowsTheBytesOfEachObject) {
  const base::SealedMemory memory = MemoryOf("0123456789");
  Objects objects = Repeated(GoodObject(), 2);
  Place(objects[0], 2, 3);
  Place(objects[1], 10, 0);
  objects[1].clear_offered_for();
  const auto entries = ParseObjects(objects, memory.bytes().size());
  ASSERT_THAT(entries, IsOk());
  const verifier::Evidence evidence = EvidenceIn(memory.bytes(), *entries);
  ASSERT_EQ(evidence.size(), 2U);
  EXPECT_EQ(base::AsText(evidence[0].bytes), "234");
  EXPECT_EQ(evidence[0].kind, ObjectKind::kReferrerManifest);
  EXPECT_EQ(evidence[0].digest.text(), SomeDigest());
  ASSERT_TRUE(evidence[0].offered_for.has_value());
  EXPECT_EQ(evidence[0].offered_for->text(), GoodObject().offered_for());
  EXPECT_TRUE(evidence[1].bytes.empty());
  EXPECT_FALSE(evidence[1].offered_for.has_value());
}

}  // namespace
}  // namespace sigward::worker
