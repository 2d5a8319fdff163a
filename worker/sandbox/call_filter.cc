#include "worker/sandbox/call_filter.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <memory>
#include <string>
#include <type_traits>

#include "base/unique_fd.h"
#include "worker/sandbox/sandbox.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;

struct ReleaseContext {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, ReleaseContext>;

base::Error Failed(const char* step, int error) {
  return Fail(Reason::kInternal, std::string(step) + " failed, errno " + std::to_string(error));
}

bool Has(std::uint32_t architecture, const CallRule& rule) {
  return rule.known_on == KnownOn::kEverywhere || architecture == SCMP_ARCH_X86_64;
}

base::Status AddRule(scmp_filter_ctx context, const CallList& list, const CallRule& rule,
                     std::uint32_t architecture) {
  const int call = seccomp_syscall_resolve_name_arch(architecture, rule.name);
  if (call < 0) {
    return Fail(Reason::kInternal, std::string("no system call ") + rule.name);
  }
  const std::uint32_t listed =
      list.otherwise == Otherwise::kKills ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS;
  const auto error = static_cast<std::uint32_t>(rule.error);
  std::array<scmp_arg_cmp, std::tuple_size_v<decltype(rule.arguments)>> conditions{};
  unsigned int count = 0;
  for (const ArgumentRule& argument : rule.arguments) {
    if (argument.mask != 0) {
      conditions.at(count++) =
          argument.differs
              ? scmp_arg_cmp{argument.index, SCMP_CMP_NE, argument.value, 0}
              : scmp_arg_cmp{argument.index, SCMP_CMP_MASKED_EQ, argument.mask, argument.value};
    }
  }
  const int added = seccomp_rule_add_array(
      context, rule.error == 0 ? listed : SCMP_ACT_ERRNO(error), call, count, conditions.data());
  return added == 0 ? base::Ok() : base::Status(Failed(rule.name, -added));
}

/// What seccomp_export_bpf writes: libseccomp 2.5 has no call that gives the bytes.
base::Result<std::vector<sock_filter>> Exported(scmp_filter_ctx context) {
  const base::UniqueFd memory(memfd_create("filter", MFD_CLOEXEC));
  struct stat status {};
  if (!memory.valid() || seccomp_export_bpf(context, memory.get()) != 0 ||
      fstat(memory.get(), &status) != 0) {
    return Failed("exporting a filter", errno);
  }
  const auto bytes = static_cast<std::size_t>(status.st_size);
  std::vector<sock_filter> program(bytes / sizeof(sock_filter));
  if (program.empty() || program.size() > USHRT_MAX || bytes % sizeof(sock_filter) != 0 ||
      pread(memory.get(), program.data(), bytes, 0) != status.st_size) {
    return Failed("reading an exported filter", errno);
  }
  return program;
}

}  // namespace

base::Result<CallFilter> CallFilter::Make(const CallList& list) {
  return Make(list, seccomp_arch_native());
}

base::Result<CallFilter> CallFilter::Make(const CallList& list, std::uint32_t architecture) {
  const Context context(
      seccomp_init(list.otherwise == Otherwise::kKills ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ALLOW));
  if (context == nullptr ||
      seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0) {
    return Failed("beginning a filter", ENOMEM);
  }
  if (architecture != seccomp_arch_native() &&
      (seccomp_arch_add(context.get(), architecture) != 0 ||
       seccomp_arch_remove(context.get(), seccomp_arch_native()) != 0)) {
    return Failed("choosing an architecture", EINVAL);
  }
  for (const CallRule& rule : list.rules) {
    if (Has(architecture, rule)) {
      SIGWARD_RETURN_IF_ERROR(AddRule(context.get(), list, rule, architecture));
    }
  }
  SIGWARD_ASSIGN_OR_RETURN(std::vector<sock_filter> program, Exported(context.get()));
  return CallFilter(std::move(program));
}

base::Status CallFilter::Enter() const {
  if (!kSealed) {
    return base::Ok();
  }
  const sock_fprog program{.len = static_cast<unsigned short>(program_.size()),
                           .filter = const_cast<sock_filter*>(program_.data())};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0
             ? base::Ok()
             : base::Status(Failed("taking on a filter", errno));
}

}  // namespace sigward::worker
