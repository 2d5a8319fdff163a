#include "base/yaml/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sigward {
namespace {

using ::testing::HasSubstr;

std::vector<YamlNode> Read(const std::string& text) {
  const auto read = ReadYaml(text);
  const auto* documents = std::get_if<std::vector<YamlNode>>(&read);
  EXPECT_NE(documents, nullptr) << text;
  return documents == nullptr ? std::vector<YamlNode>() : *documents;
}

YamlNode One(const std::string& text) {
  const auto documents = Read(text);
  EXPECT_EQ(documents.size(), 1U) << text;
  return documents.empty() ? YamlNode() : documents.front();
}

void ExpectError(const std::string& text, std::size_t line, const std::string& message) {
  const auto read = ReadYaml(text);
  const auto* error = std::get_if<YamlError>(&read);
  ASSERT_NE(error, nullptr) << text;
  EXPECT_EQ(error->line, line) << text;
  EXPECT_THAT(error->message, HasSubstr(message));
}

TEST(YamlReaderTest, KeepsNestingTextAndLines) {
  const YamlNode root = One("a: 1\nb:\n  - x\n  - 'y'\nc:\n  d: |\n    one\n    two\n");
  ASSERT_EQ(root.kind, YamlKind::kMapping);
  ASSERT_EQ(root.members.size(), 3U);
  EXPECT_EQ(root.members[0].name, "a");
  EXPECT_EQ(root.members[0].line, 1U);
  EXPECT_EQ(root.members[0].value.text, "1");
  EXPECT_FALSE(root.members[0].value.quoted);
  const YamlNode& list = root.members[1].value;
  ASSERT_EQ(list.kind, YamlKind::kList);
  ASSERT_EQ(list.items.size(), 2U);
  EXPECT_EQ(list.items[0].text, "x");
  EXPECT_EQ(list.items[0].line, 3U);
  EXPECT_EQ(list.items[1].text, "y");
  EXPECT_TRUE(list.items[1].quoted);
  EXPECT_EQ(list.items[1].line, 4U);
  const YamlMember& block = root.members[2].value.members.at(0);
  EXPECT_EQ(block.line, 6U);
  EXPECT_EQ(block.value.text, "one\ntwo\n");
  EXPECT_TRUE(block.value.quoted);
}

TEST(YamlReaderTest, ReadsJson) {
  const YamlNode root = One("{\"a\": [1, \"x\\u0041\", null], \"b\": {\"c\": true}}");
  ASSERT_EQ(root.members.size(), 2U);
  EXPECT_EQ(root.members[0].value.items.at(1).text, "xA");
  EXPECT_EQ(root.members[0].value.items.at(2).kind, YamlKind::kNull);
  EXPECT_EQ(root.members[1].value.members.at(0).value.text, "true");
}

TEST(YamlReaderTest, ReadsAllDocumentsAndLeavesOutEmptyOnes) {
  const auto documents = Read("---\n# nothing\n---\na: 1\n---\n---\nb: 2\n");
  ASSERT_EQ(documents.size(), 2U);
  EXPECT_EQ(documents[0].members.at(0).name, "a");
  EXPECT_EQ(documents[1].members.at(0).name, "b");
  EXPECT_EQ(documents[1].line, 7U);
  EXPECT_TRUE(Read("").empty());
  EXPECT_TRUE(Read("# a comment\n").empty());
  EXPECT_EQ(Read("a: 1\n...\n").size(), 1U);
}

TEST(YamlReaderTest, SeesAnEqualKeyInAnotherMappingAsAnother) {
  EXPECT_EQ(One("a: {x: 1}\nb: {x: 2}\n").members.size(), 2U);
  EXPECT_EQ(One("- x: 1\n- x: 2\n").items.size(), 2U);
}

TEST(YamlReaderTest, RefusesEqualKeys) {
  ExpectError("a: 1\nb: 2\na: 3\n", 3, "duplicate field a");
  ExpectError("a: 1\n'a': 2\n", 2, "duplicate field a");
  ExpectError("x: {b: 1, b: 2}\n", 1, "duplicate field b");
  ExpectError("- {\"k\": 1, \"\\u006b\": 2}\n", 1, "duplicate field k");
}

TEST(YamlReaderTest, RefusesAnchorsAliasesAndTags) {
  ExpectError("a: &x 1\n", 1, "anchors");
  ExpectError("a: &x {b: 1}\n", 1, "anchors");
  ExpectError("&x a: 1\n", 1, "anchors");
  ExpectError("a: 1\nb: &y [1]\n", 2, "anchors");
  ExpectError("a: !!str 1\n", 1, "tags");
  ExpectError("a: !mine x\n", 1, "tags");
  ExpectError("a:\n  - !!binary aGk=\n", 2, "tags");
  ExpectError("!!map\na: 1\n", 1, "tags");
  ExpectError("a: 1\nb: *x\n", 2, "");
}

TEST(YamlReaderTest, RefusesKeysThatAreNoText) {
  ExpectError("? [a]\n: 1\n", 1, "key");
  ExpectError("? {a: b}\n: 1\n", 1, "key");
  ExpectError("~: 1\n", 1, "key");
}

TEST(YamlReaderTest, RefusesWhatIsNotYaml) {
  ExpectError("a: [1\n", 2, "not YAML");
  ExpectError("a: 1\n b: 2\n", 2, "not YAML");
  ExpectError("a: 'x\n", 2, "not YAML");
  ExpectError("a: \"x", 1, "not YAML");
  ExpectError("a: 1\n}\n", 2, "not YAML");
  ExpectError(",a", 1, "not YAML");
  ExpectError("a: 1\n---\n, b\n", 3, "not YAML");
}

TEST(YamlReaderTest, RefusesBytesThatAreNoText) {
  ExpectError("a: \xff\n", 0, "UTF-8");
  ExpectError(std::string("a: 1\nb: x\0y\n", 12), 2, "NUL");
  ExpectError(
      "\xff\xfe"
      "a",
      0, "UTF-8");
}

TEST(YamlReaderTest, BoundsItsSize) {
  const std::string comment = "#" + std::string(kMaxYamlBytes - 1, 'x');
  EXPECT_TRUE(Read(comment).empty());
  ExpectError(comment + "x", 0, "longer than");
}

TEST(YamlReaderTest, BoundsItsDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(One(nested(kMaxYamlDepth)).kind, YamlKind::kList);
  ExpectError(nested(kMaxYamlDepth + 1), 1, "nested deeper");
  ExpectError(std::string(100000, '['), 1, "");
}

TEST(YamlReaderTest, TellsStringsFromWhatTheCoreSchemaResolves) {
  for (const std::string text : {"x", "yes", "no", "on", "0b1", "1.2.3", "+", ".", "e3", "1e", "0x",
                                 "0xg", "sha256", "12:30", "2026-01-01", "nan", "TrUe"}) {
    EXPECT_TRUE(IsString(One("- " + text).items.at(0))) << text;
  }
  for (const std::string text : {"true", "False", "TRUE", "0", "12", "-3", "+4", "1.5", ".5", "1.",
                                 "1e3", "1.5E-3", "0x1F", "0o17", ".inf", "-.Inf", ".nan"}) {
    EXPECT_FALSE(IsString(One("- " + text).items.at(0))) << text;
    EXPECT_TRUE(IsString(One("- '" + text + "'").items.at(0))) << text;
    EXPECT_TRUE(IsString(One("- \"" + text + "\"").items.at(0))) << text;
  }
}

TEST(YamlReaderTest, DescribesValues) {
  const YamlNode list = One("- x\n- 1\n- true\n- ~\n-\n- [1]\n- {a: 1}\n");
  std::vector<std::string> descriptions;
  for (const YamlNode& item : list.items) {
    descriptions.emplace_back(Describe(item));
  }
  EXPECT_THAT(descriptions, ::testing::ElementsAre("a string", "a number", "a boolean", "empty",
                                                   "empty", "a list", "a mapping"));
}

}  // namespace
}  // namespace sigward
