#include "cli/node/canary.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/files.h"
#include "base/reason.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "policy/canary.h"
#include "verifier/digest.h"

namespace sigward::cli {
namespace {

namespace fs = std::filesystem;
using base::Fail;
using base::Json;
using base::Reason;

constexpr const char* kTasks = "/io.containerd.runtime.v2.task";
constexpr std::size_t kMaxOutput = 64U << 10;
constexpr std::size_t kMaxLine = 600;
constexpr std::chrono::seconds kDeletePatience{10};
constexpr mode_t kRootOnly = 0700;

std::string FirstLine(std::string_view text) {
  return base::OneLine(text.substr(0, text.find('\n')), kMaxLine);
}

CanaryAnswer Ask(const Command& command, std::chrono::milliseconds patience) {
  const auto done = RunCommand(command, kMaxOutput, base::Deadline::After(patience));
  if (!done.ok()) {
    return {.exit_code = -1, .line = done.error().detail};
  }
  return {.exit_code = done->exit_code, .line = FirstLine(done->out)};
}

bool IsRootsFolder(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == 0 &&
         (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// config.json of the container that must be refused: it would run a program that is no file, in
/// namespaces of its own.
std::string ConfigThatIsRefused() {
  Json namespaces = Json::array();
  for (const char* type : {"pid", "mount", "ipc", "uts", "network"}) {
    namespaces.push_back({{"type", type}});
  }
  return Json{{"ociVersion", "1.0.2"},
              {"root", {{"path", "rootfs"}, {"readonly", true}}},
              {"process",
               {{"cwd", "/"},
                {"user", {{"uid", 0}, {"gid", 0}}},
                {"args", Json::array({"/sigward-canary"})},
                {"noNewPrivileges", true}}},
              {"linux", {{"namespaces", std::move(namespaces)}}}}
      .dump();
}

/// Keeps what a person or a time-out sends from ending this process while a bundle lies where
/// containerd has its own.
class EndingSignalsHeld {
 public:
  EndingSignalsHeld() {
    sigset_t ending;
    sigemptyset(&ending);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
      sigaddset(&ending, signal);
    }
    pthread_sigmask(SIG_BLOCK, &ending, &before_);
  }
  EndingSignalsHeld(const EndingSignalsHeld&) = delete;
  EndingSignalsHeld& operator=(const EndingSignalsHeld&) = delete;
  ~EndingSignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

/// A bundle below containerd's state and a scratch folder, both removed with this.
class CanaryFolders {
 public:
  CanaryFolders() = default;
  CanaryFolders(const CanaryFolders&) = delete;
  CanaryFolders& operator=(const CanaryFolders&) = delete;
  ~CanaryFolders() {
    std::error_code ignored;
    if (!bundle_.empty()) {
      fs::remove_all(bundle_, ignored);
    }
    if (!namespace_.empty()) {
      (void)rmdir(namespace_.c_str());  // stays while another doctor's bundle is in it
    }
    if (!scratch_.empty()) {
      fs::remove_all(scratch_, ignored);
    }
  }

  /// The bundle's config.json is CONFIG.
  base::Status Make(const std::string& state, std::string_view config) {
    std::error_code error;
    const fs::path tasks = fs::canonical(state + kTasks, error);
    if (error || !IsRootsFolder(tasks)) {
      return Fail(Reason::kIoFailed, state + kTasks + " is no folder of root's alone");
    }
    std::string scratch = "/tmp/sigward-doctor-XXXXXX";
    if (mkdtemp(scratch.data()) == nullptr) {
      return Failed("cannot make a folder in /tmp");
    }
    scratch_ = scratch;
    id_ = fs::path(scratch_).filename();
    const std::string in_tasks = tasks / policy::kCanaryNamespace;
    if (mkdir(in_tasks.c_str(), kRootOnly) != 0 && errno != EEXIST) {
      return Failed("cannot make " + in_tasks);
    }
    namespace_ = in_tasks;
    const std::string bundle = namespace_ + "/" + id_;
    if (!IsRootsFolder(namespace_) || mkdir(bundle.c_str(), kRootOnly) != 0) {
      return Failed("cannot make " + bundle);
    }
    bundle_ = bundle;
    if (mkdir((bundle_ + "/rootfs").c_str(), kRootOnly) != 0) {
      return Failed("cannot make a root filesystem in " + bundle_);
    }
    return base::WriteNewFile(bundle_ + "/config.json", config);
  }

  const std::string& bundle() const { return bundle_; }
  const std::string& scratch() const { return scratch_; }
  const std::string& id() const { return id_; }

 private:
  static base::Error Failed(const std::string& what) {
    return Fail(Reason::kIoFailed, what + ": " + std::strerror(errno));
  }

  std::string namespace_;
  std::string bundle_;
  std::string scratch_;
  std::string id_;
};

std::string RuntimeRoot(const std::string& scratch) {
  return scratch + "/" + std::string(policy::kCanaryNamespace);
}

std::string LogFile(const std::string& scratch) {
  return scratch + "/log.json";
}

/// Takes the last message of a runtime's log, which is what a shim shows. crun since 1.28 spreads
/// one over several lines.
void TakeMessage(const std::string& path, CanaryAnswer& answer) {
  const auto text = base::ReadFile(path, kMaxOutput);
  if (!text.ok()) {
    answer.line = "it wrote no log";
    return;
  }
  std::string_view rest = *text;
  while (rest.ends_with('\n')) {
    rest.remove_suffix(1);
  }
  if (const std::size_t last = rest.rfind("\n{"); last != std::string_view::npos) {
    rest.remove_prefix(last + 1);
  }
  const auto entry = base::ParseStrictJson(rest, kMaxOutput);
  if (!entry.ok() || !entry->is_object() || !entry->contains("msg") ||
      !(*entry)["msg"].is_string()) {
    answer.line = "its log has no message: " + base::OneLine(rest, kMaxLine);
    return;
  }
  answer.line = base::OneLine((*entry)["msg"].get<std::string>(), kMaxLine);
  answer.is_logged = true;
}

bool StartsWithReason(std::string_view line, Reason reason) {
  return line.starts_with(std::string(base::ReasonWord(reason)) + ": ");
}

/// Asks PROGRAM to create a container from a bundle with this CONFIG, and deletes what comes of it.
/// Fails when there can be no bundle.
base::Result<CanaryAnswer> AskToCreate(const std::string& program, const std::string& state,
                                       std::string_view config,
                                       const std::vector<std::string>& environment,
                                       std::chrono::milliseconds patience) {
  CanaryFolders folders;
  SIGWARD_RETURN_IF_ERROR(folders.Make(state, config));
  CanaryAnswer answer =
      Ask(CreateCommand(program, folders.scratch(), folders.bundle(), folders.id(), environment),
          patience);
  if (answer.exit_code > 0) {
    TakeMessage(LogFile(folders.scratch()), answer);
  }
  if (answer.exit_code <= 0 || !IsGateLine(answer.line)) {
    (void)Ask({.argv = {program, "--root", RuntimeRoot(folders.scratch()), "delete", "--force",
                        folders.id()},
               .environment = environment,
               .keep_output = false},
              kDeletePatience);
  }
  return answer;
}

}  // namespace

bool IsRootsAlone(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == 0 &&
         (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

Command PullCommand(const std::string& program, std::string_view text,
                    std::vector<std::string> environment) {
  const std::string digest = verifier::Digest::Of(base::AsBytes(text)).text();
  const Json descriptor = {{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                           {"digest", digest},
                           {"size", text.size()}};
  return {.argv = {program, "-name", std::string(policy::kCanaryName) + "@" + digest, "-digest",
                   digest, "-stdin-media-type", "application/vnd.oci.descriptor.v1+json"},
          .input = descriptor.dump(),
          .environment = std::move(environment)};
}

PullCanary TryPullDoor(const std::string& program, const std::vector<std::string>& environment,
                       std::chrono::milliseconds patience) {
  PullCanary canary{.program = program};
  if (!IsRootsAlone(program)) {
    canary.not_tried = program + " is no file of root's alone";
    return canary;
  }
  canary.must_be_refused =
      Ask(PullCommand(program, policy::kCanaryThatIsRefused, environment), patience);
  if (RefusesPullCanary(canary.must_be_refused)) {
    canary.must_pass = Ask(PullCommand(program, policy::kCanaryThatPasses, environment), patience);
  }
  return canary;
}

Command CreateCommand(const std::string& program, const std::string& scratch,
                      const std::string& bundle, const std::string& id,
                      std::vector<std::string> environment) {
  return {
      .argv = {program, "--root", RuntimeRoot(scratch), "--log", LogFile(scratch), "--log-format",
               "json", "create", "--bundle", bundle, "--pid-file", scratch + "/pid", id},
      .environment = std::move(environment),
      .keep_output = false};
}

CreateCanary TryCreateDoor(const std::string& program, const std::string& state,
                           const std::vector<std::string>& environment,
                           std::chrono::milliseconds patience) {
  CreateCanary canary{.program = program};
  if (!IsRootsAlone(program)) {
    canary.not_tried = program + " is no file of root's alone";
    return canary;
  }
  const EndingSignalsHeld held;
  const auto ask = [&](std::string_view config) {
    return AskToCreate(program, state, config, environment, patience);
  };
  auto refused = ask(ConfigThatIsRefused());
  if (!refused.ok()) {
    canary.not_tried = refused.error().detail;
    return canary;
  }
  canary.must_be_refused = *std::move(refused);
  if (RefusesCreateCanary(canary.must_be_refused)) {
    auto passed = ask(policy::kCanaryConfigThatPasses);
    canary.must_pass = passed.ok() ? *std::move(passed)
                                   : CanaryAnswer{.exit_code = -1, .line = passed.error().detail};
  }
  canary.version = Ask({.argv = {program, "--version"}, .environment = environment}, patience);
  return canary;
}

bool IsGateLine(std::string_view line) {
  const std::size_t colon = line.find(": ");
  return colon != std::string_view::npos && base::ReasonFromWord(line.substr(0, colon)).has_value();
}

bool RefusesPullCanary(const CanaryAnswer& answer) {
  return answer.exit_code > 0 && StartsWithReason(answer.line, Reason::kDenied);
}

bool RefusesCreateCanary(const CanaryAnswer& answer) {
  return answer.exit_code > 0 && StartsWithReason(answer.line, Reason::kImageUnknown);
}

bool PassesCreateCanary(const CanaryAnswer& answer) {
  // The specification lets a runtime create it, though none is known that does.
  return answer.exit_code == 0 ||
         (answer.exit_code > 0 && answer.is_logged && !IsGateLine(answer.line));
}

}  // namespace sigward::cli
