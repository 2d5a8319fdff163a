#include "verifier/manifest.h"

#include <gtest/gtest.h>

#include <string>

#include "image_evidence.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::DescriptorOf;
using sigward::testing::FailsWith;
using sigward::testing::IndexEntry;
using sigward::testing::IndexOf;
using sigward::testing::IsOk;
using sigward::testing::ManifestOf;
using sigward::testing::ReferrerOf;
using sigward::testing::TestImage;

base::Result<Manifest> Parse(const std::string& text) {
  return ParseManifest(base::AsBytes(text));
}
base::Result<Manifest> Parse(const Json& json) {
  return Parse(json.dump());
}
base::Result<Index> ParseList(const std::string& text) {
  return ParseIndex(base::AsBytes(text));
}
base::Result<Index> ParseList(const Json& json) {
  return ParseList(json.dump());
}

Json GoodManifest() {
  return ReferrerOf({DescriptorOf("text/plain", "abc")}, TestImage());
}
Json GoodIndex() {
  return IndexOf({IndexEntry(TestImage(), "linux", "arm64", "v8")});
}

/// GOOD with the value at POINTER (RFC 6901) set to VALUE.
Json With(Json good, const char* pointer, const Json& value) {
  good[Json::json_pointer(pointer)] = value;
  return good;
}

Json Without(Json good, const char* member) {
  good.erase(member);
  return good;
}

TEST(ManifestTest, ReadsAnOciManifest) {
  Json json = GoodManifest();
  json["layers"][0]["annotations"] = {{"a", "b"}};
  json["artifactType"] = "application/example";
  json["annotations"] = {{"c", "d"}};
  json["somethingNew"] = {1, 2, 3};
  const base::Result<Manifest> manifest = Parse(json);
  ASSERT_THAT(manifest, IsOk());
  ASSERT_EQ(manifest->layers.size(), 1U);
  EXPECT_EQ(manifest->layers[0].media_type, "text/plain");
  EXPECT_EQ(manifest->layers[0].digest, Digest::Of(base::AsBytes("abc")));
  EXPECT_EQ(manifest->layers[0].size, 3U);
  EXPECT_EQ(manifest->layers[0].annotations.at("a"), "b");
  EXPECT_FALSE(manifest->layers[0].has_urls);
  ASSERT_TRUE(manifest->subject.has_value());
  EXPECT_EQ(manifest->subject->digest, TestImage());
}

TEST(ManifestTest, TakesTheKnownTypesAndNone) {
  EXPECT_THAT(Parse(With(GoodManifest(), "/mediaType", kDockerManifestType)), IsOk());
  EXPECT_THAT(Parse(Without(GoodManifest(), "mediaType")), IsOk());
  EXPECT_THAT(Parse(Without(GoodManifest(), "subject")), IsOk());
  EXPECT_THAT(Parse(With(GoodManifest(), "/layers", Json::array())), IsOk());
  EXPECT_THAT(ParseList(With(GoodIndex(), "/mediaType", kDockerListType)), IsOk());
  EXPECT_THAT(ParseList(Without(GoodIndex(), "mediaType")), IsOk());
}

TEST(ManifestTest, RefusesBadManifests) {
  const Json good = GoodManifest();
  const std::string sha384 = "sha384:" + std::string(96, 'a');
  const struct {
    Json json;
    Reason reason;
  } kCases[] = {
      {Json::array(), Reason::kMalformed},
      {"text", Reason::kMalformed},
      {Without(good, "schemaVersion"), Reason::kMalformed},
      {With(good, "/schemaVersion", 1), Reason::kUnsupportedFormat},
      {With(good, "/schemaVersion", "2"), Reason::kMalformed},
      {With(good, "/mediaType", "application/vnd.oci.artifact.manifest.v1+json"),
       Reason::kUnsupportedFormat},
      {With(good, "/mediaType", kOciIndexType), Reason::kMalformed},
      {With(good, "/mediaType", kDockerListType), Reason::kMalformed},
      {With(good, "/mediaType", nullptr), Reason::kMalformed},
      {With(good, "/mediaType", ""), Reason::kUnsupportedFormat},
      {With(good, "/manifests", Json::array()), Reason::kMalformed},
      {With(good, "/Layers", Json::array()), Reason::kMalformed},
      {With(good, "/layer\u017f", Json::array()), Reason::kMalformed},
      {With(good, "/layers/0/Digest", TestImage().text()), Reason::kMalformed},
      {Without(good, "layers"), Reason::kMalformed},
      {Without(good, "config"), Reason::kMalformed},
      {With(good, "/layers", Json::object()), Reason::kMalformed},
      {With(good, "/layers", nullptr), Reason::kMalformed},
      {With(good, "/layers/0", nullptr), Reason::kMalformed},
      {With(good, "/layers/0/digest", "sha256:abc"), Reason::kMalformed},
      {With(good, "/layers/0/digest", sha384), Reason::kUnsupportedAlgorithm},
      {With(good, "/layers/0/digest", 7), Reason::kMalformed},
      {With(good, "/layers/0/size", -1), Reason::kMalformed},
      {With(good, "/layers/0/size", 1.5), Reason::kMalformed},
      {With(good, "/layers/0/size", "3"), Reason::kMalformed},
      {With(good, "/layers/0/size", UINT64_MAX), Reason::kMalformed},
      {With(good, "/layers/0/mediaType", ""), Reason::kMalformed},
      {With(good, "/layers/0/mediaType", nullptr), Reason::kMalformed},
      {With(good, "/layers/0/annotations", nullptr), Reason::kMalformed},
      {With(good, "/layers/0/annotations", {{"a", 1}}), Reason::kMalformed},
      {With(good, "/layers/0/annotations", Json::array({"a"})), Reason::kMalformed},
      {With(good, "/layers/0/urls", "https://x"), Reason::kMalformed},
      {With(good, "/subject", nullptr), Reason::kMalformed},
      {With(good, "/subject/digest", "sha256:"), Reason::kMalformed},
      {GoodIndex(), Reason::kWrongType},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Parse(c.json), FailsWith(c.reason)) << c.json;
  }
}

TEST(ManifestTest, RefusesBadJson) {
  std::string good = GoodManifest().dump();
  EXPECT_THAT(Parse(good + " \n"), IsOk());
  EXPECT_THAT(Parse(good + "{}"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Parse(good + std::string(1, '\0')), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Parse("\xef\xbb\xbf" + good), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Parse(std::string()), FailsWith(Reason::kMalformed));
  std::string twice = good;
  twice.insert(1, R"("layers":[],)");
  EXPECT_THAT(Parse(twice), FailsWith(Reason::kDuplicateKey));
  std::string invalid = good;
  invalid.insert(1, "\"x\":\"\xff\",");
  EXPECT_THAT(Parse(invalid), FailsWith(Reason::kMalformed));
  std::string deep = good;
  deep.insert(1, R"("x":)" + std::string(64, '[') + std::string(64, ']') + ",");
  EXPECT_THAT(Parse(deep), FailsWith(Reason::kMalformed));
  std::string less_deep = good;
  less_deep.insert(1, R"("x":)" + std::string(63, '[') + std::string(63, ']') + ",");
  EXPECT_THAT(Parse(less_deep), IsOk());
}

TEST(ManifestTest, NotesUrls) {
  const Json json =
      With(GoodManifest(), "/layers/0/urls", Json::array({"https://elsewhere.example/"}));
  const base::Result<Manifest> manifest = Parse(json);
  ASSERT_THAT(manifest, IsOk());
  EXPECT_TRUE(manifest->layers[0].has_urls);
  const base::Result<Manifest> empty = Parse(With(GoodManifest(), "/layers/0/urls", Json::array()));
  ASSERT_THAT(empty, IsOk());
  EXPECT_FALSE(empty->layers[0].has_urls);
}

TEST(ManifestTest, BoundsLayersManifestsAndBytes) {
  const Json layer = DescriptorOf("text/plain", "abc");
  EXPECT_THAT(Parse(ManifestOf(std::vector<Json>(kMaxLayers, layer))), IsOk());
  EXPECT_THAT(Parse(ManifestOf(std::vector<Json>(kMaxLayers + 1, layer))),
              FailsWith(Reason::kTooLarge));
  EXPECT_THAT(Parse(ManifestOf(std::vector<Json>(10000, layer))), FailsWith(Reason::kTooLarge));

  const Json entry = IndexEntry(TestImage(), "linux", "amd64");
  EXPECT_THAT(ParseList(IndexOf(std::vector<Json>(kMaxIndexManifests, entry))), IsOk());
  EXPECT_THAT(ParseList(IndexOf(std::vector<Json>(kMaxIndexManifests + 1, entry))),
              FailsWith(Reason::kTooLarge));

  for (const auto& good : {GoodManifest().dump(), GoodIndex().dump()}) {
    const std::string full = good + std::string(kMaxManifestBytes - good.size(), ' ');
    const bool index = good.find("manifests") != std::string::npos;
    EXPECT_TRUE(index ? ParseList(full).ok() : Parse(full).ok());
    EXPECT_EQ((index ? ParseList(full + " ").error() : Parse(full + " ").error()).reason,
              Reason::kTooLarge);
  }
}

TEST(ManifestTest, ReadsAnIndex) {
  Json json = GoodIndex();
  json["manifests"][0]["platform"]["os.features"] = Json::array({"sse4"});
  json["manifests"].push_back(DescriptorOf(kOciManifestType, "abc"));
  const base::Result<Index> index = ParseList(json);
  ASSERT_THAT(index, IsOk());
  ASSERT_EQ(index->manifests.size(), 2U);
  ASSERT_TRUE(index->manifests[0].platform.has_value());
  EXPECT_EQ(index->manifests[0].platform->platform.os, "linux");
  EXPECT_EQ(index->manifests[0].platform->platform.architecture, "arm64");
  EXPECT_EQ(index->manifests[0].platform->platform.variant, "v8");
  EXPECT_TRUE(index->manifests[0].platform->demands_more);
  EXPECT_FALSE(index->manifests[1].platform.has_value());
}

TEST(ManifestTest, RefusesBadIndexes) {
  const Json good = GoodIndex();
  const struct {
    Json json;
    Reason reason;
  } kCases[] = {
      {With(good, "/config", DescriptorOf("text/plain", "abc")), Reason::kMalformed},
      {With(good, "/layers", Json::array()), Reason::kMalformed},
      {With(good, "/fsLayers", Json::array()), Reason::kMalformed},
      {With(good, "/mediaType", kOciManifestType), Reason::kMalformed},
      {With(good, "/mediaType", kDockerManifestType), Reason::kMalformed},
      {With(good, "/mediaType", "application/json"), Reason::kUnsupportedFormat},
      {With(good, "/manifests", Json::object()), Reason::kMalformed},
      {With(good, "/manifests", nullptr), Reason::kMalformed},
      {With(good, "/Manifests", Json::array()), Reason::kMalformed},
      {With(good, "/manife\u017ft\u017f", Json::array()), Reason::kMalformed},
      {With(good, "/manifests/0/Platform", Json::object()), Reason::kMalformed},
      {With(good, "/manifests/0/platform/OS", "linux"), Reason::kMalformed},
      {With(good, "/manifests/0/platform", nullptr), Reason::kMalformed},
      {With(good, "/manifests/0/platform", Json::object()), Reason::kMalformed},
      {With(good, "/manifests/0/platform/os", 1), Reason::kMalformed},
      {With(good, "/manifests/0/platform/variant", nullptr), Reason::kMalformed},
      {With(good, "/manifests/0/platform/os.version", 1), Reason::kMalformed},
      {With(good, "/manifests/0/platform/os.features", "x"), Reason::kMalformed},
      {With(good, "/manifests/0/mediaType", kOciIndexType), Reason::kUnsupportedFormat},
      {With(good, "/manifests/0/mediaType", kDockerListType), Reason::kUnsupportedFormat},
      {With(good, "/manifests/0/digest", "sha256:" + std::string(64, 'A')), Reason::kMalformed},
      {GoodManifest(), Reason::kWrongType},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(ParseList(c.json), FailsWith(c.reason)) << c.json;
  }
}

}  // namespace
}  // namespace sigward::verifier
