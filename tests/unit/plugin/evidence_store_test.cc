#include "plugin/gate/evidence_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "base/strict_json.h"
#include "evidence_for_testing.h"
#include "result_matchers.h"
#include "temp_folder.h"
#include "verifyd_answer_for_testing.h"

namespace sigward::gate {
namespace {

namespace fs = std::filesystem;
using base::Reason;
using testing::DigestNumber;
using testing::EvidenceOf;
using testing::FailsWith;
using testing::IsOk;
using verifier::Digest;
using verifier::ObjectKind;

Digest DigestOf(const std::string& bytes) {
  return Digest::Of(base::AsBytes(bytes));
}

class EvidenceStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_THAT(store_.Open(), IsOk()); }

  std::map<std::string, ObjectKind> Kept(const Digest& image) {
    auto loaded = store_.Load(image);
    EXPECT_THAT(loaded, IsOk());
    std::map<std::string, ObjectKind> objects;
    if (loaded.ok() && loaded->has_value()) {
      for (const auto& entry : (*loaded)->entries) {
        objects.emplace(base::AsText((*loaded)->memory.bytes().subspan(entry.offset, entry.size)),
                        entry.kind);
      }
    }
    return objects;
  }

  testing::TempFolder folder_;
  const std::string dir_ = folder_ / "evidence";
  EvidenceStore store_{dir_, 10000};
  const Digest image_ = DigestNumber(1);
};

TEST_F(EvidenceStoreTest, WhatIsNotKeptIsNothingAndNoError) {
  const auto loaded = store_.Load(image_);
  ASSERT_THAT(loaded, IsOk());
  EXPECT_FALSE(loaded->has_value());
}

TEST_F(EvidenceStoreTest, KeepsTheObjectsThatWereOfUseAndGivesThemBack) {
  const auto evidence = EvidenceOf({{ObjectKind::kLegacyManifest, "manifest", image_.text()},
                                    {ObjectKind::kBlob, "payload"},
                                    {ObjectKind::kBlob, "junk"},
                                    {ObjectKind::kImageIndex, "index", image_.text()}});
  ASSERT_THAT(
      store_.Keep(image_, evidence,
                  std::vector{DigestOf("manifest"), DigestOf("payload"), DigestOf("index")}),
      IsOk());
  const std::map<std::string, ObjectKind> expected = {{"manifest", ObjectKind::kLegacyManifest},
                                                      {"payload", ObjectKind::kBlob},
                                                      {"index", ObjectKind::kImageIndex}};
  EXPECT_EQ(Kept(image_), expected);
  auto loaded = store_.Load(image_);
  EXPECT_EQ((*loaded)->entries.front().offered_for, image_.text());
  EXPECT_EQ(store_.usage().images, 1U);
  EXPECT_GT(store_.usage().bytes, 0U);
}

TEST_F(EvidenceStoreTest, IsAnOciImageLayout) {
  const auto evidence = EvidenceOf(
      {{ObjectKind::kReferrerManifest, "manifest", image_.text()}, {ObjectKind::kBlob, "bundle"}});
  ASSERT_THAT(store_.Keep(image_, evidence, std::vector{DigestOf("manifest"), DigestOf("bundle")}),
              IsOk());
  const std::string layout = dir_ + "/sha256/" + std::string(image_.hex());
  EXPECT_THAT(base::ReadFile(layout + "/oci-layout", 100),
              testing::IsOkAndHolds(R"({"imageLayoutVersion":"1.0.0"})"));
  EXPECT_THAT(
      base::ReadFile(layout + "/blobs/sha256/" + std::string(DigestOf("bundle").hex()), 100),
      testing::IsOkAndHolds("bundle"));
  const auto index = base::ParseStrictJson(*base::ReadFile(layout + "/index.json", 10000), 10000);
  ASSERT_THAT(index, IsOk());
  EXPECT_EQ((*index)["manifests"][0]["digest"], DigestOf("manifest").text());
  EXPECT_EQ((*index)["manifests"][0]["size"], 8);
}

TEST_F(EvidenceStoreTest, AnotherSignatureOfTheSameImageComesBesideTheFirst) {
  for (const char* name : {"one", "two"}) {
    const auto evidence = EvidenceOf({{ObjectKind::kLegacyManifest, name, image_.text()}});
    ASSERT_THAT(store_.Keep(image_, evidence, std::vector{DigestOf(name)}), IsOk());
  }
  EXPECT_EQ(Kept(image_).size(), 2U);
  EXPECT_EQ(store_.usage().images, 1U);
}

TEST_F(EvidenceStoreTest, BytesThatLieAboutTheirDigestAreNotKept) {
  auto evidence = EvidenceOf({{ObjectKind::kBlob, "payload"}});
  evidence.entries.front().digest = DigestOf("other");
  ASSERT_THAT(store_.Keep(image_, evidence, std::vector{DigestOf("other")}), IsOk());
  EXPECT_TRUE(Kept(image_).empty());
}

TEST_F(EvidenceStoreTest, IsBoundedAndForgetsTheImageUsedLeastRecently) {
  const auto big = [](char fill) { return std::string(4000, fill); };
  for (int i = 0; i < 2; ++i) {
    const std::string bytes = big(static_cast<char>('a' + i));
    const auto evidence = EvidenceOf({{ObjectKind::kLegacyManifest, bytes, ""}});
    ASSERT_THAT(store_.Keep(DigestNumber(i), evidence, std::vector{DigestOf(bytes)}), IsOk());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_FALSE(Kept(DigestNumber(0)).empty());
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const auto third = EvidenceOf({{ObjectKind::kLegacyManifest, big('c'), ""}});
  ASSERT_THAT(store_.Keep(DigestNumber(2), third, std::vector{DigestOf(big('c'))}), IsOk());
  EXPECT_FALSE(Kept(DigestNumber(0)).empty());
  EXPECT_TRUE(Kept(DigestNumber(1)).empty());
  EXPECT_FALSE(Kept(DigestNumber(2)).empty());
  EXPECT_LE(store_.usage().bytes, 10000U);
  EXPECT_EQ(store_.usage().images, 2U);
}

class HeldEvidenceTest : public EvidenceStoreTest {
 protected:
  /// Keeps 4,000 bytes and a little for image NUMBER.
  void Keep(int number) {
    const std::string bytes(4000, static_cast<char>('a' + number));
    ASSERT_THAT(
        store_.Keep(DigestNumber(number), EvidenceOf({{ObjectKind::kLegacyManifest, bytes, ""}}),
                    std::vector{DigestOf(bytes)}),
        IsOk());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  std::vector<int> StillThere(int count) {
    std::vector<int> there;
    for (int i = 0; i < count; ++i) {
      if (fs::exists(dir_ + "/sha256/" + std::string(DigestNumber(i).hex()))) {
        there.push_back(i);
      }
    }
    return there;
  }
};

TEST_F(HeldEvidenceTest, WhatTheNodeHoldsStaysBeyondTheBound) {
  store_.Hold({DigestNumber(0), DigestNumber(1), DigestNumber(2)});
  for (int i = 0; i < 5; ++i) {
    Keep(i);
  }
  EXPECT_EQ(StillThere(5), (std::vector{0, 1, 2, 4})) << "the newest is never the one to go";
  Keep(5);
  EXPECT_EQ(StillThere(6), (std::vector{0, 1, 2, 5}));
}

TEST_F(HeldEvidenceTest, WhatIsHeldNoLongerGoesFirst) {
  store_.Hold({DigestNumber(0), DigestNumber(1)});
  Keep(0);
  Keep(1);
  store_.Hold({DigestNumber(1)});
  Keep(2);
  EXPECT_EQ(StillThere(3), (std::vector{1, 2}));
}

TEST_F(HeldEvidenceTest, WhatIsHeldIsBoundedToo) {
  std::set<Digest> all;
  for (int i = 0; i < 15; ++i) {
    all.insert(DigestNumber(i));
  }
  store_.Hold(all);
  for (int i = 0; i < 15; ++i) {
    Keep(i);
    EXPECT_LE(store_.usage().bytes, 10000U * kHeldFactor);
  }
  const auto there = StillThere(15);
  EXPECT_GT(there.size(), 5U);
  EXPECT_EQ(there.back(), 14);
  EXPECT_GT(there.front(), 0) << "the one used least recently has gone";
}

TEST_F(EvidenceStoreTest, MoreThanTheWholeBoundIsNotKept) {
  const std::string bytes(10001, 'x');
  const auto evidence = EvidenceOf({{ObjectKind::kBlob, bytes}});
  EXPECT_THAT(store_.Keep(image_, evidence, std::vector{DigestOf(bytes)}),
              FailsWith(Reason::kTooLarge));
}

TEST_F(EvidenceStoreTest, ABrokenEntryIsAnErrorAndIsReplacedByTheNext) {
  const auto evidence = EvidenceOf({{ObjectKind::kLegacyManifest, "manifest", image_.text()}});
  ASSERT_THAT(store_.Keep(image_, evidence, std::vector{DigestOf("manifest")}), IsOk());
  const std::string index = dir_ + "/sha256/" + std::string(image_.hex()) + "/index.json";
  for (const char* broken :
       {"", "{", "[]", R"({"manifests":[{}]})",
        R"({"manifests":[{"digest":"sha256:../../x","mediaType":"m","annotations":{}}]})"}) {
    ASSERT_THAT(base::WriteNewFile(index, broken), IsOk());
    EXPECT_THAT(store_.Load(image_), FailsWith(Reason::kMalformed)) << broken;
  }
  ASSERT_THAT(store_.Keep(image_, evidence, std::vector{DigestOf("manifest")}), IsOk());
  EXPECT_EQ(Kept(image_).size(), 1U);
}

TEST_F(EvidenceStoreTest, ARestartFindsWhatWasKeptAndClearsWhatWasTorn) {
  const auto evidence = EvidenceOf({{ObjectKind::kLegacyManifest, "manifest", image_.text()}});
  ASSERT_THAT(store_.Keep(image_, evidence, std::vector{DigestOf("manifest")}), IsOk());
  fs::create_directories(dir_ + "/new/torn/blobs");
  EvidenceStore again(dir_, 10000);
  ASSERT_THAT(again.Open(), IsOk());
  EXPECT_EQ(again.usage().images, 1U);
  EXPECT_EQ(again.usage().bytes, store_.usage().bytes);
  EXPECT_TRUE(fs::is_empty(dir_ + "/new"));
}

}  // namespace
}  // namespace sigward::gate
