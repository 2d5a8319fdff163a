#include "verifier/simple_signing.h"

#include <gtest/gtest.h>

#include <string>

#include "image_evidence.h"
#include "result_matchers.h"
#include "verifier/evidence.h"
#include "verifier/image_ref.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::SimpleSigningFor;
using sigward::testing::TestImage;
using sigward::testing::WitnessOf;

base::Result<SimpleSigning> Parse(const std::string& text) {
  return ParseSimpleSigning(WitnessOf(text));
}
base::Result<SimpleSigning> Parse(const Json& json) {
  const std::string text = json.dump();
  return Parse(text);
}

Json Good() {
  return SimpleSigningFor(TestImage().text());
}

Json With(const char* pointer, const Json& value) {
  Json json = Good();
  json[Json::json_pointer(pointer)] = value;
  return json;
}

Json Without(const char* pointer, const char* member) {
  Json json = Good();
  json[Json::json_pointer(pointer)].erase(member);
  return json;
}

TEST(SimpleSigningTest, ReadsWhatCosignWrites) {
  const base::Result<SimpleSigning> parsed = Parse(Good());
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->manifest_digest, TestImage().text());
  EXPECT_EQ(parsed->docker_reference, "registry.example/app");
}

TEST(SimpleSigningTest, OptionalMayBeAnythingThatSaysNothing) {
  EXPECT_THAT(Parse(With("/optional", nullptr)), IsOk());
  EXPECT_THAT(Parse(With("/optional", Json::object())), IsOk());
  EXPECT_THAT(Parse(With("/optional", {{"a", {{"b", 1}}}})), IsOk());
  EXPECT_THAT(Parse(Without("", "optional")), IsOk());
  EXPECT_THAT(Parse(With("/critical/identity/docker-reference", "")), IsOk());
}

TEST(SimpleSigningTest, RefusesEveryOtherShape) {
  const struct {
    Json json;
    Reason reason;
  } kCases[] = {
      {Json::array(), Reason::kMalformed},
      {nullptr, Reason::kMalformed},
      {Json::object(), Reason::kMalformed},
      {With("/optional", Json::array()), Reason::kMalformed},
      {With("/optional", "x"), Reason::kMalformed},
      {With("/more", 1), Reason::kMalformed},
      {With("/Critical", Json::object()), Reason::kMalformed},
      {With("/critical", nullptr), Reason::kMalformed},
      {With("/critical/more", 1), Reason::kMalformed},
      {With("/critical/image/more", 1), Reason::kMalformed},
      {With("/critical/identity/more", 1), Reason::kMalformed},
      {With("/critical/image", "x"), Reason::kMalformed},
      {With("/critical/identity", nullptr), Reason::kMalformed},
      {With("/critical/image/docker-manifest-digest", nullptr), Reason::kMalformed},
      {With("/critical/image/docker-manifest-digest", 5), Reason::kMalformed},
      {With("/critical/identity/docker-reference", nullptr), Reason::kMalformed},
      {With("/critical/identity/docker-reference", Json::array()), Reason::kMalformed},
      {With("/critical/identity/docker-reference", "a\nb"), Reason::kMalformed},
      {With("/critical/identity/docker-reference", std::string("a\0b", 3)), Reason::kMalformed},
      {With("/critical/identity/docker-reference", "a\x7f"), Reason::kMalformed},
      {With("/critical/type", nullptr), Reason::kMalformed},
      {With("/critical/type", ""), Reason::kWrongType},
      {With("/critical/type", "atomic container signature"), Reason::kWrongType},
      {With("/critical/type", "Cosign container image signature"), Reason::kWrongType},
      {With("/critical/type", "cosign container image signature "), Reason::kWrongType},
      {Without("/critical", "type"), Reason::kMalformed},
      {Without("/critical", "image"), Reason::kMalformed},
      {Without("/critical", "identity"), Reason::kMalformed},
      {Without("/critical/image", "docker-manifest-digest"), Reason::kMalformed},
      {Without("/critical/identity", "docker-reference"), Reason::kMalformed},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Parse(c.json), FailsWith(c.reason)) << c.json;
  }
}

TEST(SimpleSigningTest, RefusesPayloadWithBadJson) {
  const std::string good = Good().dump();
  EXPECT_THAT(Parse(good + "x"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Parse(good + good), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Parse(good + std::string(1, '\0')), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Parse(good + std::string("\0x", 2)), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Parse(std::string()), FailsWith(Reason::kMalformed));
  std::string twice = good;
  twice.insert(1, R"("critical":{},)");
  EXPECT_THAT(Parse(twice), FailsWith(Reason::kDuplicateKey));
  std::string inner = good;
  inner.insert(good.find("\"docker-manifest-digest\""), R"("docker-manifest-digest":"x",)");
  EXPECT_THAT(Parse(inner), FailsWith(Reason::kDuplicateKey));
  std::string invalid = good;
  invalid.insert(good.find("prod"), "\xc3\x28");
  EXPECT_THAT(Parse(invalid), FailsWith(Reason::kMalformed));
  std::string overlong = good;
  overlong.insert(good.find("prod"), "\xc0\xaf");
  EXPECT_THAT(Parse(overlong), FailsWith(Reason::kMalformed));
}

TEST(SimpleSigningTest, BoundsDepth) {
  // The arrays lie within the payload and its optional member: two levels are used.
  const auto nested = [](std::size_t depth) {
    std::string text = Good().dump();
    text.replace(text.find(R"("prod")"), 6, std::string(depth, '[') + std::string(depth, ']'));
    return Parse(text);
  };
  EXPECT_THAT(nested(base::kMaxJsonDepth - 2), IsOk());
  EXPECT_THAT(nested(base::kMaxJsonDepth - 1), FailsWith(Reason::kMalformed));
  EXPECT_THAT(nested(50000), FailsWith(Reason::kMalformed));
}

TEST(SimpleSigningTest, BoundsTheReferenceAndThePayload) {
  const char* pointer = "/critical/identity/docker-reference";
  EXPECT_THAT(Parse(With(pointer, std::string(kMaxReferenceLength, 'r'))), IsOk());
  EXPECT_THAT(Parse(With(pointer, std::string(kMaxReferenceLength + 1, 'r'))),
              FailsWith(Reason::kTooLarge));
  const std::string good = Good().dump();
  const std::string full = good + std::string(kMaxPayloadBytes - good.size(), ' ');
  EXPECT_THAT(Parse(full), IsOk());
  EXPECT_THAT(Parse(full + " "), FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::verifier
