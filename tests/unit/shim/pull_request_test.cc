#include "shim/pull_request.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "result_matchers.h"

namespace sigward::shim {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;
using testing::IsOkAndHolds;

constexpr const char* kType = "application/vnd.oci.descriptor.v1+json";
const std::string kDigest = "sha256:" + std::string(64, 'a');

base::Result<PullRequest> Parse(std::vector<const char*> arguments) {
  return ParseArguments(arguments);
}

TEST(ParseArguments, TakesGoSpellings) {
  const std::vector<std::vector<const char*>> spellings = {
      {"-name", "r/app:v1", "-digest", "d", "-stdin-media-type", kType},
      {"--name", "r/app:v1", "--digest", "d", "--stdin-media-type", kType},
      {"-name=r/app:v1", "-stdin-media-type=application/vnd.oci.descriptor.v1+json", "--digest=d"},
  };
  for (const auto& spelling : spellings) {
    const auto request = Parse(spelling);
    ASSERT_THAT(request, IsOk());
    EXPECT_EQ(request->name, "r/app:v1");
    EXPECT_EQ(request->digest, "d");
    EXPECT_EQ(request->stdin_media_type, kType);
  }
}

TEST(ParseArguments, RefusesWhatItDoesNotKnow) {
  const std::vector<std::vector<const char*>> wrong = {
      {},
      {"-name", "r"},
      {"-name", "r", "-digest", "d"},
      {"-name", "r", "-digest", "d", "-stdin-media-type"},
      {"-name", "r", "-digest", "d", "-stdin-media-type", kType, "-platform", "x"},
      {"-name", "r", "-name", "s", "-digest", "d", "-stdin-media-type", kType},
      {"r", "-name", "r", "-digest", "d", "-stdin-media-type", kType},
      {"-name", "", "-digest", "d", "-stdin-media-type", kType},
      {"---name", "r", "-digest", "d", "-stdin-media-type", kType},
      {"-", "-name", "r", "-digest", "d", "-stdin-media-type", kType},
  };
  for (const auto& arguments : wrong) {
    EXPECT_THAT(Parse(arguments), FailsWith(Reason::kDescriptorMismatch));
  }
}

base::Result<std::string> Check(const std::string& descriptor, const char* type = kType) {
  return CheckDescriptor({"r/app:v1", kDigest, type}, descriptor);
}

TEST(CheckDescriptor, GivesTheMediaTypeOfWhatIsPulled) {
  EXPECT_THAT(Check(R"({"mediaType":"application/vnd.oci.image.index.v1+json","digest":")" +
                    kDigest + R"(","size":7,"annotations":{"a":"b"}})"),
              IsOkAndHolds("application/vnd.oci.image.index.v1+json"));
}

TEST(CheckDescriptor, RefusesADescriptorThatDisagrees) {
  const std::string other = "sha256:" + std::string(64, 'b');
  EXPECT_THAT(Check(R"({"mediaType":"m","digest":")" + other + R"(","size":7})"),
              FailsWith(Reason::kDescriptorMismatch));
  EXPECT_THAT(Check(R"({"mediaType":"m","digest":")" + kDigest + R"("})", "application/json"),
              FailsWith(Reason::kDescriptorMismatch));
  EXPECT_THAT(Check(R"({"mediaType":"m"})"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Check(R"({"digest":")" + kDigest + R"("})"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Check(""), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Check("[]"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Check(R"({"digest":")" + kDigest + R"(","digest":")" + other + R"("})"),
              FailsWith(Reason::kDuplicateKey));
}

TEST(CheckDescriptor, IsBounded) {
  const std::string head = R"({"mediaType":"m","digest":")" + kDigest + R"("})";
  EXPECT_THAT(Check(head + std::string(kMaxDescriptorBytes - head.size(), ' ')), IsOk());
  EXPECT_THAT(Check(head + std::string(kMaxDescriptorBytes - head.size() + 1, ' ')),
              FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::shim
