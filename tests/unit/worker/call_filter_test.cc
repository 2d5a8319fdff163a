#include "worker/sandbox/call_filter.h"

#include <gtest/gtest.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>

#include <set>
#include <string>
#include <tuple>

#include "forbidden_calls.h"
#include "in_child.h"
#include "result_matchers.h"
#include "worker/sandbox/sandbox.h"

namespace sigward::worker {
namespace {

using testing::ForbiddenCall;
using testing::IsOk;
using testing::StatusOf;

/// Exit status of a child that could not even take the list on.
constexpr int kNotEntered = 99;
/// Exit status of a child whose call came back, for whatever reason.
constexpr int kCameBack = 98;

struct Process {
  const char* name;
  CallList (*calls)();
  /// Calls that the process needs in this very shape, or that are refused without being fatal.
  std::set<std::string> not_fatal;
};

const Process& Named(std::string_view name) {
  static const std::array<Process, 4> processes = {
      Process{"verifyd_child", VerifydChildCalls, {}},
      Process{"verifyd_parent", VerifydParentCalls, {"fork", "kill"}},
      Process{"fetchd", FetchdCalls, {"socket", "open", "code"}},
      Process{"sigwardd",
              SigwarddCalls,
              {"socket", "socket_packet", "open", "open_to_write", "code", "unknown_number"}}};
  for (const Process& process : processes) {
    if (process.name == name) {
      return process;
    }
  }
  return processes[0];
}

constexpr std::array kProcesses = {"verifyd_child", "verifyd_parent", "fetchd", "sigwardd"};

int StatusUnder(const CallList& list, long (*call)()) {
  return StatusOf([&] {
    const auto filter = CallFilter::Make(list);
    if (!RefuseNewPrivileges().ok() || !filter.ok() || !filter->Enter().ok()) {
      return kNotEntered;
    }
    call();
    return kCameBack;
  });
}

/// The errno with which CALL comes back under LIST, 0 when it succeeds.
int ErrorUnder(const CallList& list, long (*call)()) {
  return testing::ExitStatusOf([&] {
    const auto filter = CallFilter::Make(list);
    if (!RefuseNewPrivileges().ok() || !filter.ok() || !filter->Enter().ok()) {
      return kNotEntered;
    }
    errno = 0;
    call();
    return errno;
  });
}

class ForbiddenCallTest : public ::testing::TestWithParam<std::tuple<const char*, ForbiddenCall>> {
};

TEST_P(ForbiddenCallTest, KillsTheProcess) {
  if (!kSealed) {
    GTEST_SKIP() << "built unsealed";
  }
  const Process& process = Named(std::get<0>(GetParam()));
  const ForbiddenCall& call = std::get<1>(GetParam());
  if (process.not_fatal.contains(call.name)) {
    GTEST_SKIP() << "not fatal there";
  }
  const int status = StatusUnder(process.calls(), call.call);
  ASSERT_TRUE(WIFSIGNALED(status)) << "exit status " << WEXITSTATUS(status);
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}

INSTANTIATE_TEST_SUITE_P(All, ForbiddenCallTest,
                         ::testing::Combine(::testing::ValuesIn(kProcesses),
                                            ::testing::ValuesIn(testing::kForbiddenCalls)),
                         [](const auto& row) {
                           return std::string(std::get<0>(row.param)) + "_" +
                                  std::get<1>(row.param).name;
                         });

class CallListTest : public ::testing::TestWithParam<const char*> {};

TEST_P(CallListTest, NamesCallsThatEachArchitectureHas) {
  for (const CallRule& rule : Named(GetParam()).calls().rules) {
    EXPECT_GE(seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, rule.name), 0) << rule.name;
    EXPECT_EQ(seccomp_syscall_resolve_name_arch(SCMP_ARCH_AARCH64, rule.name) >= 0,
              rule.known_on == KnownOn::kEverywhere)
        << rule.name;
  }
}

TEST_P(CallListTest, BecomesAFilterForEachArchitecture) {
  for (const std::uint32_t architecture : {SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64}) {
    const auto filter = CallFilter::Make(Named(GetParam()).calls(), architecture);
    ASSERT_THAT(filter, IsOk());
    EXPECT_GT(filter->size(), Named(GetParam()).calls().rules.size() / 2);
  }
}

INSTANTIATE_TEST_SUITE_P(All, CallListTest, ::testing::ValuesIn(kProcesses),
                         [](const auto& row) { return std::string(row.param); });

long Socket(int family) {
  return syscall(SYS_socket, family, SOCK_STREAM, 0);
}

TEST(CallFilterTest, RefusesWhatALibraryMayTryInVain) {
  if (!kSealed) {
    GTEST_SKIP() << "built unsealed";
  }
  const CallList sigwardd = SigwarddCalls();
  EXPECT_EQ(ErrorUnder(sigwardd, [] { return Socket(AF_UNIX); }), 0);
  for (long (*const call)() : {+[] { return Socket(AF_INET); }, +[] { return Socket(AF_INET6); },
                               +[] { return Socket(AF_NETLINK); }}) {
    EXPECT_EQ(ErrorUnder(sigwardd, call), EAFNOSUPPORT);
  }
  const CallList fetchd = FetchdCalls();
  EXPECT_EQ(ErrorUnder(fetchd, [] { return Socket(AF_INET6); }), 0);
  EXPECT_EQ(ErrorUnder(fetchd, [] { return Socket(AF_NETLINK); }), EAFNOSUPPORT);
  for (const CallList& list : {sigwardd, fetchd}) {
    EXPECT_EQ(ErrorUnder(list, [] { return testing::Mapped(PROT_READ | PROT_WRITE); }), 0);
    EXPECT_EQ(ErrorUnder(list, [] { return testing::Mapped(PROT_READ | PROT_EXEC); }), EACCES);
    EXPECT_EQ(ErrorUnder(list, [] { return syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
  }
}

TEST(CallFilterTest, NeedsThatNewPrivilegesAreGivenUp) {
  if (!kSealed || geteuid() != 0) {
    GTEST_SKIP() << "root may do without, who has no rights may not";
  }
  EXPECT_EQ(testing::ExitStatusOf([] {
              const auto filter = CallFilter::Make(VerifydChildCalls());
              if (!filter.ok() || !DropRoot(kVerifydUser, Keeps::kNothing).ok()) {
                return kNotEntered;
              }
              return filter->Enter().ok() ? 1 : 0;
            }),
            0);
}

TEST(CallFilterTest, AnUnknownNameFails) {
  static constexpr std::array kRules = {CallRule{"no_such_call"}};
  EXPECT_THAT(CallFilter::Make({Otherwise::kKills, kRules}),
              testing::FailsWith(base::Reason::kInternal));
}

}  // namespace
}  // namespace sigward::worker
