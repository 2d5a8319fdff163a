#include "verifier/image_config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "result_matchers.h"
#include "verifier/chain_id.h"
#include "verifier/manifest.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;

Digest LayerDigest(int number) {
  return Digest::Of(base::AsBytes("layer " + std::to_string(number)));
}

base::Result<ImageConfig> Parse(const std::string& text) {
  return ParseImageConfig(base::AsBytes(text));
}

std::string Rootfs(const std::string& diff_ids, const std::string& type = "layers") {
  return R"("rootfs":{"type":")" + type + R"(","diff_ids":[)" + diff_ids + "]}";
}

std::string Quoted(const Digest& digest) {
  return '"' + digest.text() + '"';
}

std::string DiffIds(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out += (i == 0 ? "" : ",") + Quoted(LayerDigest(1));
  }
  return out;
}

TEST(ImageConfigTest, ReadsAnOciConfiguration) {
  const auto config =
      Parse(R"({"created":"2026-01-01T00:00:00Z","architecture":"amd64","os":"linux",)"
            R"("config":{"Env":["PATH=/bin"],"Entrypoint":["/app"],"Labels":{"größe":"ü"}},)" +
            Rootfs(Quoted(LayerDigest(1)) + "," + Quoted(LayerDigest(2))) +
            R"(,"history":[{"created_by":"COPY"}]})");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->diff_ids, (std::vector<Digest>{LayerDigest(1), LayerDigest(2)}));
}

TEST(ImageConfigTest, ReadsADockerConfiguration) {
  const auto config =
      Parse(R"({"architecture":"amd64","config":{"Hostname":"","Cmd":["sh"],"Volumes":null},)"
            R"("container":"c0ffee","container_config":{"Cmd":["/bin/sh","-c","#(nop) CMD"]},)"
            R"("docker_version":"20.10","history":[{"empty_layer":true}],"os":"linux",)" +
            Rootfs(Quoted(LayerDigest(3))) + "}");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->diff_ids, std::vector<Digest>{LayerDigest(3)});
}

struct Bad {
  const char* name;
  std::string text;
  Reason reason;
};

class BadImageConfigTest : public ::testing::TestWithParam<Bad> {};

TEST_P(BadImageConfigTest, IsRefused) {
  EXPECT_THAT(Parse(GetParam().text), FailsWith(GetParam().reason));
}

const std::string& One() {
  static const auto* const text = new std::string(Quoted(LayerDigest(1)));
  return *text;
}

INSTANTIATE_TEST_SUITE_P(
    Configs, BadImageConfigTest,
    ::testing::Values(
        Bad{"Empty", "", Reason::kMalformed}, Bad{"NoObject", "[]", Reason::kMalformed},
        Bad{"AnArtifactsEmptyOne", "{}", Reason::kMalformed},
        Bad{"RootfsNull", R"({"rootfs":null})", Reason::kMalformed},
        Bad{"NoType", R"({"rootfs":{"diff_ids":[)" + One() + "]}}", Reason::kMalformed},
        Bad{"AnotherType", "{" + Rootfs(One(), "layers+base") + "}", Reason::kUnsupportedFormat},
        Bad{"NoDiffIds", R"({"rootfs":{"type":"layers"}})", Reason::kMalformed},
        Bad{"DiffIdsNull", R"({"rootfs":{"type":"layers","diff_ids":null}})", Reason::kMalformed},
        Bad{"DiffIdsEmpty", "{" + Rootfs("") + "}", Reason::kMalformed},
        Bad{"DiffIdOfNumber", "{" + Rootfs("1") + "}", Reason::kMalformed},
        Bad{"DiffIdCut", "{" + Rootfs(R"("sha256:00")") + "}", Reason::kMalformed},
        Bad{"DiffIdOfSha512",
            "{" + Rootfs(Quoted(Digest::Of(base::AsBytes("x"), DigestAlgorithm::kSha512))) + "}",
            Reason::kUnsupportedAlgorithm},
        Bad{"DiffIdOfMd5", "{" + Rootfs(R"("md5:d41d8cd98f00b204e9800998ecf8427e")") + "}",
            Reason::kUnsupportedAlgorithm},
        Bad{"RootfsTwice", "{" + Rootfs(One()) + "," + Rootfs(One()) + "}", Reason::kDuplicateKey},
        Bad{"RootfsInAnotherCase", "{" + Rootfs(One()) + R"(,"Rootfs":{}})", Reason::kMalformed},
        Bad{"RootfsWithALongS", "{" + Rootfs(One()) + ",\"rootf\u017f\":{}}", Reason::kMalformed},
        Bad{"DiffIdsInAnotherCase",
            R"({"rootfs":{"type":"layers","diff_ids":[)" + One() + R"(],"DIFF_IDS":[]}})",
            Reason::kMalformed},
        Bad{"AManifest", R"({"schemaVersion":2,"config":{},"layers":[]})", Reason::kWrongType},
        Bad{"AManifestToo", R"({"schemaVersion":2,)" + Rootfs(One()) + "}", Reason::kWrongType},
        Bad{"OneLayerTooMany", "{" + Rootfs(DiffIds(kMaxLayers + 1)) + "}", Reason::kTooLarge}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ImageConfigTest, TakesItsBoundsThemselves) {
  const auto most = Parse("{" + Rootfs(DiffIds(kMaxLayers)) + "}");
  ASSERT_THAT(most, IsOk());
  EXPECT_EQ(most->diff_ids.size(), kMaxLayers);
  std::string text = "{" + Rootfs(One()) + "}";
  text.append(kMaxImageConfigBytes - text.size(), ' ');
  EXPECT_THAT(Parse(text), IsOk());
  EXPECT_THAT(Parse(text + " "), FailsWith(Reason::kTooLarge));
}

TEST(ChainIdTest, IsThatOfTheSpecification) {
  // Computed with sha256sum.
  constexpr const char* kOne =
      "sha256:54db133a109fd7f0d6eb72da16df1af078f2bf86e917ae3c780a13d811d6aa6f";
  constexpr const char* kTwo =
      "sha256:331cf69a5e42a61e3645ccd6f7963c333d64ca1f850f6190d98a6ad75c7606de";
  constexpr const char* kThree =
      "sha256:e98ce6bf1cf401b5454f040d3c54010716976289963493c43fc37108ab19d384";
  const std::vector<Digest> layers = {LayerDigest(1), LayerDigest(2), LayerDigest(3)};
  const std::span<const Digest> all = layers;
  const auto chain_ids = ChainIds(all);
  ASSERT_THAT(chain_ids, IsOk());
  std::vector<std::string> texts;
  for (const Digest& chain_id : *chain_ids) {
    texts.push_back(chain_id.text());
  }
  EXPECT_EQ(texts, (std::vector<std::string>{kOne, kTwo, kThree}));
  EXPECT_EQ(ChainIds(all.first(1))->back().text(), kOne);
}

TEST(ChainIdTest, DependsOnOrder) {
  const std::vector<Digest> one_way = {LayerDigest(1), LayerDigest(2)};
  const std::vector<Digest> other_way = {LayerDigest(2), LayerDigest(1)};
  EXPECT_NE(ChainIds(one_way)->back(), ChainIds(other_way)->back());
}

TEST(ChainIdTest, NeedsLayersOfSha256) {
  EXPECT_THAT(ChainIds({}), FailsWith(Reason::kMalformed));
  const std::vector<Digest> layers = {LayerDigest(1),
                                      Digest::Of(base::AsBytes("layer"), DigestAlgorithm::kSha512)};
  EXPECT_THAT(ChainIds(layers), FailsWith(Reason::kUnsupportedAlgorithm));
}

TEST(LineageTest, IsADigestOfLines) {
  const std::vector<Digest> chain_ids = {LayerDigest(1), LayerDigest(2)};
  const std::string text = LayerDigest(1).text() + "\n" + LayerDigest(2).text() + "\n";
  EXPECT_EQ(LineageOf(chain_ids), Digest::Of(base::AsBytes(text)));
  // Computed with sha256sum.
  EXPECT_EQ(LineageOf(chain_ids).text(),
            "sha256:52840f848bf8e3a6067de9da1bffac0fc600dcdb13b2d95b3211755c6ff72e14");
}

TEST(LineageTest, DependsOnEveryNameAndItsPlace) {
  const std::vector<Digest> image = {LayerDigest(1), LayerDigest(2), LayerDigest(3)};
  const std::vector<std::vector<Digest>> others = {
      {LayerDigest(3)},
      {LayerDigest(2), LayerDigest(3)},
      {LayerDigest(1), LayerDigest(3)},
      {LayerDigest(4), LayerDigest(2), LayerDigest(3)},
      {LayerDigest(2), LayerDigest(1), LayerDigest(3)},
      {LayerDigest(1), LayerDigest(1), LayerDigest(2), LayerDigest(3)},
      {},
  };
  for (const std::vector<Digest>& other : others) {
    EXPECT_NE(LineageOf(other), LineageOf(image));
  }
}

}  // namespace
}  // namespace sigward::verifier
