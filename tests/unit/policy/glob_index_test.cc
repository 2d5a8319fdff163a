#include "policy/glob_index.h"

#include <gmock/gmock.h>

#include <random>
#include <string>
#include <vector>

namespace sigward::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

GlobSubject SubjectOf(const std::string& image) {
  const auto digest = verifier::Digest::Parse("sha256:" + std::string(64, 'a')).value();
  return GlobSubject(verifier::ImageRef::Parse(image).value(), digest);
}

std::vector<Glob> GlobsOf(const std::vector<std::string>& texts) {
  std::vector<Glob> globs;
  for (const std::string& text : texts) {
    globs.push_back(Glob::Parse(text).value());
  }
  return globs;
}

GlobIndex IndexOf(const std::vector<Glob>& globs) {
  GlobIndex index;
  for (std::size_t i = 0; i < globs.size(); ++i) {
    index.Add(globs[i], i);
  }
  return index;
}

TEST(GlobIndexTest, FindsEveryOwnerOnceAndInOrder) {
  const std::vector<Glob> globs =
      GlobsOf({"**", "registry.example/b/**", "registry.example/a/**", "registry.example/**"});
  GlobIndex index;
  index.Add(globs[3], 7);
  index.Add(globs[0], 2);
  index.Add(globs[1], 1);
  index.Add(globs[2], 2);
  EXPECT_THAT(index.Find(SubjectOf("registry.example/a/app")), ElementsAre(2, 7));
  EXPECT_THAT(index.Find(SubjectOf("registry.example/b/app")), ElementsAre(1, 2, 7));
  EXPECT_THAT(index.Find(SubjectOf("other.example/b/app")), ElementsAre(2));
}

TEST(GlobIndexTest, FindsNothingInNothing) {
  EXPECT_THAT(GlobIndex().Find(SubjectOf("registry.example/app")), IsEmpty());
}

TEST(GlobIndexTest, KnowsEverySpellingOfDockerHub) {
  const std::vector<Glob> globs =
      GlobsOf({"index.docker.io/**", "docker.io/**", "registry.example/**", "*"});
  EXPECT_THAT(IndexOf(globs).Find(SubjectOf("nginx")), ElementsAre(0, 1, 3));
}

/// A glob or a path of few characters, so that both meet often.
std::string RandomText(std::mt19937& random, std::string_view alphabet, std::size_t longest) {
  std::string text;
  for (std::size_t size = 1 + random() % longest; size > 0; --size) {
    text += alphabet[random() % alphabet.size()];
  }
  return text;
}

TEST(GlobIndexTest, SaysWhatEachGlobWouldSay) {
  std::mt19937 random(20);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> texts;
    for (int i = 0; i < 40; ++i) {
      texts.push_back("a/" + RandomText(random, "bc*/", 8) + (random() % 2 == 0 ? "*" : "@**"));
    }
    const std::vector<Glob> globs = GlobsOf(texts);
    const GlobIndex index = IndexOf(globs);
    const GlobSubject subject = SubjectOf("a:1/" + RandomText(random, "bc", 3) + "/b");
    const GlobSubject other = SubjectOf("a/" + RandomText(random, "bc", 6) + "/c:v1");
    for (const GlobSubject* one : {&subject, &other}) {
      std::vector<std::size_t> expected;
      for (std::size_t i = 0; i < globs.size(); ++i) {
        if (globs[i].Matches(*one)) {
          expected.push_back(i);
        }
      }
      EXPECT_EQ(index.Find(*one), expected);
    }
  }
}

}  // namespace
}  // namespace sigward::policy
