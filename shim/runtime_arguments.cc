#include "shim/runtime_arguments.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace sigward::shim {
namespace {

using base::Fail;
using base::Reason;
using Arguments = std::span<const char* const>;

constexpr std::size_t kMaxShown = 64;

enum class OptionKind : std::uint8_t {
  kSwitch,
  kValue,
  /// `--help` and `--version`: a switch that no `=false` may turn off again, since it decides
  /// whether the subcommand runs.
  kShow,
};

/// Where an option may stand, as bits.
using Place = unsigned;
constexpr Place kGlobal = 1;
constexpr Place kCreate = 2;
constexpr Place kRun = 4;

struct OptionRule {
  std::string_view name;
  std::string_view alias;
  OptionKind kind;
  Place places;
};

/// Not here, so that they refuse: `--config` and `-f`, which name another file than the bundle's
/// config.json, the one that is judged.
constexpr std::array kOptions = {
    OptionRule{"cgroup-manager", "", OptionKind::kValue, kGlobal},
    OptionRule{"criu", "", OptionKind::kValue, kGlobal},
    OptionRule{"debug", "", OptionKind::kSwitch, kGlobal},
    OptionRule{"help", "h", OptionKind::kShow, kGlobal},
    OptionRule{"log", "", OptionKind::kValue, kGlobal},
    OptionRule{"log-format", "", OptionKind::kValue, kGlobal},
    OptionRule{"log-level", "", OptionKind::kValue, kGlobal},
    OptionRule{"root", "", OptionKind::kValue, kGlobal},
    OptionRule{"rootless", "", OptionKind::kValue, kGlobal},
    OptionRule{"systemd-cgroup", "", OptionKind::kSwitch, kGlobal},
    OptionRule{"version", "v", OptionKind::kShow, kGlobal},
    OptionRule{"bundle", "b", OptionKind::kValue, kCreate | kRun},
    OptionRule{"console-socket", "", OptionKind::kValue, kCreate | kRun},
    OptionRule{"detach", "d", OptionKind::kSwitch, kRun},
    OptionRule{"keep", "", OptionKind::kSwitch, kRun},
    OptionRule{"no-new-keyring", "", OptionKind::kSwitch, kCreate | kRun},
    OptionRule{"no-pivot", "", OptionKind::kSwitch, kCreate | kRun},
    OptionRule{"no-subreaper", "", OptionKind::kSwitch, kCreate | kRun},
    OptionRule{"pid-file", "", OptionKind::kValue, kCreate | kRun},
    OptionRule{"pidfd-socket", "", OptionKind::kValue, kCreate | kRun},
    OptionRule{"preserve-fds", "", OptionKind::kValue, kCreate | kRun},
};

constexpr std::array<std::string_view, 17> kStartNothing = {
    "checkpoint", "delete", "events", "exec",   "features", "h",     "help",  "kill",  "list",
    "mounts",     "pause",  "ps",     "resume", "spec",     "start", "state", "update"};
constexpr std::array<std::string_view, 3> kStart = {"create", "restore", "run"};

template <std::size_t N>
bool IsOneOf(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string Shown(std::string_view text) {
  return base::OneLine(text, kMaxShown);
}

const OptionRule* FindRule(std::string_view name, Place place) {
  const auto* const found =
      std::find_if(kOptions.begin(), kOptions.end(), [&](const OptionRule& rule) {
        return (rule.places & place) != 0 && !name.empty() &&
               (rule.name == name || rule.alias == name);
      });
  return found == kOptions.end() ? nullptr : found;
}

/// Go's strconv.ParseBool; empty when the text is none of its words.
std::string_view BooleanOf(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "FALSE", "false", "False"};
  return IsOneOf(kTrue, text) ? "true" : IsOneOf(kFalse, text) ? "false" : "";
}

/// Reads options up to the subcommand or the id, as Go's package flag does.
class OptionReader {
 public:
  OptionReader(Arguments arguments, Place place) : rest_(arguments), place_(place) {}

  void ReadAll() {
    while (!rest_.empty()) {
      std::string_view argument(rest_.front());
      if (argument.size() < 2 || argument.front() != '-') {
        return;
      }
      rest_ = rest_.subspan(1);
      if (argument == "--") {
        return;
      }
      argument.remove_prefix(argument[1] == '-' ? 2 : 1);
      ReadOne(argument);
    }
  }

  Arguments rest() const { return rest_; }
  std::vector<RuntimeOption> TakeOptions() { return std::move(options_); }
  /// What made an option unclear, of the first such; empty when all are clear.
  const std::string& problem() const { return problem_; }

 private:
  void ReadOne(std::string_view argument) {
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const bool has_value = equals != std::string_view::npos;
    const std::string_view value = has_value ? argument.substr(equals + 1) : "";
    const OptionRule* const rule = FindRule(name, place_);
    if (rule == nullptr) {
      Note("the option --" + Shown(name) + " is not known");
    } else if (rule->kind == OptionKind::kValue) {
      ReadValue(*rule, has_value, value);
    } else {
      const std::string_view on = has_value ? BooleanOf(value) : "true";
      if (on.empty() || (has_value && rule->kind == OptionKind::kShow)) {
        Note("--" + std::string(rule->name) + " takes no such value");
      }
      options_.push_back({rule->name, true, std::string(on)});
    }
  }

  void ReadValue(const OptionRule& rule, bool has_value, std::string_view value) {
    if (!has_value && rest_.empty()) {
      Note("--" + std::string(rule.name) + " has no value");
      return;
    }
    if (!has_value) {
      value = rest_.front();
      rest_ = rest_.subspan(1);
      // urfave/cli sorts a subcommand's arguments before it reads them and would give this option
      // another value.
      if (value.starts_with('-')) {
        Note("the value of --" + std::string(rule.name) + " begins with '-'");
      }
    }
    options_.push_back({rule.name, false, std::string(value)});
  }

  void Note(std::string problem) {
    if (problem_.empty()) {
      problem_ = std::move(problem);
    }
  }

  Arguments rest_;
  Place place_;
  std::vector<RuntimeOption> options_;
  std::string problem_;
};

/// What is wrong with options of which each could be read; empty when nothing is.
std::string FaultOf(const std::vector<RuntimeOption>& options) {
  for (auto option = options.begin(); option != options.end(); ++option) {
    const std::string name = "--" + std::string(option->name);
    if (std::any_of(options.begin(), option,
                    [&](const RuntimeOption& earlier) { return earlier.name == option->name; })) {
      return name + " is given twice";
    }
    if (option->value.empty()) {
      return name + " has an empty value";
    }
    if (option->name == "help" || option->name == "version") {
      return name + " does not go with a subcommand that starts a container";
    }
    if ((option->name == "root" || option->name == "bundle") &&
        (option->value.size() > kMaxRuntimePathBytes || !base::IsUtf8(option->value))) {
      return name + " is no path in UTF-8 of at most " + std::to_string(kMaxRuntimePathBytes) +
             " bytes";
    }
  }
  return "";
}

bool IsContainerId(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+,.-").find(c) != std::string_view::npos;
  };
  return !id.empty() && id.size() <= kMaxContainerIdBytes && id.front() != '-' && id != "." &&
         id != ".." && std::all_of(id.begin(), id.end(), allowed);
}

/// Takes the bundle out of a subcommand's options.
std::string TakeBundle(std::vector<RuntimeOption>& options) {
  const auto found = std::find_if(options.begin(), options.end(), [](const RuntimeOption& option) {
    return option.name == "bundle";
  });
  if (found == options.end()) {
    return "";
  }
  std::string bundle = std::move(found->value);
  options.erase(found);
  return bundle;
}

/// Reads what follows `create` or `run`. PROBLEM is that of the global options.
base::Status ReadAsking(RuntimeCall& call, std::string problem, Arguments rest) {
  OptionReader reader(rest, call.subcommand == "create" ? kCreate : kRun);
  reader.ReadAll();
  call.options = reader.TakeOptions();
  for (const std::string& next :
       {FaultOf(call.global_options), reader.problem(), FaultOf(call.options)}) {
    problem = problem.empty() ? next : problem;
  }
  if (problem.empty() && (reader.rest().size() != 1 || !IsContainerId(reader.rest().front()))) {
    problem = "after its options stands one container id, and nothing else";
  }
  if (!problem.empty()) {
    return Fail(Reason::kInvalidArguments, call.subcommand + ": " + problem);
  }
  call.bundle = TakeBundle(call.options);
  call.container_id = reader.rest().front();
  return base::Ok();
}

/// True when an argument is the very word by which some runtime starts a container.
bool HoldsStartingWord(Arguments arguments) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const char* argument) { return IsOneOf(kStart, argument); });
}

base::Result<RuntimeCallKind> Classify(RuntimeCall& call, Arguments arguments) {
  OptionReader reader(arguments, kGlobal);
  reader.ReadAll();
  call.global_options = reader.TakeOptions();
  const std::string& problem = reader.problem();
  if (reader.rest().empty()) {
    if (!problem.empty()) {
      return Fail(Reason::kInvalidArguments, problem);
    }
    return RuntimeCallKind::kStartsNothing;
  }
  call.subcommand = reader.rest().front();
  if (call.subcommand == "restore") {
    return Fail(Reason::kCheckpointUnverified,
                "nothing says which image the processes of a checkpoint come from");
  }
  if (IsOneOf(kStart, call.subcommand)) {
    SIGWARD_RETURN_IF_ERROR(ReadAsking(call, problem, reader.rest().subspan(1)));
    return RuntimeCallKind::kAsk;
  }
  if (!problem.empty() &&
      (!IsOneOf(kStartNothing, call.subcommand) || HoldsStartingWord(arguments))) {
    return Fail(Reason::kInvalidArguments, problem);
  }
  if (!IsOneOf(kStartNothing, call.subcommand)) {
    return Fail(Reason::kInvalidArguments,
                "the subcommand \"" + Shown(call.subcommand) + "\" is not known");
  }
  return RuntimeCallKind::kStartsNothing;
}

void Append(std::vector<std::string>& out, const std::vector<RuntimeOption>& options) {
  for (const RuntimeOption& option : options) {
    if (!option.is_switch) {
      out.push_back("--" + std::string(option.name) + "=" + option.value);
    } else if (option.value == "true") {
      out.push_back("--" + std::string(option.name));
    }
  }
}

}  // namespace

std::string_view RuntimeCall::Global(std::string_view name) const {
  std::string_view value;
  for (const RuntimeOption& option : global_options) {
    if (option.name == name) {
      value = option.value;
    }
  }
  return value;
}

RuntimeCall ParseRuntimeCall(std::span<const char* const> arguments) {
  RuntimeCall call;
  auto kind = Classify(call, arguments);
  if (kind.ok()) {
    call.kind = *kind;
  } else {
    call.refusal = std::move(kind).error();
  }
  return call;
}

std::vector<std::string> CanonicalArguments(const RuntimeCall& call, const std::string& bundle) {
  std::vector<std::string> out;
  Append(out, call.global_options);
  out.push_back(call.subcommand);
  Append(out, call.options);
  out.push_back("--bundle=" + bundle);
  out.push_back(call.container_id);
  return out;
}

}  // namespace sigward::shim
