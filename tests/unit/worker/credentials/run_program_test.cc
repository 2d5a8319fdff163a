#include "worker/credentials/run_program.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "base/files.h"
#include "base/unique_fd.h"
#include "result_matchers.h"
#include "script.h"
#include "temp_folder.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Reason;
using std::chrono::milliseconds;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::TempFolder;
using testing::WriteScript;

Deadline Patient() {
  return Deadline::After(milliseconds(30'000));
}

class RunProgramTest : public ::testing::Test {
 protected:
  base::Result<ProgramOutput> Run(const std::string& lines, const Deadline& deadline = Patient(),
                                  const std::string& input = "") {
    WriteScript(path_, lines);
    return RunProgram({.path = path_,
                       .arguments = {"first", "two words"},
                       .environment = {"PATH=/usr/bin:/bin", "ONE=1"},
                       .input = input},
                      deadline);
  }

  /// Waits until the process whose number the script wrote to "pid" is gone.
  bool IsGone() {
    const auto text = base::ReadFile(folder_ / "pid", 100);
    const int pid = text.ok() ? std::atoi(text->c_str()) : 0;
    EXPECT_GT(pid, 0);
    for (int i = 0; i < 500; ++i) {
      // A zombie that nobody has reaped yet is as good as gone.
      const auto state = base::ReadFile("/proc/" + std::to_string(pid) + "/stat", 4096);
      if (!state.ok() || state->find(") Z ") != std::string::npos) {
        return true;
      }
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }

  const TempFolder folder_;
  const std::string path_ = folder_ / "program";
};

TEST_F(RunProgramTest, GivesItItsInputArgumentsAndEnvironmentAndNothingElse) {
  const base::UniqueFd inherited(fcntl(STDERR_FILENO, F_DUPFD, 77));
  ASSERT_TRUE(inherited.valid());
  const auto output =
      Run("cat; echo \"|$1|$2|$#|$ONE|$HOME|$(pwd)\"; ls /proc/$$/fd", Patient(), "the question");
  ASSERT_THAT(output, IsOk());
  EXPECT_THAT(output->out, ::testing::StartsWith("the question|first|two words|2|1||/\n0\n1\n"));
  EXPECT_THAT(output->out, ::testing::Not(HasSubstr(std::to_string(inherited.get()))));
  EXPECT_EQ(output->exit_code, 0);
}

TEST_F(RunProgramTest, TakesALongInputWhole) {
  const auto output = Run("wc -c", Patient(), std::string(300'000, 'x'));
  ASSERT_THAT(output, IsOk());
  EXPECT_THAT(output->out, HasSubstr("300000"));
}

TEST_F(RunProgramTest, SaysHowItEnded) {
  auto output = Run("echo hello >&2; echo out; exit 7");
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->exit_code, 7);
  EXPECT_EQ(output->out, "out\n");
  EXPECT_THAT(output->error_line, HasSubstr("hello"));
  output = Run("kill -TERM $$");
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->exit_code, -1);
}

TEST_F(RunProgramTest, BoundsWhatItWrites) {
  const std::string max = std::to_string(kMaxProgramOutput);
  auto output = Run("head -c " + max + " /dev/zero");
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->out.size(), kMaxProgramOutput);
  EXPECT_THAT(Run("head -c " + max + " /dev/zero; echo"), FailsWith(Reason::kWorkerFailed));
  EXPECT_THAT(Run("exec yes"), FailsWith(Reason::kWorkerFailed));
}

TEST_F(RunProgramTest, ALongComplaintStopsNothing) {
  const auto output = Run("head -c 3000000 /dev/zero | tr '\\0' 'x' >&2; echo done");
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->out, "done\n");
  EXPECT_EQ(output->error_line, std::string(kMaxProgramErrorLine, 'x'));
}

TEST_F(RunProgramTest, AComplaintIsOneLine) {
  const auto output = Run("printf 'one\\ntwo\\033[2J' >&2; exit 1");
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->error_line, "one?two?[2J");
}

TEST_F(RunProgramTest, WhatHangsIsKilledWithItsChildren) {
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_THAT(Run("sleep 1000 & echo $! > " + (folder_ / "pid") + "; wait",
                  Deadline::After(milliseconds(500))),
              FailsWith(Reason::kTimeout));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
  EXPECT_TRUE(IsGone());
}

TEST_F(RunProgramTest, WhatIsLeftBehindIsKilledAndNotWaitedFor) {
  // The grandchild holds standard output open.
  const auto output = Run("echo answer; sleep 1000 & echo $! > " + (folder_ / "pid"));
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->out, "answer\n");
  EXPECT_TRUE(IsGone());
}

TEST_F(RunProgramTest, WhoLeavesTheGroupIsNotWaitedFor) {
  const auto output =
      Run("echo answer; setsid sleep 20 & echo $! > " + (folder_ / "pid") + "; sleep 0.2");
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->out, "answer\n");
  const auto left = base::ReadFile(folder_ / "pid", 100);
  if (left.ok()) {
    (void)kill(std::atoi(left->c_str()), SIGKILL);
  }
}

TEST_F(RunProgramTest, ClosedStreamsAreNoEnd) {
  const auto output = Run("exec >&- 2>&-; sleep 0.2; exit 3");
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->exit_code, 3);
}

TEST_F(RunProgramTest, WhatCannotBeRunSaysSo) {
  ASSERT_THAT(base::WriteNewFile(path_, "#!/nowhere\n"), IsOk());
  ASSERT_EQ(chmod(path_.c_str(), 0755), 0);
  EXPECT_THAT(RunProgram({.path = path_}, Patient()), FailsWith(Reason::kWorkerFailed));
}

class CheckedProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(getuid(), 0U) << "these tests change owners";
    WriteScript(path_, "");
  }
  const TempFolder folder_;
  const std::string path_ = folder_ / "docker-credential-x";
};

TEST_F(CheckedProgramTest, TakesWhatOnlyRootCanHaveWritten) {
  EXPECT_THAT(CheckedProgram(path_), IsOkAndHolds(path_));
  std::filesystem::create_symlink(path_, folder_ / "link");
  EXPECT_THAT(CheckedProgram(folder_ / "link"), IsOkAndHolds(path_));
}

TEST_F(CheckedProgramTest, RefusesTheRest) {
  EXPECT_THAT(CheckedProgram(folder_ / "missing"), FailsWith(Reason::kConfigInvalid));
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  EXPECT_THAT(CheckedProgram(path_), FailsWith(Reason::kConfigInvalid));
  ASSERT_EQ(chmod(path_.c_str(), 0775), 0);
  EXPECT_THAT(CheckedProgram(path_), FailsWith(Reason::kConfigInvalid));
  ASSERT_EQ(chmod(path_.c_str(), 0755), 0);
  ASSERT_EQ(chown(path_.c_str(), 65534, 0), 0);
  EXPECT_THAT(CheckedProgram(path_), FailsWith(Reason::kConfigInvalid));
  ASSERT_EQ(chown(path_.c_str(), 0, 0), 0);
  ASSERT_EQ(chmod(folder_.path().c_str(), 0777), 0);
  EXPECT_THAT(CheckedProgram(path_), FailsWith(Reason::kConfigInvalid));
}

TEST_F(CheckedProgramTest, TheFirstInPathIsTheOne) {
  const TempFolder other;
  WriteScript(other / "docker-credential-x", "");
  EXPECT_THAT(
      FindProgram("docker-credential-x", "relative::" + folder_.path() + ":" + other.path()),
      IsOkAndHolds(path_));
  EXPECT_THAT(FindProgram("docker-credential-x", "/nowhere:" + other.path()),
              IsOkAndHolds(other / "docker-credential-x"));
  EXPECT_THAT(FindProgram("docker-credential-y", folder_.path()),
              FailsWith(Reason::kConfigInvalid));
  // One that must not be run is not passed over for another.
  ASSERT_EQ(chmod(path_.c_str(), 0777), 0);
  EXPECT_THAT(FindProgram("docker-credential-x", folder_.path() + ":" + other.path()),
              FailsWith(Reason::kConfigInvalid));
}

}  // namespace
}  // namespace sigward::worker
