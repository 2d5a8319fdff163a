#include "cli/tar_archive.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "result_matchers.h"
#include "tar_writer.h"

namespace sigward::cli {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::IsOkAndHolds;
using sigward::testing::Refuses;
using sigward::testing::TarEntry;
using sigward::testing::TarGz;

TEST(TarArchiveTest, HoldsItsFiles) {
  EXPECT_THAT(ReadTarGz(TarGz({{".", "", AE_IFDIR},
                               {"./folder/", "", AE_IFDIR},
                               {"./folder/a.json", "aaa"},
                               {"b", std::string(100'000, 'b')},
                               {"empty"}})),
              IsOkAndHolds(ArchiveFiles{
                  {"folder/a.json", "aaa"}, {"b", std::string(100'000, 'b')}, {"empty", ""}}));
  EXPECT_THAT(ReadTarGz(TarGz({})), IsOkAndHolds(ArchiveFiles{}));
}

TEST(TarArchiveTest, NoNameLeadsElsewhere) {
  for (const char* name : {"/etc/passwd", "../a", "a/../../b", "a/..", "..", "a//b", "a/./b",
                           "a\\b", "a\nb", "././/a"}) {
    EXPECT_THAT(ReadTarGz(TarGz({{"fine", "x"}, {name, "x"}})),
                Refuses(Reason::kMalformed, "does not lie below the archive's top"))
        << name;
  }
}

TEST(TarArchiveTest, HoldsNothingButFilesAndFolders) {
  const std::vector<TarEntry> entries = {{"a", "", AE_IFLNK, "/etc/passwd"},
                                         {"a", "", AE_IFREG, "", "fine"},
                                         {"a", "", AE_IFCHR},
                                         {"a", "", AE_IFBLK},
                                         {"a", "", AE_IFIFO}};
  for (const TarEntry& entry : entries) {
    EXPECT_THAT(ReadTarGz(TarGz({{"fine", "x"}, entry})),
                Refuses(Reason::kMalformed, "the entry a is neither a file nor a folder"))
        << entry.type;
  }
}

TEST(TarArchiveTest, ANameComesOnce) {
  EXPECT_THAT(ReadTarGz(TarGz({{"a", "x"}, {"./a", "y"}})),
              Refuses(Reason::kMalformed, "the entry a comes twice"));
}

TEST(TarArchiveTest, IsTarInGzip) {
  EXPECT_THAT(ReadTarGz(""), Refuses(Reason::kMalformed, "not packed with gzip"));
  EXPECT_THAT(ReadTarGz("PK\x03\x04"), Refuses(Reason::kMalformed, "not packed with gzip"));
  EXPECT_THAT(ReadTarGz("\x1f\x8b"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ReadTarGz("\x1f\x8bnonsense"), FailsWith(Reason::kMalformed));
  const std::string whole = TarGz({{"a", std::string(10'000, 'x')}});
  EXPECT_THAT(ReadTarGz(whole.substr(0, whole.size() / 2)), FailsWith(Reason::kMalformed));
}

TEST(TarArchiveTest, EndsAtItsBounds) {
  const auto of_bytes = [](std::size_t bytes) {
    return TarGz({{"a", std::string(bytes - 1, 'x')}, {"b", "x"}});
  };
  EXPECT_THAT(ReadTarGz(of_bytes(kMaxArchiveBytes)), IsOk());
  EXPECT_THAT(ReadTarGz(of_bytes(kMaxArchiveBytes + 1)), FailsWith(Reason::kTooLarge));

  std::vector<TarEntry> entries;
  for (std::size_t i = 0; i < kMaxArchiveEntries; ++i) {
    entries.push_back({std::to_string(i)});
  }
  EXPECT_THAT(ReadTarGz(TarGz(entries)), IsOk());
  entries.push_back({"one more"});
  EXPECT_THAT(ReadTarGz(TarGz(entries)), FailsWith(Reason::kTooLarge));

  const auto of_name = [](std::size_t bytes) { return TarGz({{std::string(bytes, 'n'), "x"}}); };
  EXPECT_THAT(ReadTarGz(of_name(kMaxArchiveName)), IsOk());
  EXPECT_THAT(ReadTarGz(of_name(kMaxArchiveName + 1)), FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::cli
