#include "cli/node/processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "cli/node/command.h"
#include "fake_node.h"
#include "result_matchers.h"

namespace sigward::cli {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<pid_t> Pids(const FakeNode& node, std::string_view prefix) {
  std::vector<pid_t> pids;
  for (const NodeProcess& process : FindProcesses(node.root(), prefix)) {
    pids.push_back(process.pid);
  }
  return pids;
}

TEST(ProcessesTest, FindsProcessesByTheNameTheyWereStartedUnder) {
  const FakeNode node;
  node.AddProcess("20", {"/usr/bin/containerd-shim-runc-v2", "-namespace", "k8s.io"},
                  std::string("PATH=/a:/b\0PATH=/c", 18));
  node.AddProcess("7", {"containerd"}, "");
  node.AddProcess("8", {"/usr/bin/vi", "containerd"}, "");
  node.AddProcess("x9", {"containerd"}, "");
  EXPECT_THAT(Pids(node, "containerd"), ElementsAre(7, 20));
  const auto shims = FindProcesses(node.root(), "containerd-shim-");
  ASSERT_EQ(shims.size(), 1U);
  EXPECT_EQ(shims[0].path, "/a:/b");
  EXPECT_TRUE(shims[0].environment_read);
  EXPECT_THAT(shims[0].arguments,
              ElementsAre("/usr/bin/containerd-shim-runc-v2", "-namespace", "k8s.io"));
  EXPECT_EQ(shims[0].program, node.Path("/proc/20/exe"));
}

TEST(ProcessesTest, AProcessOfAContainerIsNotBelieved) {
  const FakeNode node;
  node.AddProcess("30", {"containerd"}, "", "mnt:[2]");
  EXPECT_THAT(Pids(node, "containerd"), IsEmpty());
}

TEST(ProcessesTest, AProcessOfSomebodyElseIsNotBelieved) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root to own a file as somebody else";
  }
  const FakeNode node;
  node.AddProcess("31", {"containerd"}, "");
  ASSERT_EQ(chown(node.Path("/proc/31").c_str(), 1000, 1000), 0);
  EXPECT_THAT(Pids(node, "containerd"), IsEmpty());
}

TEST(ProcessesTest, AnEnvironmentThatCannotBeReadIsUnknown) {
  const FakeNode node;
  node.AddProcess("7", {"containerd"}, "PATH=/a");
  std::filesystem::remove(node.Path("/proc/7/environ"));
  const auto found = FindProcesses(node.root(), "containerd");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_FALSE(found[0].environment_read);
}

TEST(ProcessesTest, FindsOptionsInAllTheirForms) {
  const std::vector<std::string_view> names = {"-c", "--config"};
  EXPECT_EQ(OptionIn({"x", "-c", "/a"}, names), "/a");
  EXPECT_EQ(OptionIn({"x", "--config=/a"}, names), "/a");
  EXPECT_EQ(OptionIn({"x", "--log", "l", "--config", "/a"}, names), "/a");
  EXPECT_EQ(OptionIn({"x", "-c"}, names), "");
  EXPECT_EQ(OptionIn({"-c", "/a"}, names), "");
  EXPECT_EQ(OptionIn({"x", "--configure=/a"}, names), "");
}

TEST(CommandTest, ReturnsWhatWasPrintedAndHowItEnded) {
  const auto done = RunCommand({"sh", "-c", "echo out; echo err >&2; exit 3"}, 100,
                               base::Deadline::After(seconds(10)));
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->out, "out\n");
  EXPECT_EQ(done->exit_code, 3);
}

TEST(CommandTest, HasBounds) {
  const auto deadline = base::Deadline::After(seconds(10));
  EXPECT_THAT(RunCommand({"sh", "-c", "printf 1234"}, 4, deadline), IsOk());
  EXPECT_THAT(RunCommand({"sh", "-c", "printf 12345"}, 4, deadline), FailsWith(Reason::kTooLarge));
  EXPECT_THAT(RunCommand({"sleep", "60"}, 4, base::Deadline::After(std::chrono::milliseconds(50))),
              FailsWith(Reason::kTimeout));
  EXPECT_THAT(RunCommand({"/nowhere/program"}, 4, deadline), FailsWith(Reason::kIoFailed));
  EXPECT_THAT(RunCommand(std::vector<std::string>{}, 4, deadline), FailsWith(Reason::kIoFailed));
  EXPECT_THAT(RunCommand(Command{.argv = {"cat"}, .input = std::string(kMaxCommandInput, 'x')},
                         kMaxCommandInput, deadline),
              IsOk());
  EXPECT_THAT(RunCommand(Command{.argv = {"cat"}, .input = std::string(kMaxCommandInput + 1, 'x')},
                         kMaxCommandInput + 1, deadline),
              FailsWith(Reason::kTooLarge));
}

TEST(CommandTest, GivesInputAndEnvironment) {
  const Command command{.argv = {"/bin/sh", "-c", "cat; echo $A-$HOME"},
                        .input = "in ",
                        .environment = {{"A=b", "PATH=/usr/bin:/bin"}}};
  const auto done = RunCommand(command, 100, base::Deadline::After(seconds(10)));
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->out, "in b-\n");
}

TEST(CommandTest, OneThatClosesItsOutputIsNotWaitedForForEver) {
  EXPECT_THAT(RunCommand({"sh", "-c", "exec >/dev/null; exec sleep 60"}, 4,
                         base::Deadline::After(std::chrono::milliseconds(100))),
              FailsWith(Reason::kTimeout));
  const Command keeps{.argv = {"sh", "-c", "sleep 60 & exit 7"}, .keep_output = false};
  const auto done = RunCommand(keeps, 0, base::Deadline::After(seconds(10)));
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->exit_code, 7);
}

}  // namespace
}  // namespace sigward::cli
