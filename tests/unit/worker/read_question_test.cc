#include "worker/verify/read_question.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "read_documents.h"

namespace sigward::worker {
namespace {

using testing::ContainerQuestion;
using testing::DigestOf;
using testing::kConfigJson;
using testing::kLinuxAmd64;
using testing::kMountinfo;
using testing::ManifestWith;
using testing::ObjectQuestion;
using testing::WordOf;

struct BadQuestion {
  const char* name;
  std::function<void(rpc::ReadQuestion&)> change;
};

class BadReadQuestionTest : public ::testing::TestWithParam<BadQuestion> {};

TEST_P(BadReadQuestionTest, IsRefused) {
  const std::string object = ManifestWith(1);
  rpc::ReadQuestion about_object = ObjectQuestion();
  rpc::ReadQuestion about_container = ContainerQuestion();
  const bool is_container = std::string_view(GetParam().name).starts_with("Container");
  rpc::ReadQuestion& question = is_container ? about_container : about_object;
  GetParam().change(question);
  const std::vector<base::ByteView> memories =
      is_container
          ? std::vector<base::ByteView>{base::AsBytes(kConfigJson), base::AsBytes(kMountinfo)}
          : std::vector<base::ByteView>{base::AsBytes(object)};
  rpc::ReadAnswer answer;
  ASSERT_TRUE(answer.ParseFromString(AnswerRead(question.SerializeAsString(), memories)));
  EXPECT_EQ(WordOf(answer), "protocol");
  EXPECT_EQ(answer.about_case(), rpc::ReadAnswer::ABOUT_NOT_SET);
}

INSTANTIATE_TEST_SUITE_P(
    Questions, BadReadQuestionTest,
    ::testing::Values(
        BadQuestion{"NonceAbsent", [](auto& question) { question.clear_nonce(); }},
        BadQuestion{"NonceCut", [](auto& question) { question.mutable_nonce()->pop_back(); }},
        BadQuestion{"AboutNothing", [](auto& question) { question.clear_about(); }},
        BadQuestion{"RoleAbsent",
                    [](auto& question) { question.mutable_image_object()->clear_role(); }},
        BadQuestion{"RoleUnknown",
                    [](auto& question) { question.mutable_image_object()->set_role(4); }},
        BadQuestion{"DigestAbsent",
                    [](auto& question) { question.mutable_image_object()->clear_digest(); }},
        BadQuestion{"PlatformTooLong",
                    [](auto& question) {
                      question.mutable_image_object()->mutable_platform()->set_os(
                          std::string(kMaxPlatformText + 1, 'o'));
                    }},
        BadQuestion{"ContainerWithoutBundle",
                    [](auto& question) { question.mutable_container()->clear_bundle(); }},
        BadQuestion{"ContainerInARelativeBundle",
                    [](auto& question) { question.mutable_container()->set_bundle("b"); }},
        BadQuestion{"ContainerInABundleNotClean",
                    [](auto& question) { question.mutable_container()->set_bundle("/a/../b"); }},
        BadQuestion{"ContainerWithoutVolumes",
                    [](auto& question) { question.mutable_container()->clear_volumes(); }},
        BadQuestion{"ContainerOfTooManyMounts",
                    [](auto& question) {
                      for (std::size_t i = 0; i <= kMaxMountsPerQuestion; ++i) {
                        question.mutable_container()->add_mounts();
                      }
                    }},
        BadQuestion{"ContainerAnnotationTwice",
                    [](auto& question) {
                      question.mutable_container()->add_annotations("a");
                      question.mutable_container()->add_annotations("a");
                    }},
        BadQuestion{"ContainerAnnotationNameless",
                    [](auto& question) { question.mutable_container()->add_annotations(""); }},
        BadQuestion{"ContainerAnnotationNamedTooLong",
                    [](auto& question) {
                      question.mutable_container()->add_annotations(
                          std::string(kMaxAnnotationName + 1, 'a'));
                    }}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ReadQuestionTest, IsToldFromOthers) {
  EXPECT_EQ(MemoriesOfRead(ObjectQuestion().SerializeAsString()), 1U);
  EXPECT_EQ(MemoriesOfRead(ContainerQuestion().SerializeAsString()), 2U);
  rpc::VerifyQuestion other;
  other.set_nonce(std::string(kNonceBytes, 'n'));
  other.set_digest(DigestOf("image").text());
  *other.mutable_platform() = ToMessage(kLinuxAmd64);
  other.add_authorities();
  other.add_objects();
  EXPECT_EQ(MemoriesOfRead(other.SerializeAsString()), std::nullopt);
  EXPECT_EQ(MemoriesOfRead("garbage"), std::nullopt);
}

}  // namespace
}  // namespace sigward::worker
