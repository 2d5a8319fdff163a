#include "cli/setup/plan.h"

#include <algorithm>
#include <utility>

#include "cli/setup/unit_path.h"

namespace sigward::cli {
namespace {

using base::Fail;
using base::Reason;

constexpr const char* kLinkName = "/sigward";

base::Error Edited(const std::string& path, FileKind kind, const std::string& written,
                   const std::string& now) {
  return Fail(Reason::kConfigInvalid,
              path + " was changed since sigward setup wrote it; mend or remove it by hand\n" +
                  DiffText({kind, path, written, now}));
}

const Written* Find(const std::vector<Written>& written, const std::string& path) {
  const auto found = std::find_if(written.begin(), written.end(),
                                  [&](const Written& one) { return one.path == path; });
  return found == written.end() ? nullptr : &*found;
}

/// Notes what is written at a path, in place of what was noted before.
void Note(std::vector<Written>& written, Written one) {
  std::erase_if(written, [&](const Written& old) { return old.path == one.path; });
  written.push_back(std::move(one));
}

base::Status PlanDropIn(const UnitPath& unit, const SetupInputs& inputs, const LookAtFile& look,
                        Plan& plan) {
  const std::string path = "/etc/systemd/system/" + unit.unit + ".d/zz-sigward.conf";
  SIGWARD_ASSIGN_OR_RETURN(std::string text, PathDropIn(unit.path, inputs.runtime_folder));
  SIGWARD_ASSIGN_OR_RETURN(const FileState now, look(path));
  if (now.exists && now.text != text) {
    const Written* before = Find(inputs.written, path);
    if (before == nullptr || before->text != now.text) {
      return Edited(path, FileKind::kText, before == nullptr ? text : before->text, now.text);
    }
  }
  if (!now.exists || now.text != text) {
    plan.changes.push_back(
        {FileKind::kText, path, now.exists ? std::optional(now.text) : std::nullopt, text});
    plan.notes.push_back("restart " + unit.unit + " afterwards; running containers go on");
  }
  Note(plan.written, {WrittenKind::kFile, path, std::move(text)});
  return base::Ok();
}

base::Status PlanLink(const std::string& folder, const SetupInputs& inputs, const LookAtFile& look,
                      Plan& plan) {
  const std::string path = folder + kLinkName;
  SIGWARD_ASSIGN_OR_RETURN(const FileState now, look(path));
  if (now.exists && now.link != inputs.verifier_program) {
    return Fail(Reason::kConfigInvalid,
                path +
                    " is something else already; containerd runs every program in its bin_dir, "
                    "so link " +
                    inputs.verifier_program + " under another name by hand");
  }
  if (!now.exists) {
    plan.changes.push_back({FileKind::kLink, path, std::nullopt, inputs.verifier_program});
  }
  Note(plan.written, {WrittenKind::kLink, path, inputs.verifier_program});
  return base::Ok();
}

base::Status PlanContainerd(const SetupInputs& inputs, const LookAtFile& look, Plan& plan) {
  SIGWARD_ASSIGN_OR_RETURN(const VerifierEdit edit, PlanVerifier(inputs.verifier));
  if (!edit.note.empty()) {
    plan.notes.push_back(edit.note);
  }
  if (edit.link_into.has_value()) {
    return PlanLink(*edit.link_into, inputs, look, plan);
  }
  if (edit.appended.has_value()) {
    const auto& before = inputs.verifier.text;
    plan.changes.push_back(
        {FileKind::kText, inputs.containerd_config, before, before.value_or("") + *edit.appended});
    Note(plan.written, {before.has_value() ? WrittenKind::kBlock : WrittenKind::kFile,
                        inputs.containerd_config, *edit.appended});
  }
  return base::Ok();
}

/// The text between and including the markers, or all of it where they are not.
std::string MarkedPart(const std::string& text) {
  const std::size_t begin = text.find(kBlockBegin);
  const std::size_t end = text.find(kBlockEnd, begin == std::string::npos ? 0 : begin);
  if (begin == std::string::npos || end == std::string::npos) {
    return {};
  }
  const std::size_t line_end = text.find('\n', end);
  return text.substr(begin, line_end == std::string::npos ? line_end : line_end + 1 - begin);
}

base::Status UndoBlock(const Written& written, const std::string& now, Plan& plan) {
  // The block may have been moved, but not changed. What was put in front of it goes with it.
  const std::string marked = MarkedPart(written.text);
  const std::size_t at = now.find(written.text);
  const std::size_t moved = now.find(marked);
  if (at == std::string::npos && (marked.empty() || moved == std::string::npos)) {
    const std::string present = MarkedPart(now);
    if (present.empty()) {
      plan.notes.push_back(written.path + ": what setup added is gone already");
      return base::Ok();
    }
    return Edited(written.path, FileKind::kText, marked, present);
  }
  std::string after = now;
  after.erase(at == std::string::npos ? moved : at,
              at == std::string::npos ? marked.size() : written.text.size());
  plan.changes.push_back({FileKind::kText, written.path, now, std::move(after)});
  return base::Ok();
}

base::Status UndoOne(const Written& written, const LookAtFile& look, Plan& plan) {
  SIGWARD_ASSIGN_OR_RETURN(const FileState now, look(written.path));
  if (!now.exists) {
    plan.notes.push_back(written.path + " is gone already");
    return base::Ok();
  }
  if (written.kind == WrittenKind::kLink) {
    if (now.link != written.text) {
      return Edited(written.path, FileKind::kLink, written.text, now.link.value_or("a file"));
    }
    plan.changes.push_back({FileKind::kLink, written.path, now.link, std::nullopt});
    return base::Ok();
  }
  if (written.kind == WrittenKind::kBlock) {
    return UndoBlock(written, now.text, plan);
  }
  if (now.text != written.text) {
    return Edited(written.path, FileKind::kText, written.text, now.text);
  }
  plan.changes.push_back({FileKind::kText, written.path, now.text, std::nullopt});
  return base::Ok();
}

}  // namespace

base::Result<Plan> PlanSetup(const SetupInputs& inputs, const LookAtFile& look) {
  Plan plan;
  plan.written = inputs.written;
  for (const UnitPath& unit : inputs.units) {
    SIGWARD_RETURN_IF_ERROR(PlanDropIn(unit, inputs, look, plan));
  }
  SIGWARD_RETURN_IF_ERROR(PlanContainerd(inputs, look, plan));
  return plan;
}

base::Result<Plan> PlanUndo(const std::vector<Written>& written, const LookAtFile& look) {
  Plan plan;
  for (const Written& one : written) {
    SIGWARD_RETURN_IF_ERROR(UndoOne(one, look, plan));
  }
  return plan;
}

}  // namespace sigward::cli
