#include "plugin/sync/active_policy.h"

#include <unistd.h>

#include <utility>

#include "base/files.h"
#include "base/json_fields.h"
#include "base/root_only.h"
#include "base/strict_json.h"

namespace sigward::sync {
namespace {

using base::Fail;
using base::Reason;

/// JSON escapes can double a text, and the generation comes on top.
constexpr std::size_t kMaxStateBytes = 2 * policy::kMaxCompiledBytes + 4096;

struct LastGood {
  std::uint64_t generation = 0;
  std::string content;
};

base::Result<LastGood> ParseState(const std::string& text) {
  SIGWARD_ASSIGN_OR_RETURN(const base::Json state, base::ParseStrictJson(text, kMaxStateBytes));
  SIGWARD_ASSIGN_OR_RETURN(auto fields, base::JsonFields::Of(state, "state"));
  SIGWARD_ASSIGN_OR_RETURN(const std::int64_t generation, fields.Integer("generation"));
  SIGWARD_ASSIGN_OR_RETURN(std::string content, fields.String("policy"));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  if (generation < 1) {
    return Fail(Reason::kMalformed, "the generation is not positive");
  }
  return LastGood{static_cast<std::uint64_t>(generation), std::move(content)};
}

}  // namespace

base::Status ActivePolicy::Start() {
  const std::lock_guard changing(change_);
  const base::Status restored = RestoreLastGood();
  base::Status taken = Take();
  const std::lock_guard lock(mutex_);
  if (!restored.ok() && !taken.ok()) {
    last_error_ = base::Within(restored.error().detail, taken.error());
  }
  return taken;
}

base::Status ActivePolicy::Reload() {
  const std::lock_guard changing(change_);
  return Take();
}

base::Status ActivePolicy::RestoreLastGood() {
  if (access(state_file_.c_str(), F_OK) != 0) {
    return base::Ok();
  }
  // The state is trusted like the source, so it must be root's alone like the source.
  SIGWARD_ASSIGN_OR_RETURN(const std::string text,
                           base::ReadRootOnlyFile(state_file_, kMaxStateBytes));
  SIGWARD_ASSIGN_OR_RETURN(LastGood last, ParseState(text));
  SIGWARD_ASSIGN_OR_RETURN(auto snapshot,
                           policy::PolicySnapshot::Parse(last.content, last.generation));
  Swap(std::move(snapshot), std::move(last.content));
  is_durable_ = true;
  return base::Ok();
}

base::Status ActivePolicy::Take() {
  auto take = [this]() -> base::Status {
    SIGWARD_ASSIGN_OR_RETURN(std::string content,
                             base::ReadRootOnlyFile(source_, policy::kMaxCompiledBytes));
    const auto current = Current();
    if (current == nullptr || content != content_) {
      const std::uint64_t next = (current == nullptr ? 0 : current->generation()) + 1;
      SIGWARD_ASSIGN_OR_RETURN(auto snapshot, policy::PolicySnapshot::Parse(content, next));
      Swap(std::move(snapshot), std::move(content));
      is_durable_ = false;
    }
    return MakeDurable();
  };
  base::Status taken = take();
  const std::lock_guard lock(mutex_);
  last_error_ = taken.ok() ? std::nullopt : std::optional(taken.error());
  return taken;
}

base::Status ActivePolicy::MakeDurable() {
  if (is_durable_) {
    return base::Ok();
  }
  const base::Json state = {{"generation", Current()->generation()}, {"policy", content_}};
  const base::Status written = base::ReplaceFile(state_file_, state.dump());
  if (!written.ok()) {
    return base::Within("the policy is active, but a restart may not know it", written.error());
  }
  is_durable_ = true;
  return base::Ok();
}

void ActivePolicy::Swap(std::shared_ptr<const policy::PolicySnapshot> snapshot,
                        std::string content) {
  content_ = std::move(content);
  const std::lock_guard lock(mutex_);
  current_ = std::move(snapshot);
}

std::shared_ptr<const policy::PolicySnapshot> ActivePolicy::Current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::optional<base::Error> ActivePolicy::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

}  // namespace sigward::sync
