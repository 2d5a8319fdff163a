#include "worker/sandbox/call_list.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <limits>

namespace sigward::worker {
namespace {

/// Where the kernel takes an int: what stands in the upper half of the register is not its concern.
constexpr std::uint64_t kInt = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                         CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint64_t kThread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
/// What fork() asks for beside the signal.
constexpr std::uint64_t kForkNotes = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
constexpr std::uint64_t kOpensToWrite = O_ACCMODE | O_CREAT | O_TRUNC;

constexpr CallRule X86(const char* name) {
  return {.name = name, .known_on = KnownOn::kX86Only};
}

constexpr CallRule If(const char* name, ArgumentRule first, ArgumentRule second = {}) {
  return {.name = name, .arguments = {first, second}};
}

constexpr CallRule Refused(const char* name, int error, ArgumentRule when = {}) {
  return {.name = name, .arguments = {when}, .error = error};
}

constexpr ArgumentRule Is(unsigned int index, int value) {
  return {.index = index, .mask = kInt, .value = static_cast<std::uint32_t>(value)};
}

constexpr ArgumentRule HasNoneOf(unsigned int index, std::uint64_t bits) {
  return {.index = index, .mask = bits, .value = 0};
}

constexpr ArgumentRule HasAllOf(unsigned int index, std::uint64_t bits) {
  return {.index = index, .mask = bits, .value = bits};
}

constexpr ArgumentRule kNoCode = HasNoneOf(2, PROT_EXEC);

constexpr std::array kVerifydChild = {
    CallRule{"read"},
    CallRule{"write"},
    CallRule{"close"},
    CallRule{"lseek"},
    If("fcntl", Is(1, F_GET_SEALS)),
    X86("poll"),
    CallRule{"ppoll"},
    CallRule{"accept4"},
    CallRule{"recvmsg"},
    CallRule{"sendmsg"},
    If("getsockopt", Is(1, SOL_SOCKET), Is(2, SO_PEERCRED)),
    If("setsockopt", Is(1, SOL_SOCKET), Is(2, SO_LINGER)),
    CallRule{"geteuid"},
    // OpenSSL notices by its number that it was forked, and blinds what it computes.
    CallRule{"getpid"},
    CallRule{"getrandom"},
    If("mmap", kNoCode),
    If("mprotect", kNoCode),
    CallRule{"munmap"},
    CallRule{"mremap"},
    CallRule{"madvise"},
    CallRule{"brk"},
    CallRule{"futex"},
    // Where the kernel's clock is not one that a process may read by itself.
    CallRule{"clock_gettime"},
    // What a wait goes on with after the process was frozen.
    CallRule{"restart_syscall"},
    CallRule{"exit_group"},
};

constexpr std::array kVerifydParent = {
    CallRule{"read"},
    CallRule{"write"},
    CallRule{"close"},
    CallRule{"close_range"},
    CallRule{"lseek"},
    If("fcntl", Is(1, F_GET_SEALS)),
    X86("poll"),
    CallRule{"ppoll"},
    CallRule{"pipe2"},
    X86("dup2"),
    CallRule{"dup3"},
    CallRule{"accept4"},
    CallRule{"recvmsg"},
    CallRule{"sendmsg"},
    If("getsockopt", Is(1, SOL_SOCKET), Is(2, SO_PEERCRED)),
    If("setsockopt", Is(1, SOL_SOCKET), Is(2, SO_LINGER)),
    If("clone", {.index = 0, .mask = ~kForkNotes, .value = SIGCHLD}),
    CallRule{"wait4"},
    If("kill", Is(1, SIGKILL)),
    If("prctl", Is(0, PR_SET_PDEATHSIG)),
    CallRule{"prlimit64"},
    CallRule{"rt_sigprocmask"},
    CallRule{"seccomp"},
    CallRule{"landlock_restrict_self"},
    CallRule{"set_robust_list"},
    CallRule{"rseq"},
    CallRule{"getpid"},
    CallRule{"getppid"},
    CallRule{"gettid"},
    CallRule{"geteuid"},
    CallRule{"getrandom"},
    If("mmap", kNoCode),
    If("mprotect", kNoCode),
    CallRule{"munmap"},
    CallRule{"mremap"},
    CallRule{"madvise"},
    CallRule{"brk"},
    CallRule{"futex"},
    CallRule{"clock_gettime"},
    CallRule{"restart_syscall"},
    CallRule{"exit_group"},
};

constexpr std::array kFetchd = {
    // Files: for reading. Landlock says which.
    If("openat", HasNoneOf(2, kOpensToWrite)),
    CallRule{
        .name = "open", .known_on = KnownOn::kX86Only, .arguments = {HasNoneOf(1, kOpensToWrite)}},
    CallRule{"read"},
    CallRule{"pread64"},
    CallRule{"readv"},
    CallRule{"write"},
    CallRule{"writev"},
    CallRule{"close"},
    CallRule{"lseek"},
    CallRule{"fstat"},
    CallRule{"newfstatat"},
    CallRule{"statx"},
    CallRule{"fstatfs"},
    CallRule{"statfs"},
    CallRule{"faccessat"},
    CallRule{"faccessat2"},
    CallRule{"readlinkat"},
    CallRule{"getdents64"},
    CallRule{"fadvise64"},
    X86("stat"),
    X86("lstat"),
    X86("access"),
    X86("readlink"),
    CallRule{"fcntl"},
    CallRule{"dup"},
    If("ioctl", Is(1, FIONBIO)),
    If("ioctl", Is(1, FIONREAD)),
    CallRule{"memfd_create"},
    // Sockets: those that a registry, a resolver or sigwardd is at the other end of.
    If("socket", Is(0, AF_UNIX)),
    If("socket", Is(0, AF_INET)),
    If("socket", Is(0, AF_INET6)),
    // The C library would ask for the interfaces' addresses before it sorts a name's.
    Refused("socket", EAFNOSUPPORT, Is(0, AF_NETLINK)),
    If("socketpair", Is(0, AF_UNIX)),
    CallRule{"connect"},
    CallRule{"accept4"},
    CallRule{"getsockname"},
    CallRule{"getpeername"},
    CallRule{"getsockopt"},
    CallRule{"setsockopt"},
    CallRule{"sendto"},
    CallRule{"sendmsg"},
    CallRule{"sendmmsg"},
    CallRule{"recvfrom"},
    CallRule{"recvmsg"},
    CallRule{"recvmmsg"},
    CallRule{"shutdown"},
    X86("poll"),
    CallRule{"ppoll"},
    X86("select"),
    CallRule{"pselect6"},
    X86("pipe"),
    CallRule{"pipe2"},
    CallRule{"eventfd2"},
    // Memory. Code is refused, not fatal: a module that the node's nsswitch.conf names cannot be
    // loaded then, and the C library goes on to the next service.
    If("mmap", kNoCode),
    Refused("mmap", EACCES, HasAllOf(2, PROT_EXEC)),
    If("mprotect", kNoCode),
    Refused("mprotect", EACCES, HasAllOf(2, PROT_EXEC)),
    CallRule{"munmap"},
    CallRule{"mremap"},
    CallRule{"madvise"},
    CallRule{"brk"},
    // Threads. clone3 has its flags in memory, where no filter sees them; the C library then takes
    // clone.
    If("clone", {.index = 0, .mask = kThread | kNewNamespaces, .value = kThread}),
    Refused("clone3", ENOSYS),
    CallRule{"set_robust_list"},
    CallRule{"rseq"},
    CallRule{"futex"},
    CallRule{"sched_yield"},
    CallRule{"sched_getaffinity"},
    CallRule{"exit"},
    CallRule{"exit_group"},
    CallRule{"rt_sigaction"},
    CallRule{"rt_sigprocmask"},
    CallRule{"rt_sigreturn"},
    CallRule{"sigaltstack"},
    CallRule{"restart_syscall"},
    X86("alarm"),
    // What abort() calls, so that a crash looks like one. Other processes are out of reach by their
    // user, whatever the signal.
    If("tgkill", Is(2, SIGABRT)),
    CallRule{"getpid"},
    CallRule{"gettid"},
    CallRule{"getuid"},
    CallRule{"geteuid"},
    CallRule{"getgid"},
    CallRule{"getegid"},
    CallRule{"uname"},
    CallRule{"sysinfo"},
    CallRule{"getrandom"},
    CallRule{"clock_gettime"},
    CallRule{"clock_getres"},
    CallRule{"clock_nanosleep"},
    CallRule{"nanosleep"},
    CallRule{"gettimeofday"},
    X86("time"),
};

constexpr ArgumentRule IsNot(unsigned int index, int value) {
  return {
      .index = index, .mask = ~0ULL, .value = static_cast<std::uint32_t>(value), .differs = true};
}

constexpr std::array kSigwardd = {
    // gRPC tries whether there is IPv6, so a socket of another kind is refused and not fatal.
    Refused("socket", EAFNOSUPPORT, IsNot(0, AF_UNIX)),
    Refused("socketpair", EAFNOSUPPORT, IsNot(0, AF_UNIX)),
    // Programs and processes. Only threads are started.
    CallRule{"execve"},
    CallRule{"execveat"},
    X86("fork"),
    X86("vfork"),
    If("clone", HasNoneOf(0, CLONE_THREAD)),
    Refused("clone3", ENOSYS),
    CallRule{"unshare"},
    CallRule{"setns"},
    CallRule{"pidfd_open"},
    CallRule{"pidfd_getfd"},
    CallRule{"pidfd_send_signal"},
    CallRule{"ptrace"},
    CallRule{"process_vm_readv"},
    CallRule{"process_vm_writev"},
    CallRule{"process_madvise"},
    CallRule{"kcmp"},
    CallRule{"kill"},
    CallRule{"tkill"},
    CallRule{"rt_sigqueueinfo"},
    CallRule{"rt_tgsigqueueinfo"},
    CallRule{"perf_event_open"},
    CallRule{"seccomp"},
    If("tgkill", IsNot(2, SIGABRT)),
    // Code.
    Refused("mmap", EACCES, HasAllOf(2, PROT_EXEC)),
    Refused("mprotect", EACCES, HasAllOf(2, PROT_EXEC)),
    CallRule{"pkey_mprotect"},
    CallRule{"remap_file_pages"},
    CallRule{"shmat"},
    CallRule{"personality"},
    CallRule{"userfaultfd"},
    CallRule{"memfd_secret"},
    CallRule{"bpf"},
    // Calls that no filter sees.
    CallRule{"io_uring_setup"},
    CallRule{"io_uring_enter"},
    CallRule{"io_uring_register"},
    // The file system's shape, and files without a path.
    CallRule{"mount"},
    CallRule{"umount2"},
    CallRule{"move_mount"},
    CallRule{"open_tree"},
    CallRule{"mount_setattr"},
    CallRule{"fsopen"},
    CallRule{"fsconfig"},
    CallRule{"fsmount"},
    CallRule{"fspick"},
    CallRule{"pivot_root"},
    CallRule{"chroot"},
    CallRule{"mknodat"},
    CallRule{"name_to_handle_at"},
    CallRule{"open_by_handle_at"},
    CallRule{"swapon"},
    CallRule{"swapoff"},
    CallRule{"quotactl"},
    CallRule{"quotactl_fd"},
    CallRule{"acct"},
    CallRule{"fanotify_init"},
    X86("mknod"),
    // The kernel and the machine.
    CallRule{"init_module"},
    CallRule{"finit_module"},
    CallRule{"delete_module"},
    CallRule{"kexec_load"},
    CallRule{"kexec_file_load"},
    CallRule{"reboot"},
    CallRule{"syslog"},
    CallRule{"sethostname"},
    CallRule{"setdomainname"},
    CallRule{"settimeofday"},
    CallRule{"clock_settime"},
    CallRule{"adjtimex"},
    CallRule{"clock_adjtime"},
    CallRule{"vhangup"},
    CallRule{"lookup_dcookie"},
    CallRule{"add_key"},
    CallRule{"request_key"},
    CallRule{"keyctl"},
    X86("iopl"),
    X86("ioperm"),
    X86("modify_ldt"),
    X86("uselib"),
    // Rights.
    CallRule{"setuid"},
    CallRule{"setgid"},
    CallRule{"setreuid"},
    CallRule{"setregid"},
    CallRule{"setresuid"},
    CallRule{"setresgid"},
    CallRule{"setfsuid"},
    CallRule{"setfsgid"},
    CallRule{"setgroups"},
    CallRule{"capset"},
};

}  // namespace

CallList VerifydChildCalls() {
  return {Otherwise::kKills, kVerifydChild};
}

CallList VerifydParentCalls() {
  return {Otherwise::kKills, kVerifydParent};
}

CallList FetchdCalls() {
  return {Otherwise::kKills, kFetchd};
}

CallList SigwarddCalls() {
  return {Otherwise::kAllows, kSigwardd};
}

}  // namespace sigward::worker
