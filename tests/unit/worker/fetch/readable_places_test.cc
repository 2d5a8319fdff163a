#include "worker/fetch/readable_places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "temp_folder.h"

namespace sigward::worker {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::IsSupersetOf;
using ::testing::Not;

class ReadablePlacesTest : public ::testing::Test {
 protected:
  ReadablePlacesTest() {
    fs::create_directories(fs::path(hosts_dir_) / "a.example");
    Write("elsewhere.crt", "certificate");
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  std::string HostsToml(const std::string& ca) const {
    return "[host.\"https://a.example\"]\nca = \"" + ca + "\"\n";
  }
  ReadablePlaces Places() const { return ReadablePlaces(hosts_dir_); }

  testing::TempFolder folder_;
  std::string hosts_dir_ = folder_ / "certs.d";
  std::string elsewhere_ = folder_ / "elsewhere.crt";
};

TEST_F(ReadablePlacesTest, AreTheFolderTheSystemsCertificatesAndWhatNamesAreLookedUpWith) {
  EXPECT_THAT(Places().paths(),
              IsSupersetOf({hosts_dir_, std::string("/etc/resolv.conf"), std::string("/etc/hosts"),
                            std::string("/etc/ssl/certs")}));
  EXPECT_THAT(Places().paths(), Not(Contains(elsewhere_)));
}

TEST_F(ReadablePlacesTest, AreWhatHostsTomlNamesElsewhere) {
  Write("certs.d/a.example/hosts.toml", HostsToml(elsewhere_));
  EXPECT_THAT(Places().paths(), Contains(elsewhere_));
  Write("certs.d/a.example/hosts.toml", HostsToml("../../elsewhere.crt"));
  EXPECT_THAT(Places().paths(), Contains(elsewhere_));
}

TEST_F(ReadablePlacesTest, AreTheEndsOfLinksOfFilesAndFolders) {
  fs::create_directories(folder_ / "other");
  Write("other/ca.crt", "certificate");
  fs::create_symlink(folder_ / "other", fs::path(hosts_dir_) / "b.example");
  fs::create_symlink(elsewhere_, fs::path(hosts_dir_) / "a.example/ca.crt");
  EXPECT_THAT(Places().paths(), IsSupersetOf({folder_ / "other", elsewhere_}));
}

TEST_F(ReadablePlacesTest, AHostsTomlThatCannotBeReadNamesNothing) {
  Write("certs.d/a.example/hosts.toml", "ca = [");
  EXPECT_THAT(Places().paths(), Not(Contains(elsewhere_)));
}

TEST_F(ReadablePlacesTest, AreOutdatedByANewNameElsewhere) {
  Write("certs.d/a.example/hosts.toml", HostsToml("own.crt"));
  ReadablePlaces places = Places();
  EXPECT_FALSE(places.Outdated());
  fs::create_directories(fs::path(hosts_dir_) / "c.example");
  Write("certs.d/c.example/hosts.toml", HostsToml(elsewhere_));
  EXPECT_TRUE(places.Outdated());
}

TEST_F(ReadablePlacesTest, AreNotOutdatedByRegistriesThatNameNothingElsewhere) {
  Write("certs.d/a.example/hosts.toml", HostsToml(elsewhere_));
  ReadablePlaces places = Places();
  fs::create_directories(fs::path(hosts_dir_) / "c.example");
  Write("certs.d/c.example/own.crt", "certificate");
  Write("certs.d/c.example/hosts.toml", HostsToml("own.crt"));
  EXPECT_FALSE(places.Outdated());
  fs::remove(fs::path(hosts_dir_) / "a.example/hosts.toml");
  EXPECT_FALSE(places.Outdated()) << "one name less";
}

TEST_F(ReadablePlacesTest, AreOutdatedByAFileInAnothersPlace) {
  Write("certs.d/a.example/hosts.toml", HostsToml(elsewhere_));
  ReadablePlaces places = Places();
  Write("elsewhere.crt", "the same file with other bytes");
  EXPECT_FALSE(places.Outdated());
  Write("new.crt", "another file");
  fs::rename(folder_ / "new.crt", elsewhere_);
  EXPECT_TRUE(places.Outdated());
}

TEST_F(ReadablePlacesTest, AreOutdatedByAFolderThatWasNotThereAtFirst) {
  hosts_dir_ = folder_ / "later";
  ReadablePlaces places = Places();
  EXPECT_FALSE(places.Outdated());
  fs::create_directories(hosts_dir_);
  EXPECT_TRUE(places.Outdated());
}

}  // namespace
}  // namespace sigward::worker
