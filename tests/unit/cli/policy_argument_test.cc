#include "cli/policy_argument.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/yaml/yaml_reader.h"
#include "policies_for_testing.h"
#include "policy_documents.h"
#include "result_matchers.h"
#include "temp_folder.h"

namespace sigward::cli {
namespace {

using base::Reason;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::WithAuthority;

class PolicyArgumentTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    std::string path = folder_ / name;
    std::ofstream(path) << text;
    return path;
  }
  static std::string Compiled(const std::string& name = "signed") {
    return policy::Compile({testing::PolicyOf(name, {testing::Key(testing::kKeyA)})},
                           policy::NoMatch::kWarn, "");
  }

  testing::TempFolder folder_;
  Problems problems_;
};

TEST_F(PolicyArgumentTest, TakesWhatWasCompiled) {
  const auto policy = LoadPolicy(Write("policy.json", Compiled()), problems_);
  ASSERT_THAT(policy, IsOk());
  ASSERT_NE(*policy, nullptr);
  EXPECT_EQ((*policy)->generation(), 1U);
  EXPECT_EQ((*policy)->no_match(), policy::NoMatch::kWarn);
  EXPECT_EQ((*policy)->policies().at(0).name, "signed");
}

TEST_F(PolicyArgumentTest, ACompiledPolicyMayBeLargerThanASource) {
  policy::NodeRules node;
  for (int i = 0; i < 9000; ++i) {
    node.deny.insert(verifier::Digest::Of(base::AsBytes(std::to_string(i))));
    node.floor.insert(verifier::Digest::Of(base::AsBytes("f" + std::to_string(i))));
  }
  const std::string text = policy::Compile({}, policy::NoMatch::kDeny, "", node);
  ASSERT_GT(text.size(), kMaxYamlBytes);
  const auto policy = LoadPolicy(Write("policy.json", text), problems_);
  ASSERT_THAT(policy, IsOk());
  EXPECT_EQ((*policy)->node().deny.size(), 9000U);
}

TEST_F(PolicyArgumentTest, TakesAFileOfSourcesAndAFolderOfThem) {
  const std::string file = Write("a.yaml", WithAuthority("static: {action: pass}"));
  for (const std::string& path : {file, folder_ / "."}) {
    const auto policy = LoadPolicy(path, problems_);
    ASSERT_THAT(policy, IsOk());
    ASSERT_NE(*policy, nullptr) << path;
    EXPECT_EQ((*policy)->generation(), 1U);
    EXPECT_EQ((*policy)->no_match(), policy::NoMatch::kDeny);
    EXPECT_EQ((*policy)->policies().at(0).name, "p");
  }
}

TEST_F(PolicyArgumentTest, SourcesThatAreWrongGiveNoPolicyButTheirProblems) {
  const std::string file = Write("a.yaml", WithAuthority("static: {action: maybe}"));
  const auto policy = LoadPolicy(file, problems_);
  ASSERT_THAT(policy, IsOk());
  EXPECT_EQ(*policy, nullptr);
  ASSERT_EQ(problems_.error_count(), 1U);
  EXPECT_EQ(problems_.errors()[0].file, file);
  EXPECT_EQ(problems_.errors()[0].line, 7U);
}

TEST_F(PolicyArgumentTest, ACompiledPolicyThatIsWrongIsNotReadAsASource) {
  std::string text = Compiled();
  text.replace(text.find("\"warn\""), 6, "\"frob\"");
  const std::string file = Write("policy.json", text);
  const auto policy = LoadPolicy(file, problems_);
  ASSERT_THAT(policy, FailsWith(Reason::kPolicyInvalid));
  EXPECT_THAT(policy.error().detail, HasSubstr(file));
  EXPECT_THAT(policy.error().detail, HasSubstr("policy.noMatch"));
  EXPECT_FALSE(problems_.HasErrors());
}

TEST_F(PolicyArgumentTest, FailsWhereThereIsNothingToRead) {
  EXPECT_THAT(LoadPolicy(folder_ / "nowhere", problems_), FailsWith(Reason::kIoFailed));
  EXPECT_THAT(LoadPolicy(folder_ / ".", problems_), FailsWith(Reason::kIoFailed));
}

TEST_F(PolicyArgumentTest, SourcesAndCompiledPoliciesHaveTheirOwnBounds) {
  const std::string comment(kMaxYamlBytes, '#');
  EXPECT_THAT(LoadPolicy(Write("long.yaml", comment + "\n"), problems_),
              FailsWith(Reason::kTooLarge));
  const std::string spaces(policy::kMaxCompiledBytes - Compiled().size(), ' ');
  EXPECT_THAT(LoadPolicy(Write("max.json", Compiled() + spaces), problems_), IsOk());
  EXPECT_THAT(LoadPolicy(Write("more.json", Compiled() + spaces + " "), problems_),
              FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::cli
