#include "worker/sandbox/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <ctime>
#include <string>

#include "base/unique_fd.h"

namespace sigward::worker {
namespace {

base::Error Failed(const char* step) {
  return base::Fail(base::Reason::kInternal,
                    std::string(step) + " failed, errno " + std::to_string(errno));
}

base::Status Limit(__rlimit_resource resource, rlim_t value) {
  const rlimit limit{.rlim_cur = value, .rlim_max = value};
  return setrlimit(resource, &limit) == 0 ? base::Ok() : base::Status(Failed("setrlimit"));
}

base::Status LimitAtMost(__rlimit_resource resource, rlim_t value) {
  rlimit now{};
  if (getrlimit(resource, &now) != 0) {
    return Failed("getrlimit");
  }
  return Limit(resource, std::min(now.rlim_max, value));
}

base::Status DieWith(pid_t parent, int signal) {
  if (prctl(PR_SET_PDEATHSIG, signal) != 0) {
    return Failed("asking for a signal at the parent's death");
  }
  if (getppid() != parent) {
    return base::Fail(base::Reason::kInternal, "the parent is dead");
  }
  return base::Ok();
}

/// Leaves the capabilities that KEEPS names, as far as they are there, and no other. glibc has no
/// call for it.
bool KeepOnly(Keeps keeps) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (keeps == Keeps::kReadingFiles) {
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> now{};
    if (syscall(SYS_capget, &header, now.data()) != 0) {
      return false;
    }
    // Root of a container may lack it: then files are read as any user reads them.
    sets[0].effective = sets[0].permitted = now[0].permitted & (1U << CAP_DAC_READ_SEARCH);
  }
  return syscall(SYS_capset, &header, sets.data()) == 0;
}

base::Status CloseAllBut(std::array<int, 2> kept) {
  std::ranges::sort(kept);
  auto first = static_cast<unsigned int>(STDERR_FILENO + 1);
  for (const int fd : kept) {
    const auto keep = static_cast<unsigned int>(fd);
    if (keep > first && close_range(first, keep - 1, 0) != 0) {
      return Failed("closing what is open");
    }
    first = keep + 1;
  }
  return close_range(first, UINT_MAX, 0) == 0 ? base::Ok()
                                              : base::Status(Failed("closing what is open"));
}

}  // namespace

base::Status RefuseNewPrivileges() {
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
             ? base::Ok()
             : base::Status(Failed("giving up new privileges"));
}

base::Status HardenProcess() {
  SIGWARD_RETURN_IF_ERROR(RefuseNewPrivileges());
  if (kSealed && prctl(PR_SET_DUMPABLE, 0) != 0) {
    return Failed("closing to debuggers");
  }
  // The first time that is put in words opens /etc/localtime, which a sealed process may not.
  tzset();
  // A log reader that goes away must not take the worker with it.
  if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
    return Failed("ignoring SIGPIPE");
  }
  const base::UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid() || dup2(null.get(), STDIN_FILENO) < 0 || dup2(null.get(), STDOUT_FILENO) < 0) {
    return Failed("opening /dev/null");
  }
  return Limit(RLIMIT_CORE, 0);
}

base::Status DropRoot(uid_t user, Keeps keeps) {
  if (geteuid() != 0) {
    return base::Ok();
  }
  const pid_t parent = getppid();
  int signal = 0;
  if (prctl(PR_GET_PDEATHSIG, &signal) != 0) {
    return Failed("asking for the signal at the parent's death");
  }
  if (prctl(PR_SET_KEEPCAPS, keeps == Keeps::kReadingFiles ? 1 : 0) != 0 ||
      setgroups(0, nullptr) != 0 || setresgid(user, user, user) != 0 ||
      setresuid(user, user, user) != 0 || !KeepOnly(keeps)) {
    return Failed("giving up root");
  }
  return DieWith(parent, signal);
}

base::Status LimitProcess(const ProcessLimits& limits) {
  if (kSealed) {
    SIGWARD_RETURN_IF_ERROR(LimitAtMost(RLIMIT_AS, limits.address_space));
  }
  return LimitAtMost(RLIMIT_NOFILE, limits.descriptors);
}

base::Status EnterChild(std::array<int, 2> kept, pid_t parent, const ChildLimits& limits) {
  SIGWARD_RETURN_IF_ERROR(DieWith(parent, SIGKILL));
  SIGWARD_RETURN_IF_ERROR(CloseAllBut(kept));
  if (kSealed) {
    // A child in foreign hands could otherwise fill the log.
    if (dup2(STDIN_FILENO, STDERR_FILENO) < 0) {
      return Failed("closing standard error");
    }
    SIGWARD_RETURN_IF_ERROR(Limit(RLIMIT_AS, limits.address_space));
    // A child of its child would outlive the question, unknown to the parent.
    SIGWARD_RETURN_IF_ERROR(Limit(RLIMIT_NPROC, 0));
  }
  SIGWARD_RETURN_IF_ERROR(Limit(RLIMIT_FSIZE, 0));
  SIGWARD_RETURN_IF_ERROR(Limit(RLIMIT_NOFILE, limits.descriptors));
  return Limit(RLIMIT_CPU, static_cast<rlim_t>(limits.cpu.count()));
}

}  // namespace sigward::worker
