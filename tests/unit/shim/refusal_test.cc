#include "shim/refusal.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "base/files.h"
#include "base/strict_json.h"
#include "result_matchers.h"
#include "temp_folder.h"

namespace sigward::shim {
namespace {

using testing::IsOk;
using testing::IsOkAndHolds;

constexpr const char* kTime = "2026-11-24T08:00:00.000Z";

TEST(RefusalLogLine, IsJsonWhereTheRuntimesLogIs) {
  EXPECT_EQ(RefusalLogLine("no-signature: none", "json", kTime),
            "{\"level\":\"error\",\"msg\":\"no-signature: none\","
            "\"time\":\"2026-11-24T08:00:00.000Z\"}\n");
}

TEST(RefusalLogLine, IsLogrusTextElsewhere) {
  for (const char* format : {"", "text", "JSON", "xml"}) {
    EXPECT_EQ(RefusalLogLine("denied: a \"b\" \\", format, kTime),
              "time=\"2026-11-24T08:00:00.000Z\" level=error msg=\"denied: a \\\"b\\\" \\\\\"\n");
  }
}

TEST(RefusalLogLine, NothingBreaksTheLine) {
  const std::string hostile = "a\"b\\c\nd\x01\x7f\xff\xc2\x85 {}\u2028é";
  const std::string line = RefusalLogLine(hostile, "json", kTime);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto parsed = base::ParseStrictJson(line, line.size());
  ASSERT_THAT(parsed, IsOk());
  EXPECT_TRUE(parsed->at("msg").get<std::string>().starts_with("a\"b\\c?d???? {}"));
}

TEST(RefusalLogLine, IsBounded) {
  const std::string fits = RefusalLogLine(std::string(kMaxRefusalBytes, '"'), "json", kTime);
  const std::string cut = RefusalLogLine(std::string(kMaxRefusalBytes + 1, '"'), "json", kTime);
  EXPECT_EQ(fits.find("\u2026"), std::string::npos);
  EXPECT_NE(cut.find("\u2026"), std::string::npos);
  EXPECT_LE(cut.size(), fits.size());
  EXPECT_THAT(base::ParseStrictJson(cut, cut.size()), IsOk());
}

TEST(LogFileOf, KnowsCrunsPlaces) {
  EXPECT_EQ(LogFileOf("runc", "/l"), "/l");
  EXPECT_EQ(LogFileOf("runc", "file:/l"), "file:/l");
  EXPECT_EQ(LogFileOf("crun", "/l"), "/l");
  EXPECT_EQ(LogFileOf("crun", "file:/l"), "/l");
  EXPECT_EQ(LogFileOf("crun", "journald:id"), "");
  EXPECT_EQ(LogFileOf("crun", "syslog:id"), "");
}

TEST(AppendLogLine, AppendsAndMakesTheFile) {
  const testing::TempFolder folder;
  const std::string path = folder / "log.json";
  AppendLogLine(path, "one\n");
  AppendLogLine(path, "two\n");
  EXPECT_THAT(base::ReadFile(path, 100), IsOkAndHolds("one\ntwo\n"));
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(AppendLogLine, LeavesLinksAndFifosAlone) {
  const testing::TempFolder folder;
  std::filesystem::create_symlink(folder / "elsewhere", folder / "link");
  AppendLogLine(folder / "link", "x\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "elsewhere"));
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  AppendLogLine(folder / "fifo", "x\n");  // Would wait for a reader.
  AppendLogLine(folder / "missing/log", "x\n");
}

}  // namespace
}  // namespace sigward::shim
