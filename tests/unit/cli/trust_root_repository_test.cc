// TrustRoots that are in TUF repositories, with Sigstore's own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/rfc3339.h"
#include "base/strict_json.h"
#include "cli/policy_sources.h"
#include "policy_documents.h"
#include "private_sigstore/test_vectors.h"
#include "tar_writer.h"
#include "tuf/tuf_repository.h"

namespace sigward::cli {
namespace {

using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::LoadVector;
using testing::SigstoreTufFiles;
using testing::TarEntry;
using testing::TarGz;
using testing::Texts;
using testing::TufFiles;

constexpr const char* kCurrent = "2026-08-24T00:00:00Z";
constexpr const char* kLate = "2026-08-28T19:25:56Z";

std::string Encoded(const std::string& text) {
  return base::EncodeBase64(base::AsBytes(text));
}

std::string Packed(const TufFiles& files, const std::string& folder = "repository/") {
  std::vector<TarEntry> entries;
  for (const auto& [name, bytes] : files) {
    entries.push_back({folder + name, bytes});
  }
  return TarGz(entries);
}

std::string Root(int version = 1) {
  return Encoded(SigstoreTufFiles(1).at(std::to_string(version) + ".root.json"));
}

/// A policy that names the TrustRoot `mine`, and that TrustRoot with SPEC.
std::string With(const std::string& spec) {
  return "apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\nmetadata: {name: p}\n"
         "spec:\n  images: [{glob: '**'}]\n  authorities:\n  - keyless:\n      trustRootRef: mine\n"
         "      identities: [{issuer: https://i.example, subject: a@example.com}]\n"
         "    ctlog: {url: https://log.example, trustRootRef: mine}\n"
         "---\napiVersion: policy.sigstore.dev/v1alpha1\nkind: TrustRoot\nmetadata: {name: mine}\n"
         "spec:\n  " +
         spec + "\n";
}

std::string Repository(const std::string& packed, const std::string& more = "") {
  return "repository: {root: " + Root() + ", mirrorFS: " + Encoded(packed) + more + "}";
}
std::string Remote(const std::string& more = "") {
  return "remote: {root: " + Root() + ", mirror: 'https://tuf.example'" + more + "}";
}

struct Outcome {
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
  Json compiled;
};

Outcome Compile(const std::string& spec, TufMirrors mirrors = {}, const char* now = kCurrent) {
  if (now != nullptr) {
    mirrors.now = base::ParseRfc3339(now)->seconds;
  }
  const std::vector<SourceText> sources = {{"f.yaml", With(spec)}};
  CompileOptions options;
  options.mirrors = std::move(mirrors);
  Problems problems;
  const auto compiled = CompileSources(sources, problems, options);
  EXPECT_EQ(compiled.has_value(), !problems.HasErrors());
  return {Texts(problems.errors()), Texts(problems.warnings()),
          compiled.has_value() ? Json::parse(compiled->text) : Json()};
}

/// FILES in a folder that is removed with this.
class Folder {
 public:
  explicit Folder(const TufFiles& files) {
    std::string name = ::testing::TempDir() + "mirrorXXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
    for (const auto& [file, bytes] : files) {
      std::filesystem::create_directories(std::filesystem::path(name + "/" + file).parent_path());
      std::ofstream(name + "/" + file) << bytes;
    }
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TufMirrors MirrorIn(const Folder& folder) {
  TufMirrors mirrors;
  mirrors.folders = {{"mine", folder.path()}};
  return mirrors;
}

/// The trust root that a plain trustedRootJSON compiles to.
Json Expected() {
  return Compile("trustedRootJSON: '" +
                 Json::parse(LoadVector("sigstore-tuf/trusted_root.json")).dump() + "'")
      .compiled["trustRoots"];
}

const std::string kValidUntil =
    "the repository's timestamp.json is valid until 2026-08-28T19:25:56Z; the compiled policy "
    "keeps "
    "this trust root beyond that, until it is compiled from a newer copy";

TEST(TrustRootRepositoryTest, IsTheTrustedRootInIt) {
  ASSERT_FALSE(Expected().empty());
  for (const char* folder : {"repository/", "", "./", "./repository/"}) {
    const Outcome outcome = Compile(Repository(Packed(SigstoreTufFiles(1), folder)));
    EXPECT_THAT(outcome.errors, IsEmpty()) << folder;
    EXPECT_THAT(outcome.warnings, ElementsAre(HasSubstr("spec.repository: " + kValidUntil)));
    EXPECT_EQ(outcome.compiled["trustRoots"], Expected());
  }
}

TEST(TrustRootRepositoryTest, RemoteIsReadFromTheCopy) {
  const Folder folder(SigstoreTufFiles(1));
  const Outcome outcome = Compile(Remote(), MirrorIn(folder));
  EXPECT_THAT(outcome.errors, IsEmpty());
  EXPECT_THAT(outcome.warnings, ElementsAre(HasSubstr("spec.remote: " + kValidUntil)));
  EXPECT_EQ(outcome.compiled["trustRoots"], Expected());
}

TEST(TrustRootRepositoryTest, ACopyThatIsNotThereIsNoOldRepository) {
  for (const char* folder : {"/nowhere/at/all", "/etc/passwd"}) {
    TufMirrors mirrors;
    mirrors.folders = {{"mine", folder}};
    EXPECT_THAT(Compile(Remote(), mirrors).errors,
                Contains(HasSubstr(std::string("spec.remote: --trust-root-mirror: ") + folder +
                                   " is no folder")));
  }
}

/// A newer root that cannot be read is no newest root: the one before it may have been revoked.
TEST(TrustRootRepositoryTest, WhatCannotBeReadIsNotMissing) {
  TufFiles files = SigstoreTufFiles(1);
  const auto compile = [&files](const std::function<void(const std::string& file)>& make) {
    const Folder folder(files);
    make(folder.path() + "/16.root.json");
    return Compile(Remote(), MirrorIn(folder)).errors;
  };
  const auto make_fifo = [](const std::string& file) { ASSERT_EQ(mkfifo(file.c_str(), 0600), 0); };
  const auto make_link = [](const char* target) {
    return [target](const std::string& file) { ASSERT_EQ(symlink(target, file.c_str()), 0); };
  };
  const auto make_folder = [](const std::string& file) { ASSERT_EQ(mkdir(file.c_str(), 0700), 0); };
  EXPECT_THAT(compile(make_fifo), Contains(HasSubstr("spec.remote: 16.root.json")));
  EXPECT_THAT(compile(make_link("nowhere")), Contains(HasSubstr("16.root.json: No such file")));
  EXPECT_THAT(compile(make_link("16.root.json")), Contains(HasSubstr("16.root.json")));
  EXPECT_THAT(compile(make_link("/dev/zero")), Contains(HasSubstr("16.root.json")));
  EXPECT_THAT(compile(make_folder), Contains(HasSubstr("16.root.json")));
}

TEST(TrustRootRepositoryTest, RemoteWithoutACopySaysHow) {
  EXPECT_THAT(
      Compile(Remote()).errors,
      Contains(HasSubstr("spec.remote: nothing is downloaded here: give a copy of the mirror "
                         "by `sigward policy compile --trust-root-mirror mine=FOLDER`")));
}

TEST(TrustRootRepositoryTest, ACopyThatIsElsewhereIsNotTakenForAnOldOne) {
  TufMirrors mirrors;
  mirrors.folders = {{"mine", "/proc/self/task"}};
  EXPECT_THAT(Compile(Remote(), mirrors, kLate).errors,
              Contains(HasSubstr("spec.remote: there is no timestamp.json in /proc/self/task")));
  EXPECT_THAT(Compile(Repository(Packed({{"other/timestamp.json", "{}"}})), {}, kLate).errors,
              Contains(HasSubstr("spec.repository: there is no timestamp.json in mirrorFS")));
}

TEST(TrustRootRepositoryTest, FolderAndTargetCanBeNamed) {
  TufFiles files;
  for (auto& [name, bytes] : SigstoreTufFiles(1)) {
    files[name.starts_with("targets/") ? "elsewhere/deep" + name.substr(7) : name] = bytes;
  }
  EXPECT_THAT(Compile(Repository(Packed(files),
                                 ", targets: elsewhere/deep, trustedRootTarget: "
                                 "trusted_root.json"))
                  .errors,
              IsEmpty());
  EXPECT_THAT(Compile(Repository(Packed(files))).errors,
              Contains(HasSubstr("spec.repository: the repository has no ")));
  EXPECT_THAT(Compile(Repository(Packed(files), ", trustedRootTarget: other.json")).errors,
              Contains(HasSubstr("the repository's metadata lists no target other.json")));
  EXPECT_THAT(Compile(Repository(Packed(SigstoreTufFiles(1)),
                                 ", trustedRootTarget: registry.npmjs.org/keys.json"))
                  .errors,
              Contains(HasSubstr("spec.repository: registry.npmjs.org/keys.json: ")));
}

TEST(TrustRootRepositoryTest, ExpiredMetadataIsRefused) {
  const std::string said =
      "timestamp.json expired at 2026-08-28T19:25:56Z; take a newer copy of the repository, or, "
      "where "
      "there is none, compile with --accept-expired-trust-root mine";
  const std::string spec = Repository(Packed(SigstoreTufFiles(1)));
  EXPECT_THAT(Compile(spec, {}, kLate).errors, Contains(HasSubstr("spec.repository: " + said)));
  const Folder folder(SigstoreTufFiles(1));
  EXPECT_THAT(Compile(Remote(), MirrorIn(folder), kLate).errors,
              Contains(HasSubstr("spec.remote: " + said)));
  // Who says no time has no valid one.
  EXPECT_THAT(Compile(spec, {}, nullptr).errors, Contains(HasSubstr("root.json expired")));
}

TEST(TrustRootRepositoryTest, ExpiredMetadataIsAcceptedByNameOnly) {
  const std::string spec = Repository(Packed(SigstoreTufFiles(1)));
  TufMirrors mirrors;
  mirrors.accept_expired = {"mine"};
  const Outcome outcome = Compile(spec, mirrors, kLate);
  EXPECT_THAT(outcome.errors, IsEmpty());
  EXPECT_THAT(outcome.warnings,
              ElementsAre(HasSubstr("spec.repository: the repository's timestamp.json expired at "
                                    "2026-08-28T19:25:56Z and is accepted by "
                                    "--accept-expired-trust-root")));
  EXPECT_EQ(outcome.compiled["trustRoots"], Expected());
  mirrors.accept_expired = {"other"};
  EXPECT_THAT(Compile(spec, mirrors, kLate).errors, Contains(HasSubstr("expired at")));
}

TEST(TrustRootRepositoryTest, OptionsForNobodyAreErrors) {
  const std::string spec = Repository(Packed(SigstoreTufFiles(1)));
  TufMirrors mirrors;
  mirrors.accept_expired = {"mine", "other"};
  EXPECT_THAT(
      Compile(spec, mirrors).errors,
      ElementsAre("policy: --accept-expired-trust-root names other, and no TrustRoot of that "
                  "name has a repository or a remote"));
  mirrors = {};
  mirrors.folders = {{"mine", "/nowhere"}};
  EXPECT_THAT(
      Compile(spec, mirrors).errors,
      ElementsAre("policy: --trust-root-mirror names mine, and no TrustRoot of that name has "
                  "a remote"));
}

TEST(TrustRootRepositoryTest, SignaturesCount) {
  TufFiles files = SigstoreTufFiles(1);
  Json targets = Json::parse(files.at("14.targets.json"));
  targets["signatures"].erase(0);
  targets["signatures"].erase(0);
  targets["signatures"].erase(0);
  files["14.targets.json"] = targets.dump();
  EXPECT_THAT(Compile(Repository(Packed(files))).errors,
              Contains(HasSubstr("spec.repository: targets.json is signed by 2 of the 3 keys")));
  const Folder folder(files);
  EXPECT_THAT(Compile(Remote(), MirrorIn(folder)).errors,
              Contains(HasSubstr("spec.remote: targets.json is signed by 2 of the 3 keys")));
}

TEST(TrustRootRepositoryTest, FieldsAreChecked) {
  const std::string packed = Packed(SigstoreTufFiles(1));
  EXPECT_THAT(Compile(Repository(packed, ", surprise: 1")).errors,
              Contains(HasSubstr("spec.repository.surprise")));
  EXPECT_THAT(Compile(Remote(", surprise: 1")).errors, Contains(HasSubstr("spec.remote.surprise")));
  EXPECT_THAT(Compile("repository: {root: " + Root() + "}").errors,
              Contains(HasSubstr("spec.repository.mirrorFS")));
  EXPECT_THAT(Compile("repository: {mirrorFS: " + Encoded(packed) + "}").errors,
              Contains(HasSubstr("spec.repository.root")));
  EXPECT_THAT(Compile("remote: {root: " + Root() + "}").errors,
              Contains(HasSubstr("spec.remote.mirror")));
  EXPECT_THAT(Compile("repository: {root: '{}', mirrorFS: " + Encoded(packed) + "}").errors,
              Contains(HasSubstr("spec.repository.root: expected base64")));
  EXPECT_THAT(
      Compile("repository: {root: " + Encoded("{}") + ", mirrorFS: " + Encoded(packed) + "}")
          .errors,
      Contains(HasSubstr("spec.repository: the trusted root")));
  EXPECT_THAT(Compile("repository: {root: " + Root() + ", mirrorFS: " + Encoded("x") + "}").errors,
              Contains(HasSubstr("spec.repository.mirrorFS: not packed with gzip")));
  for (const char* name : {"targets", "trustedRootTarget"}) {
    EXPECT_THAT(Compile(Repository(packed, std::string(", ") + name + ": ../x")).errors,
                Contains(HasSubstr(std::string("spec.repository.") + name + ": ../x is no path")));
  }
  EXPECT_THAT(Compile(Repository(packed) + "\n  " + Remote()).errors,
              Contains(HasSubstr("expected exactly one of sigstoreKeys, trustedRootJSON, "
                                 "repository, remote; got several")));
  EXPECT_THAT(Compile(Repository(Packed(SigstoreTufFiles(1), "../"))).errors,
              Contains(HasSubstr("does not lie below the archive's top")));
}

TEST(TrustRootRepositoryTest, OneFileHasOnePlace) {
  TufFiles files = SigstoreTufFiles(1);
  files["repository/timestamp.json"] = files["timestamp.json"];
  EXPECT_THAT(Compile(Repository(Packed(files, ""))).errors,
              Contains(HasSubstr("the entry timestamp.json comes twice")));
}

TEST(TrustRootRepositoryTest, Base64MayHaveSeveralLines) {
  std::string root = Root();
  root.insert(100, "\n      ");
  EXPECT_THAT(Compile("repository:\n    root: |\n      " + root +
                      "\n    mirrorFS: " + Encoded(Packed(SigstoreTufFiles(1))))
                  .errors,
              IsEmpty());
}

}  // namespace
}  // namespace sigward::cli
