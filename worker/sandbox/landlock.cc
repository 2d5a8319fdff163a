#include "worker/sandbox/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "worker/sandbox/sandbox.h"

namespace sigward::worker {
namespace {

// The kernel's names for these are newer than Debian 12's headers.
constexpr std::uint64_t kTruncate = 1ULL << 14;
constexpr std::uint64_t kIoctlOfDevice = 1ULL << 15;
constexpr std::uint64_t kBindTcp = 1ULL << 0;
constexpr std::uint64_t kConnectTcp = 1ULL << 1;
constexpr std::uint64_t kScopeAbstractSockets = 1ULL << 0;
constexpr std::uint64_t kScopeSignals = 1ULL << 1;

/// struct landlock_ruleset_attr as of version 6. An older kernel takes it while what it does not
/// know is 0.
struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t ports = 0;
  std::uint64_t scopes = 0;
};

base::Error Failed(const std::string& step) {
  return base::Fail(base::Reason::kInternal,
                    "Landlock: " + step + " failed, errno " + std::to_string(errno));
}

Ruleset Everything(int version) {
  Ruleset all;
  // Version 1 ends with making symbolic links; REFER is refused without being named.
  all.files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (version >= 2) {
    all.files |= LANDLOCK_ACCESS_FS_REFER;
  }
  if (version >= 3) {
    all.files |= kTruncate;
  }
  if (version >= 4) {
    all.ports = kBindTcp | kConnectTcp;
  }
  if (version >= 5) {
    all.files |= kIoctlOfDevice;
  }
  if (version >= 6) {
    all.scopes = kScopeAbstractSockets | kScopeSignals;
  }
  return all;
}

base::Status AllowReading(int rules, const std::string& path) {
  const base::UniqueFd place(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place.valid()) {
    return base::Ok();
  }
  struct stat status {};
  if (fstat(place.get(), &status) != 0) {
    return Failed("fstat of " + path);
  }
  landlock_path_beneath_attr rule{};
  rule.parent_fd = place.get();
  rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
  if (S_ISDIR(status.st_mode)) {
    rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
  }
  return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0
             ? base::Ok()
             : base::Status(Failed("allowing " + path));
}

}  // namespace

int LandlockVersion() {
  const auto version = static_cast<int>(
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  return version < 0 ? 0 : version;
}

base::Result<Reach> Reach::Make(std::span<const std::string> readable, Tcp tcp) {
  const int version = LandlockVersion();
  if (version == 0) {
    return Reach(base::UniqueFd());
  }
  Ruleset handled = Everything(version);
  if (tcp == Tcp::kConnects) {
    handled.ports &= ~kConnectTcp;
  }
  base::UniqueFd rules(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0)));
  if (!rules.valid()) {
    return Failed("making rules");
  }
  for (const std::string& path : readable) {
    SIGWARD_RETURN_IF_ERROR(AllowReading(rules.get(), path));
  }
  return Reach(std::move(rules));
}

base::Status Reach::Enter() const {
  if (!kSealed || !rules_.valid()) {
    return base::Ok();
  }
  return syscall(SYS_landlock_restrict_self, rules_.get(), 0) == 0
             ? base::Ok()
             : base::Status(Failed("taking on rules"));
}

}  // namespace sigward::worker
