#include "worker/credentials/image_pattern.h"

#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"

namespace sigward::worker {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;

struct Row {
  std::string pattern;
  std::string image;
  bool matches;
};

class ImagePatternRows : public ::testing::TestWithParam<Row> {};

TEST_P(ImagePatternRows, MatchAsKubeletMatches) {
  const auto pattern = ImagePattern::Parse(GetParam().pattern);
  ASSERT_THAT(pattern, IsOk()) << GetParam().pattern;
  EXPECT_EQ(pattern->Matches(GetParam().image), GetParam().matches)
      << GetParam().pattern << " " << GetParam().image;
}

INSTANTIATE_TEST_SUITE_P(
    Kubelet, ImagePatternRows,
    ::testing::Values(
        Row{"registry.example", "registry.example/app", true},
        Row{"registry.example", "registry.example.org/app", false},
        Row{"registry.example", "a.registry.example/app", false},
        Row{"registry.example", "example/app", false},
        // A star is one label or a part of it, never more.
        Row{"*.azurecr.io", "team.azurecr.io/app", true},
        Row{"*.azurecr.io", "azurecr.io/app", false},
        Row{"*.azurecr.io", "a.team.azurecr.io/app", false},
        Row{"*.*.registry.io", "a.b.registry.io/app", true},
        Row{"*.dkr.ecr.*.amazonaws.com", "1234.dkr.ecr.us-east-1.amazonaws.com/app", true},
        Row{"*.dkr.ecr.*.amazonaws.com", "1234.dkr.ecr.us.east.amazonaws.com/app", false},
        Row{"app*.k8s.io", "app-7.k8s.io/x", true}, Row{"app*.k8s.io", "app.k8s.io/x", true},
        Row{"app*.k8s.io", "ap.k8s.io/x", false}, Row{"a*b*c.io", "aXbYbZc.io/x", true},
        Row{"a*b*c.io", "aXbYbZ.io/x", false}, Row{"k8s.*", "k8s.io/x", true},
        Row{"*", "localhost/x", true}, Row{"*", "a.b/x", false}, Row{"k8s.i*o", "k8s.io/x", true},
        // Ports are equal, and none is none.
        Row{"registry.io:8080", "registry.io:8080/x", true},
        Row{"registry.io", "registry.io:8080/x", false},
        Row{"registry.io:8080", "registry.io/x", false},
        Row{"registry.io:8080", "registry.io:80/x", false},
        // The path is a prefix of bytes.
        Row{"registry.io:8080/path", "registry.io:8080/path/app", true},
        Row{"registry.io/path", "registry.io/pathological", true},
        Row{"registry.io/path/", "registry.io/pathological", false},
        Row{"registry.io/path", "registry.io/other/path", false},
        Row{"registry.io/", "registry.io/app", true},
        Row{"registry.io/*", "registry.io/app", false}, Row{"[::1]:5000", "[::1]:5000/app", true},
        Row{"[::1]", "[::1]/app", true}, Row{"[::1]:5000", "[::1]/app", false}));

TEST(ImagePattern, WhatIsNoPatternIsRefused) {
  for (const char* const text :
       {"", "https://registry.io", "user@registry.io", "registry.io?x", "regis try.io", "/app",
        "registry..io", ".registry.io", "registry.io:port", "registry.io:*", "a[bc].io",
        "registry.io\\x", "registry.io%2f", "::1", "registry.io/f\xc3\xbc"}) {
    EXPECT_THAT(ImagePattern::Parse(text), FailsWith(Reason::kMalformed)) << text;
  }
}

TEST(ImagePattern, IsBounded) {
  EXPECT_THAT(ImagePattern::Parse(std::string(kMaxImagePattern, 'a')), IsOk());
  EXPECT_THAT(ImagePattern::Parse(std::string(kMaxImagePattern + 1, 'a')),
              FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::worker
