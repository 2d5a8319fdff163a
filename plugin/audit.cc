#include "plugin/audit.h"

#include <charconv>
#include <exception>
#include <optional>
#include <utility>

#include "base/log.h"
#include "plugin/answer/gate_answer.h"

namespace sigward {
namespace {

using base::Fail;
using base::Reason;

constexpr std::chrono::milliseconds kApiPatience{5000};
constexpr std::chrono::milliseconds kPauseAfterFailure{2000};

/// Where a page begins; what is no number begins at the start.
std::size_t PageStart(const std::string& text) {
  std::size_t start = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), start);
  return error == std::errc() && end == text.data() + text.size() ? start : 0;
}

}  // namespace

Audit::~Audit() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Audit::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Audit::Request() {
  {
    const std::lock_guard lock(mutex_);
    requested_ = true;
  }
  changed_.notify_all();
}

void Audit::Run() {
  std::unique_lock lock(mutex_);
  bool failed = false;
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || requested_; });
    if (stopping_) {
      return;
    }
    requested_ = false;
    lock.unlock();
    const base::Status done = PassInTheBackground();
    lock.lock();
    if (!done.ok() && !failed) {
      base::Log(base::Severity::kWarning, "audit-incomplete",
                {{"reason", base::ReasonWord(done.error().reason)},
                 {"detail", done.error().detail},
                 {"effect", "tried again until it succeeds"}});
    }
    failed = !done.ok();
    if (failed) {
      // containerd may not be there yet.
      changed_.wait_for(lock, kPauseAfterFailure, [this] { return stopping_; });
      requested_ = true;
    }
  }
}

base::Status Audit::PassInTheBackground() {
  try {
    auto done = Pass();
    return done.ok() ? base::Ok() : base::Status(std::move(done).error());
  } catch (const std::exception& failure) {
    return Fail(Reason::kInternal, failure.what());
  }
}

CreateVerdict Audit::Judge(const std::string& ns, const std::string& id,
                           journal::Question& question) {
  try {
    return door_.Running({.ns = ns, .id = id, .has_record = true}, question,
                         base::Deadline::After(kAuditDeadline));
  } catch (const std::exception& failure) {
    base::Error error = Fail(Reason::kInternal, failure.what());
    std::string line = LineOf(error);
    return {Refusal(std::move(error)), std::move(line)};
  }
}

base::Result<std::vector<std::string>> Audit::Pass() {
  std::vector<std::string> records;
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<std::string> namespaces,
                           containerd_.Namespaces(base::Deadline::After(kApiPatience)));
  std::optional<base::Error> unread;
  for (const std::string& ns : namespaces) {
    const auto tasks = containerd_.Tasks(ns, base::Deadline::After(kApiPatience));
    if (!tasks.ok()) {
      // The other namespaces are judged all the same.
      unread = base::Within("namespace " + ns, tasks.error());
      continue;
    }
    for (const containerd::Task& task : *tasks) {
      if (records.size() >= kMaxAudited) {
        return Fail(Reason::kTooLarge,
                    "more than " + std::to_string(kMaxAudited) + " containers run");
      }
      const auto started = std::chrono::steady_clock::now();
      journal::Question question{policy::Origin::kRunning, "", ""};
      question.container = journal::ContainerName{ns, task.container_id, "", "", ""};
      CreateVerdict verdict = Judge(ns, task.container_id, question);
      const auto policy = policy_.Current();
      const bool stop = policy != nullptr && policy->node().stop_running &&
                        verdict.decision.verdict == policy::Verdict::kDeny;
      if (stop) {
        const base::Status killed =
            containerd_.Kill(ns, task.container_id, base::Deadline::After(kApiPatience));
        question.notes.push_back(killed.ok() ? "stopped: the policy's stopRunning says so"
                                             : "could not be stopped: " + killed.error().detail);
      }
      const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now() - started);
      records.push_back(
          journal_.Record(question, verdict.decision, std::move(verdict.line), elapsed).record);
    }
  }
  if (unread.has_value()) {
    return *std::move(unread);
  }
  return records;
}

rpc::GateAnswer Audit::Answer(const rpc::GateQuestion& question) {
  const std::size_t start = PageStart(question.reference);
  std::vector<std::string> records;
  if (start == 0) {
    auto pass = Pass();
    if (!pass.ok()) {
      return AnswerOf(Refusal(pass.error()), {LineOf(pass.error()), "{}"});
    }
    const std::lock_guard lock(mutex_);
    records_ = *std::move(pass);
    records = records_;
  } else {
    const std::lock_guard lock(mutex_);
    records = records_;
  }
  std::string page;
  std::size_t next = start;
  while (next < records.size() && page.size() + records[next].size() < kMaxPageBytes) {
    page += (page.empty() ? "" : ",") + records[next];
    ++next;
  }
  rpc::GateAnswer answer;
  answer.line = std::to_string(records.size()) + " containers run";
  answer.record = R"({"containers":[)" + page + "]" +
                  (next < records.size() ? R"(,"next":)" + std::to_string(next) : "") + "}";
  return answer;
}

}  // namespace sigward
