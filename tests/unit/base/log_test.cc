#include "base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "base/strict_json.h"
#include "result_matchers.h"

namespace sigward::base {
namespace {

Json Logged(const std::string& line) {
  const auto parsed = ParseStrictJson(line, 10000);
  EXPECT_THAT(parsed, testing::IsOk()) << line;
  return parsed.ok() ? *parsed : Json();
}

TEST(Log, WritesOneLineOfJsonWhateverTheTextHolds) {
  ::testing::internal::CaptureStderr();
  Log(Severity::kWarning, "test",
      {{"text", "a\n\"b\xff"}, {"number", std::int64_t{-7}}, {"flag", true}});
  const std::string line = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  const Json record = Logged(line);
  EXPECT_EQ(record["level"], "warning");
  EXPECT_EQ(record["event"], "test");
  EXPECT_EQ(record["text"], "a?\"b?");
  EXPECT_EQ(record["number"], -7);
  EXPECT_EQ(record["flag"], true);
}

TEST(Log, AReaderThatDoesNotReadStopsNobodyAndWhatWasLostIsCounted) {
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  const int standard_error = dup(STDERR_FILENO);
  ASSERT_EQ(dup2(pipe_ends[1], STDERR_FILENO), STDERR_FILENO);
  const auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < 2000; ++i) {
    Log(Severity::kInfo, "flood", {{"text", std::string(500, 'x')}});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
  std::string drained(1U << 20, '\0');
  const ssize_t first = read(pipe_ends[0], drained.data(), drained.size());
  EXPECT_LT(first, 1U << 20);
  Log(Severity::kInfo, "after", {});
  drained.resize(static_cast<std::size_t>(read(pipe_ends[0], drained.data(), drained.size())));
  dup2(standard_error, STDERR_FILENO);
  for (const int fd : {pipe_ends[0], pipe_ends[1], standard_error}) {
    close(fd);
  }
  EXPECT_NE(drained.find(R"("event":"after")"), std::string::npos);
  EXPECT_NE(drained.find(R"("event":"log-lines-lost","lines":1)"), std::string::npos) << drained;
}

TEST(Log, CutsLongTexts) {
  ::testing::internal::CaptureStderr();
  Log(Severity::kInfo, "test", {{"text", std::string(100000, 'x')}});
  EXPECT_LT(::testing::internal::GetCapturedStderr().size(), 2000U);
}

}  // namespace
}  // namespace sigward::base
