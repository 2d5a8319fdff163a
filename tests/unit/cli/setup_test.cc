#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "cli/setup/change.h"
#include "cli/setup/containerd_edit.h"
#include "cli/setup/plan.h"
#include "cli/setup/record.h"
#include "cli/setup/unit_path.h"
#include "fake_node.h"
#include "result_matchers.h"

namespace sigward::cli {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kFolder = "/w/runtime";
constexpr const char* kConfig = "/etc/containerd/config.toml";
constexpr const char* kDropIn = "/etc/systemd/system/containerd.service.d/zz-sigward.conf";

TEST(UnitPathTest, FindsPathInAUnitsEnvironment) {
  struct Case {
    const char* output;
    std::optional<std::string> path;
  };
  const std::vector<Case> cases = {
      {"", std::nullopt},          {"\n", std::nullopt},         {"A=b PATH=/a:/b C=d\n", "/a:/b"},
      {"PATH=/a PATH=/b\n", "/b"}, {"XPATH=/a\n", std::nullopt}, {"\"A=b c\" PATH=/a\n", "/a"}};
  for (const Case& one : cases) {
    const auto path = PathInEnvironment(one.output);
    ASSERT_THAT(path, IsOk()) << one.output;
    EXPECT_EQ(*path, one.path) << one.output;
  }
  for (const char* output : {"\"PATH=/a b\"\n", "PATH=/a\\x20b\n", "PATH=/$X\n"}) {
    EXPECT_THAT(PathInEnvironment(output), FailsWith(Reason::kConfigInvalid)) << output;
  }
}

TEST(UnitPathTest, PutsTheFolderInFrontOnce) {
  const auto once = PathDropIn("/usr/bin:/bin", kFolder);
  ASSERT_THAT(once, IsOk());
  EXPECT_THAT(*once, HasSubstr("\n[Service]\nEnvironment=\"PATH=/w/runtime:/usr/bin:/bin\"\n"));
  for (const char* path : {"/w/runtime:/usr/bin:/bin", "/usr/bin:/w/runtime/:/bin:/w/runtime"}) {
    const auto again = PathDropIn(path, kFolder);
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(*again, *once) << path;
  }
  EXPECT_THAT(*PathDropIn("/a%b", kFolder), HasSubstr("/a%%b"));
  for (const char* path : {"", "/w/runtime", "/a\"b", "/a b", "/a\nExecStart=x", "/a\\b", "/$A"}) {
    EXPECT_THAT(PathDropIn(path, kFolder), FailsWith(Reason::kConfigInvalid)) << path;
  }
}

VerifierInputs Inputs(std::optional<std::string> text, int major = 2) {
  VerifierInputs inputs;
  inputs.text = std::move(text);
  if (major > 0) {
    inputs.version = ContainerdVersion{major, 1, std::to_string(major) + ".1.0"};
  }
  inputs.our_bin_dir = "/w/verifier";
  return inputs;
}

const std::string kTable = "[plugins.'io.containerd.image-verifier.v1.bindir']\n";

TEST(ContainerdEditTest, AddsABlockAtTheEnd) {
  const std::string block = "# begin sigward (written by sigward setup; --undo removes it)\n" +
                            kTable + "  bin_dir = '/w/verifier'\n# end sigward\n";
  struct Case {
    std::optional<std::string> text;
    std::string appended;
  };
  const std::vector<Case> cases = {
      {std::nullopt, "version = 3\n\n" + block},
      {"version = 3\n", block},
      {"version = 2\n", block},
      {"version = 3", "\n" + block},
      {"version = 3\n[plugins]\n[plugins.'a.b']\nc = 1\n", block},
  };
  for (const Case& one : cases) {
    const auto edit = PlanVerifier(Inputs(one.text));
    ASSERT_THAT(edit, IsOk());
    EXPECT_EQ(edit->appended, one.appended);
    EXPECT_FALSE(edit->link_into.has_value());
    // What was written is found again.
    const auto again = PlanVerifier(Inputs(one.text.value_or("") + *edit->appended));
    ASSERT_THAT(again, IsOk());
    EXPECT_TRUE(again->nothing_to_do);
    EXPECT_EQ(again->note, "");
  }
}

TEST(ContainerdEditTest, LinksIntoAnotherBinDirInsteadOfOverwritingIt) {
  const auto named = PlanVerifier(Inputs("version = 3\n" + kTable + "bin_dir = '/other'\n"));
  ASSERT_THAT(named, IsOk());
  EXPECT_EQ(named->link_into, "/other");
  EXPECT_FALSE(named->appended.has_value());
  const auto unnamed = PlanVerifier(Inputs("version = 3\n" + kTable + "max_verifiers = 3\n"));
  ASSERT_THAT(unnamed, IsOk());
  EXPECT_EQ(unnamed->link_into, kDefaultBinDir);
  VerifierInputs imported = Inputs("version = 3\nimports = ['/etc/containerd/conf.d/*.toml']\n");
  imported.running_bin_dir = "/imported";
  EXPECT_EQ(PlanVerifier(imported)->link_into, "/imported");
  imported.running_bin_dir = kDefaultBinDir;
  EXPECT_TRUE(PlanVerifier(imported)->appended.has_value());
}

TEST(ContainerdEditTest, SaysWhereThereIsNoVerifier) {
  struct Case {
    std::optional<std::string> text;
    int major;
    const char* note;
  };
  const std::vector<Case> cases = {
      {"version = 2\n", 1, "has no image verifier"},  {std::nullopt, 1, "has no image verifier"},
      {std::nullopt, 0, "version is unknown"},        {"version = 2\n", 0, "version is unknown"},
      {"oom_score = 0\n", 2, "older than version 2"},
  };
  for (const Case& one : cases) {
    const auto edit = PlanVerifier(Inputs(one.text, one.major));
    ASSERT_THAT(edit, IsOk());
    EXPECT_TRUE(edit->nothing_to_do);
    EXPECT_THAT(edit->note, HasSubstr(one.note));
  }
  EXPECT_TRUE(PlanVerifier(Inputs("version = 3\n", 0))->appended.has_value());
}

TEST(ContainerdEditTest, RefusesWhatItCannotAddTo) {
  for (const char* text : {"version = ", "version = 3\nplugins = { a = { b = 1 } }\n"}) {
    EXPECT_THAT(PlanVerifier(Inputs(text)), FailsWith(Reason::kConfigInvalid)) << text;
  }
}

TEST(ContainerdEditTest, ReadsNoMoreThanItsMaximum) {
  const std::string head = "version = 3\n#";
  const auto of_size = [&](std::size_t size) {
    return PlanVerifier(Inputs(head + std::string(size - head.size(), 'x')));
  };
  EXPECT_THAT(of_size(kMaxContainerdConfigBytes + 1), FailsWith(Reason::kConfigInvalid));
}

/// Files in memory.
class Files {
 public:
  std::map<std::string, FileState> at;

  LookAtFile Look() const {
    return [this](const std::string& path) -> base::Result<FileState> {
      const auto found = at.find(path);
      return found == at.end() ? FileState{} : found->second;
    };
  }

  void Put(const std::string& path, const std::string& text) {
    at[path] = {true, std::nullopt, text};
  }

  void Apply(const std::vector<Change>& changes) {
    for (const Change& change : changes) {
      if (!change.after.has_value()) {
        at.erase(change.path);
      } else if (change.kind == FileKind::kLink) {
        at[change.path] = {true, change.after, ""};
      } else {
        Put(change.path, *change.after);
      }
    }
  }

  std::map<std::string, std::string> Texts() const {
    std::map<std::string, std::string> texts;
    for (const auto& [path, state] : at) {
      texts[path] = state.link.value_or(state.text);
    }
    return texts;
  }
};

SetupInputs InputsFor(const Files& files, std::vector<Written> written = {}) {
  SetupInputs inputs;
  inputs.runtime_folder = kFolder;
  inputs.verifier_program = "/w/verifier-program";
  inputs.units = {{"containerd.service", "/usr/bin"}};
  inputs.containerd_config = kConfig;
  const auto config = files.at.find(kConfig);
  inputs.verifier =
      Inputs(config == files.at.end() ? std::nullopt : std::optional(config->second.text));
  inputs.written = std::move(written);
  return inputs;
}

TEST(PlanTest, UndoBringsBackExactlyWhatWasThere) {
  const std::vector<std::optional<std::string>> configs = {
      std::nullopt, "version = 3\n", "version = 3", "version = 3\n" + kTable + "bin_dir = '/o'\n"};
  for (const auto& config : configs) {
    Files files;
    if (config.has_value()) {
      files.Put(kConfig, *config);
    }
    const auto before = files.Texts();
    const auto plan = PlanSetup(InputsFor(files), files.Look());
    ASSERT_THAT(plan, IsOk());
    EXPECT_EQ(plan->changes.size(), 2U);
    files.Apply(plan->changes);
    // A second run has nothing to do and keeps the record.
    const auto again = PlanSetup(InputsFor(files, plan->written), files.Look());
    ASSERT_THAT(again, IsOk());
    EXPECT_THAT(again->changes, IsEmpty());
    EXPECT_EQ(EncodeRecord(again->written).size(), EncodeRecord(plan->written).size());
    const auto record = ParseRecord(EncodeRecord(again->written));
    ASSERT_THAT(record, IsOk());
    const auto undo = PlanUndo(*record, files.Look());
    ASSERT_THAT(undo, IsOk());
    files.Apply(undo->changes);
    EXPECT_EQ(files.Texts(), before);
  }
}

TEST(PlanTest, UndoKeepsWhatOthersAddedToTheConfiguration) {
  Files files;
  files.Put(kConfig, "version = 3\n");
  const auto plan = PlanSetup(InputsFor(files), files.Look());
  ASSERT_THAT(plan, IsOk());
  files.Apply(plan->changes);
  files.Put(kConfig, files.at[kConfig].text + "[metrics]\naddress = 'x'\n");
  const auto undo = PlanUndo(plan->written, files.Look());
  ASSERT_THAT(undo, IsOk());
  files.Apply(undo->changes);
  EXPECT_EQ(files.at[kConfig].text, "version = 3\n[metrics]\naddress = 'x'\n");
}

TEST(PlanTest, UndoRefusesWhatWasEditedSince) {
  for (const std::string path : {kDropIn, kConfig}) {
    Files files;
    files.Put(kConfig, "version = 3\n");
    const auto plan = PlanSetup(InputsFor(files), files.Look());
    ASSERT_THAT(plan, IsOk());
    files.Apply(plan->changes);
    std::string text = files.at[path].text;
    text.replace(text.find("/w/"), 3, "/mine/");
    files.Put(path, text);
    const auto undo = PlanUndo(plan->written, files.Look());
    EXPECT_THAT(undo, FailsWith(Reason::kConfigInvalid));
    EXPECT_THAT(undo.error().detail, HasSubstr(path + " was changed since"));
    EXPECT_THAT(undo.error().detail, HasSubstr("/mine/"));
  }
}

TEST(PlanTest, UndoPassesOverWhatIsGone) {
  const Files nothing;
  const auto undo =
      PlanUndo({{WrittenKind::kFile, "/a", "x"}, {WrittenKind::kLink, "/b", "y"}}, nothing.Look());
  ASSERT_THAT(undo, IsOk());
  EXPECT_THAT(undo->changes, IsEmpty());
  EXPECT_EQ(undo->notes.size(), 2U);
}

TEST(PlanTest, SetupDoesNotOverwriteWhatIsNotItsOwn) {
  Files files;
  files.Put(kConfig, "version = 3\n");
  files.Put(kDropIn, "[Service]\n");
  EXPECT_THAT(PlanSetup(InputsFor(files), files.Look()), FailsWith(Reason::kConfigInvalid));
  Files other;
  other.Put(kConfig, "version = 3\n" + kTable + "bin_dir = '/o'\n");
  other.Put("/o/sigward", "a program of somebody else's");
  EXPECT_THAT(PlanSetup(InputsFor(other), other.Look()), FailsWith(Reason::kConfigInvalid));
}

TEST(PlanTest, AChangedPathOfTheUnitReplacesTheDropIn) {
  Files files;
  files.Put(kConfig, "version = 3\n");
  const auto plan = PlanSetup(InputsFor(files), files.Look());
  ASSERT_THAT(plan, IsOk());
  files.Apply(plan->changes);
  SetupInputs inputs = InputsFor(files, plan->written);
  inputs.units.front().path = "/w/runtime:/opt/bin:/usr/bin";
  const auto again = PlanSetup(inputs, files.Look());
  ASSERT_THAT(again, IsOk());
  ASSERT_EQ(again->changes.size(), 1U);
  EXPECT_THAT(*again->changes[0].after, HasSubstr("/opt/bin:/usr/bin"));
  EXPECT_EQ(again->written.size(), plan->written.size());
}

TEST(RecordTest, RefusesWhatSetupDoesNotWrite) {
  for (const char* json :
       {"", "[]", R"({"written":[{}]})", R"({"written":[{"kind":"x","path":"/a","text":""}]})",
        R"({"written":[{"kind":"file","path":"a","text":""}]})",
        R"({"written":[{"kind":"file","path":"/a","text":"","more":1}]})"}) {
    EXPECT_THAT(ParseRecord(json), FailsWith(Reason::kMalformed)) << json;
  }
  EXPECT_THAT(ParseRecord(R"({"written":[],"written":[]})"), FailsWith(Reason::kDuplicateKey));
  EXPECT_THAT(ParseRecord(std::string(kMaxSetupRecord + 1, ' ')), FailsWith(Reason::kTooLarge));
}

TEST(ChangeTest, ShowsADiff) {
  EXPECT_EQ(DiffText({FileKind::kText, "/f", "1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\nx\ny\n6\n"}),
            "--- /f\n+++ /f\n@@ -2,5 +2,6 @@\n 2\n 3\n 4\n-5\n+x\n+y\n 6\n");
  EXPECT_EQ(DiffText({FileKind::kText, "/f", std::nullopt, "a\n"}),
            "--- /dev/null\n+++ /f\n@@ -0,0 +1,1 @@\n+a\n");
  EXPECT_EQ(DiffText({FileKind::kLink, "/f", "/t", std::nullopt}),
            "--- /f (symbolic link)\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-/t\n\\ No newline at end of "
            "file\n");
}

TEST(ChangeTest, WritesBelowARoot) {
  const FakeNode node;
  node.Write("/etc/x/real", "old", 0640);
  node.Link("real", "/etc/x/link");
  EXPECT_THAT(Apply({FileKind::kText, "/etc/x/link", "old", "new"}, node.root()), IsOk());
  EXPECT_EQ(node.Read("/etc/x/real"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(node.Path("/etc/x/link")));
  struct stat status {};
  ASSERT_EQ(stat(node.Path("/etc/x/real").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);

  EXPECT_THAT(Apply({FileKind::kText, "/a/b/c", std::nullopt, "t"}, node.root()), IsOk());
  ASSERT_EQ(stat(node.Path("/a/b/c").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0644U);
  EXPECT_THAT(Apply({FileKind::kLink, "/a/b/l", std::nullopt, "/t"}, node.root()), IsOk());
  EXPECT_EQ(std::filesystem::read_symlink(node.Path("/a/b/l")), "/t");
  EXPECT_THAT(Apply({FileKind::kLink, "/a/b/l", "/t", std::nullopt}, node.root()), IsOk());
  EXPECT_THAT(Apply({FileKind::kText, "/a/b/gone", "x", std::nullopt}, node.root()), IsOk());
  EXPECT_FALSE(std::filesystem::is_symlink(node.Path("/a/b/l")));
  EXPECT_THAT(Apply({FileKind::kText, "/a/b/c/d", std::nullopt, "t"}, node.root()),
              FailsWith(Reason::kIoFailed));
}

}  // namespace
}  // namespace sigward::cli
