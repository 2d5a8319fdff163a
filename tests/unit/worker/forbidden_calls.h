#pragma once

#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace sigward::testing {

/// What a process in foreign hands would like to do. Each goes straight to the kernel.
struct ForbiddenCall {
  const char* name;
  long (*call)();
};

inline long Mapped(int protection) {
  return syscall(SYS_mmap, nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

inline constexpr long kUnknownCall = 1023;

inline constexpr std::array kForbiddenCalls = {
    ForbiddenCall{"socket", [] { return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }},
    ForbiddenCall{"socket_packet", [] { return syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0); }},
    ForbiddenCall{"open_to_write",
                  [] { return syscall(SYS_openat, AT_FDCWD, "/tmp", O_TMPFILE | O_WRONLY, 0600); }},
    ForbiddenCall{"open", [] { return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY); }},
    ForbiddenCall{"execve",
                  [] {
                    const std::array<const char*, 2> argv{"/bin/true", nullptr};
                    return syscall(SYS_execve, argv[0], argv.data(), nullptr);
                  }},
    ForbiddenCall{"fork", [] { return syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0); }},
    ForbiddenCall{"kill", [] { return syscall(SYS_kill, getppid(), SIGKILL); }},
    ForbiddenCall{"tgkill", [] { return syscall(SYS_tgkill, getppid(), getppid(), SIGKILL); }},
    ForbiddenCall{"ptrace", [] { return syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0); }},
    ForbiddenCall{
        "read_of_others",
        [] { return syscall(SYS_process_vm_readv, getppid(), nullptr, 0, nullptr, 0, 0); }},
    ForbiddenCall{"code", [] { return Mapped(PROT_READ | PROT_EXEC); }},
    ForbiddenCall{"io_uring", [] { return syscall(SYS_io_uring_setup, 1, nullptr); }},
    ForbiddenCall{"bpf", [] { return syscall(SYS_bpf, BPF_PROG_LOAD, nullptr, 0); }},
    ForbiddenCall{"userfaultfd", [] { return syscall(SYS_userfaultfd, 0); }},
    ForbiddenCall{"keyctl", [] { return syscall(SYS_keyctl, 0, 0, 0, 0, 0); }},
    ForbiddenCall{"mount", [] { return syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, nullptr); }},
    ForbiddenCall{"namespace", [] { return syscall(SYS_unshare, 0x10000000); }},
    ForbiddenCall{"user", [] { return syscall(SYS_setresuid, 0, 0, 0); }},
    ForbiddenCall{"unknown_number", [] { return syscall(kUnknownCall); }},
#if defined(__x86_64__)
    ForbiddenCall{"x32", [] { return syscall(0x40000000 + SYS_getpid); }},
    ForbiddenCall{"i386",
                  [] {
                    long result = 20;  // getpid in that table
                    __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
                    return result;
                  }},
#endif
};

inline const ForbiddenCall* FindForbidden(std::string_view name) {
  for (const ForbiddenCall& call : kForbiddenCalls) {
    if (call.name == name) {
      return &call;
    }
  }
  return nullptr;
}

}  // namespace sigward::testing
