// Arguments are read as the runtimes read them: beside the grammar stand two small models of what
// runc (Go's package flag) and crun (getopt_long, options in order) make of the same words. What
// passes as starting nothing starts nothing in either; what is asked about has, rebuilt, one
// meaning in both, and reads back as itself.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shim/runtime_arguments.h"

namespace {

using sigward::shim::RuntimeCall;
using sigward::shim::RuntimeCallKind;
using Words = std::vector<std::string>;

/// Options by name; true where one takes a value.
using Options = std::map<std::string, bool, std::less<>>;

const Options kRuncGlobal = {{"debug", false},   {"log", true},   {"log-format", true},
                             {"root", true},     {"criu", true},  {"systemd-cgroup", false},
                             {"rootless", true}, {"help", false}, {"h", false},
                             {"version", false}, {"v", false}};
const Options kRuncCreate = {{"bundle", true},         {"b", true},
                             {"console-socket", true}, {"pid-file", true},
                             {"no-pivot", false},      {"no-new-keyring", false},
                             {"preserve-fds", true},   {"pidfd-socket", true},
                             {"detach", false},        {"d", false},
                             {"keep", false},          {"no-subreaper", false},
                             {"help", false},          {"h", false}};
const Options kCrunGlobal = {{"cgroup-manager", true}, {"debug", false},          {"log", true},
                             {"log-format", true},     {"log-level", true},       {"root", true},
                             {"rootless", true},       {"systemd-cgroup", false}, {"help", false},
                             {"usage", false},         {"version", false}};
const Options kCrunCreate = {
    {"bundle", true},    {"console-socket", true}, {"config", true},   {"no-new-keyring", false},
    {"no-pivot", false}, {"no-subreaper", false},  {"pid-file", true}, {"preserve-fds", true},
    {"detach", false},   {"help", false},          {"usage", false}};

struct Reading {
  std::map<std::string, std::string, std::less<>> values;
  Words rest;
};

/// Go's flag.FlagSet.Parse. None when it fails.
std::optional<Reading> ReadAsGo(const Words& words, const Options& options) {
  Reading reading;
  std::size_t at = 0;
  for (; at < words.size(); ++at) {
    std::string_view word = words[at];
    if (word.size() < 2 || word[0] != '-') {
      break;
    }
    if (word == "--") {
      ++at;
      break;
    }
    word.remove_prefix(word[1] == '-' ? 2 : 1);
    if (word.empty() || word[0] == '-' || word[0] == '=') {
      return std::nullopt;
    }
    const std::size_t equals = word.find('=');
    const auto option = options.find(word.substr(0, equals));
    if (option == options.end()) {
      return std::nullopt;
    }
    if (equals != std::string_view::npos) {
      reading.values[option->first] = word.substr(equals + 1);
    } else if (!option->second) {
      reading.values[option->first] = "true";
    } else if (++at < words.size()) {
      reading.values[option->first] = words[at];
    } else {
      return std::nullopt;
    }
  }
  reading.rest.assign(words.begin() + static_cast<std::ptrdiff_t>(std::min(at, words.size())),
                      words.end());
  return reading;
}

/// getopt_long's way with long options, abbreviated ones too; short ones end it in this model.
std::optional<Reading> ReadAsGetopt(const Words& words, const Options& options) {
  Reading reading;
  std::size_t at = 0;
  for (; at < words.size(); ++at) {
    std::string_view word = words[at];
    if (word.size() < 2 || word[0] != '-') {
      break;
    }
    if (word == "--") {
      ++at;
      break;
    }
    if (!word.starts_with("--")) {
      return std::nullopt;
    }
    word.remove_prefix(2);
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    auto option = options.find(name);
    if (option == options.end()) {
      const auto abbreviates = [&](const auto& entry) { return entry.first.starts_with(name); };
      if (std::count_if(options.begin(), options.end(), abbreviates) != 1) {
        return std::nullopt;
      }
      option = std::find_if(options.begin(), options.end(), abbreviates);
    }
    if (!option->second && equals != std::string_view::npos) {
      return std::nullopt;
    }
    if (option->first == "help" || option->first == "usage" || option->first == "version") {
      return std::nullopt;  // Prints and exits.
    }
    if (equals != std::string_view::npos) {
      reading.values[option->first] = word.substr(equals + 1);
    } else if (!option->second) {
      reading.values[option->first] = "true";
    } else if (++at < words.size()) {
      reading.values[option->first] = words[at];
    } else {
      return std::nullopt;
    }
  }
  reading.rest.assign(words.begin() + static_cast<std::ptrdiff_t>(std::min(at, words.size())),
                      words.end());
  return reading;
}

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

bool Starts(const std::optional<Reading>& reading) {
  return reading && !reading->rest.empty() &&
         (reading->rest[0] == "create" || reading->rest[0] == "run" ||
          reading->rest[0] == "restore");
}

RuntimeCall Parse(const Words& words) {
  std::vector<const char*> arguments;
  arguments.reserve(words.size());
  for (const std::string& word : words) {
    arguments.push_back(word.c_str());
  }
  return sigward::shim::ParseRuntimeCall(arguments);
}

/// Checks what a runtime makes of canonical arguments, unless it does not know one of the options
/// (the two do not know the same ones).
template <typename Reader>
void CheckMeaning(const RuntimeCall& call, const Words& canonical, Reader read,
                  const Options& global, const Options& options) {
  const auto outer = read(canonical, global);
  if (!outer) {
    return;
  }
  Require(!outer->rest.empty() && outer->rest[0] == call.subcommand);
  const auto root = outer->values.find("root");
  Require((root == outer->values.end() ? "" : root->second) == call.Global("root"));
  const auto inner = read({outer->rest.begin() + 1, outer->rest.end()}, options);
  if (inner) {
    Require(inner->values.at("bundle") == "/judged");
    Require(inner->rest == Words{call.container_id});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Words words(1);
  for (const char c : std::string_view(reinterpret_cast<const char*>(data), size)) {
    if (c == '\0') {
      words.emplace_back();
    } else {
      words.back().push_back(c);
    }
  }
  words.pop_back();
  const RuntimeCall call = Parse(words);
  switch (call.kind) {
    case RuntimeCallKind::kRefuse:
      Require(!call.refusal.detail.empty() && call.refusal.detail.size() < 512);
      break;
    case RuntimeCallKind::kStartsNothing: {
      const auto runc = ReadAsGo(words, kRuncGlobal);
      Require(!Starts(runc) && !Starts(ReadAsGetopt(words, kCrunGlobal)));
      if (runc && !runc->rest.empty()) {
        Require(runc->rest[0] == call.subcommand);
      }
      break;
    }
    case RuntimeCallKind::kAsk: {
      const Words canonical = sigward::shim::CanonicalArguments(call, "/judged");
      const RuntimeCall again = Parse(canonical);
      Require(again.kind == RuntimeCallKind::kAsk && again.subcommand == call.subcommand &&
              again.container_id == call.container_id && again.bundle == "/judged" &&
              again.Global("root") == call.Global("root"));
      Require(sigward::shim::CanonicalArguments(again, "/judged") == canonical);
      CheckMeaning(call, canonical, ReadAsGo, kRuncGlobal, kRuncCreate);
      CheckMeaning(call, canonical, ReadAsGetopt, kCrunGlobal, kCrunCreate);
      break;
    }
  }
  return 0;
}
