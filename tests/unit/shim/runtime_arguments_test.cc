#include "shim/runtime_arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "result_matchers.h"

namespace sigward::shim {
namespace {

using base::Reason;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

RuntimeCall Parse(const Words& words) {
  std::vector<const char*> arguments;
  arguments.reserve(words.size());
  for (const std::string& word : words) {
    arguments.push_back(word.c_str());
  }
  return ParseRuntimeCall(arguments);
}

Words Canonical(const Words& words) {
  const RuntimeCall call = Parse(words);
  EXPECT_EQ(call.kind, RuntimeCallKind::kAsk)
      << ::testing::PrintToString(words) << ": " << call.refusal.detail;
  return call.kind == RuntimeCallKind::kAsk ? CanonicalArguments(call, "/bundle") : Words{};
}

TEST(ParseRuntimeCall, ReadsWhatContainerdsShimPasses) {
  const Words words = {"--root",
                       "/run/containerd/runc/k8s.io",
                       "--log",
                       "/run/b/log.json",
                       "--log-format",
                       "json",
                       "--systemd-cgroup",
                       "create",
                       "--bundle",
                       "/run/b",
                       "--pid-file",
                       "/run/b/init.pid",
                       "--console-socket",
                       "/tmp/pty.sock",
                       "0123abcd"};
  const RuntimeCall call = Parse(words);
  ASSERT_EQ(call.kind, RuntimeCallKind::kAsk) << call.refusal.detail;
  EXPECT_EQ(call.subcommand, "create");
  EXPECT_EQ(call.Global("root"), "/run/containerd/runc/k8s.io");
  EXPECT_EQ(call.Global("log"), "/run/b/log.json");
  EXPECT_EQ(call.Global("log-format"), "json");
  EXPECT_EQ(call.bundle, "/run/b");
  EXPECT_EQ(call.container_id, "0123abcd");
  EXPECT_THAT(
      CanonicalArguments(call, "/elsewhere"),
      ElementsAre("--root=/run/containerd/runc/k8s.io", "--log=/run/b/log.json",
                  "--log-format=json", "--systemd-cgroup", "create", "--pid-file=/run/b/init.pid",
                  "--console-socket=/tmp/pty.sock", "--bundle=/elsewhere", "0123abcd"));
}

TEST(ParseRuntimeCall, EverySpellingHasOneMeaning) {
  const Words meaning = {"--root=/r", "create", "--bundle=/bundle", "id"};
  const std::vector<Words> spellings = {
      {"--root", "/r", "create", "--bundle", "/b", "id"},
      {"-root", "/r", "create", "-bundle", "/b", "id"},
      {"--root=/r", "create", "--bundle=/b", "id"},
      {"-root=/r", "create", "-b=/b", "id"},
      {"-root=/r", "create", "--b", "/b", "--", "id"},
      {"--root", "/r", "--", "create", "-b", "/b", "id"},
      {"--root", "/r", "create", "id"},
      {"--root", "/r", "--systemd-cgroup=false", "--debug=0", "create", "--no-pivot=F", "id"},
  };
  for (const Words& spelling : spellings) {
    EXPECT_EQ(Canonical(spelling), meaning) << ::testing::PrintToString(spelling);
  }
}

TEST(ParseRuntimeCall, TheSubcommandIsTheOneThatTheRuntimeSees) {
  // A subcommand's name as the value of an option, and the other way round.
  EXPECT_EQ(Canonical({"--root", "exec", "create", "id"}),
            (Words{"--root=exec", "create", "--bundle=/bundle", "id"}));
  EXPECT_EQ(Canonical({"--debug", "create", "state"}),
            (Words{"--debug", "create", "--bundle=/bundle", "state"}));
  EXPECT_EQ(Canonical({"--log", "state", "run", "-d", "create"}),
            (Words{"--log=state", "run", "--detach", "--bundle=/bundle", "create"}));
  EXPECT_EQ(
      Canonical({"--systemd-cgroup=t", "--rootless", "true", "run", "--keep", "x"}),
      (Words{"--systemd-cgroup", "--rootless=true", "run", "--keep", "--bundle=/bundle", "x"}));
  EXPECT_EQ(Parse({"--root", "create", "exec", "id"}).kind, RuntimeCallKind::kStartsNothing);
  EXPECT_EQ(Parse({"state", "create"}).kind, RuntimeCallKind::kStartsNothing);
  EXPECT_EQ(Parse({"--debug=false", "kill", "run", "9"}).kind, RuntimeCallKind::kStartsNothing);
}

TEST(ParseRuntimeCall, WhatStartsNothingPassesWhateverFollowsIt) {
  for (const char* subcommand :
       {"checkpoint", "delete", "events", "exec", "features", "h", "help", "kill", "list", "mounts",
        "pause", "ps", "resume", "spec", "start", "state", "update"}) {
    const RuntimeCall call =
        Parse({"--root", "/r", "--log", "/l", subcommand, "--whatever", "id", "--", "create"});
    EXPECT_EQ(call.kind, RuntimeCallKind::kStartsNothing) << subcommand;
    EXPECT_EQ(call.Global("log"), "/l");
  }
  const std::vector<Words> without_subcommand = {
      {},          {"--help"},           {"-h"}, {"--version"}, {"-v"}, {"-version"},
      {"--debug"}, {"--root", "create"}, {"--"}};
  for (const Words& words : without_subcommand) {
    EXPECT_EQ(Parse(words).kind, RuntimeCallKind::kStartsNothing)
        << ::testing::PrintToString(words);
  }
}

TEST(ParseRuntimeCall, AnUnclearOptionPassesOnlyWithoutAnyStartingWord) {
  // A newer shim can still kill and delete.
  EXPECT_EQ(Parse({"--new", "kill", "id", "9"}).kind, RuntimeCallKind::kStartsNothing);
  EXPECT_EQ(Parse({"--new=x", "delete", "id"}).kind, RuntimeCallKind::kStartsNothing);
  EXPECT_EQ(Parse({"--help=false", "state", "id"}).kind, RuntimeCallKind::kStartsNothing);
  EXPECT_EQ(Parse({"--root", "--debug", "state", "id"}).kind, RuntimeCallKind::kStartsNothing);
  // crun takes any beginning of an option's name: here `--roo exec` would be a root.
  for (const Words& words :
       {Words{"--roo", "exec", "create", "id"}, Words{"--new", "state", "run"},
        Words{"--new=x", "state", "restore"}, Words{"--new", "value", "kill", "id"},
        Words{"--root", "-x", "exec", "create"}, Words{"--debug=x", "exec", "create"},
        Words{"--new"}, Words{"--root"}, Words{"---root", "x"}, Words{"-=x"}, Words{"--=x"},
        Words{"--help=false"}}) {
    const RuntimeCall call = Parse(words);
    EXPECT_EQ(call.kind, RuntimeCallKind::kRefuse) << ::testing::PrintToString(words);
    EXPECT_EQ(call.refusal.reason, Reason::kInvalidArguments);
  }
}

struct Refused {
  Words words;
  const char* says;
};

TEST(ParseRuntimeCall, RefusesWhatCouldStartSomethingElse) {
  const std::vector<Refused> table = {
      {{"create", "--new", "id"}, "--new is not known"},
      {{"--new", "create", "id"}, "--new is not known"},
      {{"--new=x", "create", "id"}, "--new is not known"},
      {{"--help=false", "create", "id"}, "--help takes no such value"},
      {{"--help", "--help=false", "create", "id"}, "--help takes no such value"},
      {{"--version", "create", "id"}, "--version does not go with"},
      {{"create", "--help"}, "--help is not known"},
      // Another file than the one that is judged.
      {{"create", "--config", "/x.json", "id"}, "--config is not known"},
      {{"run", "-f", "/x.json", "id"}, "--f is not known"},
      {{"--root", "/a", "--root", "/b", "create", "id"}, "--root is given twice"},
      {{"--root", "/a", "-root=/a", "create", "id"}, "--root is given twice"},
      {{"--log", "/a", "--log", "/b", "create", "id"}, "--log is given twice"},
      {{"create", "-b", "/a", "--bundle", "/b", "id"}, "--bundle is given twice"},
      {{"create", "--no-pivot", "--no-pivot=false", "id"}, "--no-pivot is given twice"},
      {{"--root=", "create", "id"}, "--root has an empty value"},
      {{"--root", "", "create", "id"}, "--root has an empty value"},
      {{"create", "--bundle=", "id"}, "--bundle has an empty value"},
      // urfave/cli would make "id" the bundle of this one.
      {{"create", "--bundle", "-x", "id"}, "begins with '-'"},
      {{"--root", "--debug", "create", "id"}, "begins with '-'"},
      {{"create", "--bundle"}, "--bundle has no value"},
      {{"create", "--no-pivot=maybe", "id"}, "takes no such value"},
      {{"create", "--no-pivot=", "id"}, "takes no such value"},
      {{"create", "--detach", "id"}, "--detach is not known"},
      {{"create", "-bd", "id"}, "--bd is not known"},
      {{"create"}, "one container id"},
      {{"create", ""}, "one container id"},
      {{"create", "-"}, "one container id"},
      {{"create", "--", "-id"}, "one container id"},
      {{"create", "--", "--bundle=/b", "id"}, "one container id"},
      {{"create", "id", "other"}, "one container id"},
      {{"create", "id", "--bundle", "/b"}, "one container id"},
      {{"create", "id", "--"}, "one container id"},
      {{"create", ".."}, "one container id"},
      {{"create", "a/b"}, "one container id"},
      {{"create", "a\nb"}, "one container id"},
      {{"create", "--root", "/r", "id"}, "--root is not known"},
      {{"create", "--bundle", "/\xff", "id"}, "no path in UTF-8"},
      {{"launch", "id"}, "subcommand \"launch\" is not known"},
      {{"CREATE", "id"}, "is not known"},
      {{"init"}, "subcommand \"init\" is not known"},
      {{"", "create", "id"}, "subcommand \"\" is not known"},
      {{"-", "create", "id"}, "subcommand \"-\" is not known"},
      {{"--", "--root", "create"}, "is not known"},
      {{"--debug", "false", "create", "id"}, "subcommand \"false\" is not known"},
  };
  for (const Refused& row : table) {
    const RuntimeCall call = Parse(row.words);
    EXPECT_EQ(call.kind, RuntimeCallKind::kRefuse) << ::testing::PrintToString(row.words);
    EXPECT_EQ(call.refusal.reason, Reason::kInvalidArguments);
    EXPECT_THAT(call.refusal.detail, HasSubstr(row.says)) << ::testing::PrintToString(row.words);
  }
}

TEST(ParseRuntimeCall, ACheckpointIsNeverRestored) {
  for (const Words& words :
       {Words{"restore", "id"}, Words{"--log", "/l", "restore", "--image-path", "/i", "id"},
        Words{"--new", "restore"}, Words{"--", "restore"}}) {
    const RuntimeCall call = Parse(words);
    EXPECT_EQ(call.kind, RuntimeCallKind::kRefuse);
    EXPECT_EQ(call.refusal.reason, Reason::kCheckpointUnverified);
  }
}

TEST(ParseRuntimeCall, ARefusedCallStillNamesItsLog) {
  const RuntimeCall call =
      Parse({"--log", "/a", "--log-format=json", "--new", "--log=/b", "create", "id"});
  EXPECT_EQ(call.kind, RuntimeCallKind::kRefuse);
  EXPECT_EQ(call.Global("log"), "/b");
  EXPECT_EQ(call.Global("log-format"), "json");
}

TEST(ParseRuntimeCall, ShowsNamesAndNoValues) {
  EXPECT_THAT(Parse({"--token=secret", "create", "id"}).refusal.detail,
              ::testing::Not(HasSubstr("secret")));
  EXPECT_LT(Parse({"--" + std::string(10000, 'x'), "create", "id"}).refusal.detail.size(), 200U);
  EXPECT_LT(Parse({std::string(10000, 'x')}).refusal.detail.size(), 200U);
}

TEST(ParseRuntimeCall, IsBounded) {
  const std::string path = "/" + std::string(kMaxRuntimePathBytes - 1, 'p');
  const std::string id(kMaxContainerIdBytes, 'i');
  EXPECT_EQ(Parse({"--root", path, "create", "-b", path, id}).kind, RuntimeCallKind::kAsk);
  EXPECT_EQ(Parse({"--root", path + "p", "create", id}).kind, RuntimeCallKind::kRefuse);
  EXPECT_EQ(Parse({"create", "-b", path + "p", id}).kind, RuntimeCallKind::kRefuse);
  EXPECT_EQ(Parse({"create", id + "i"}).kind, RuntimeCallKind::kRefuse);
}

}  // namespace
}  // namespace sigward::shim
