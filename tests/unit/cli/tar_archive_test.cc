#include "cli/tar_archive.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "result_matchers.h"
#include "tar_writer.h"

namespace sigward::cli {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::Gz;
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
  EXPECT_THAT(ReadTarGz(Gz(whole)), Refuses(Reason::kMalformed, "more than once"));
}

/// A block of ustar (POSIX.1) that says SIZE, and BYTES, filled up to whole blocks.
std::string Raw(const std::string& name, char type, const std::string& bytes, std::size_t size,
                const std::string& link = "") {
  constexpr std::size_t kBlock = 512;
  constexpr std::size_t kSizeAt = 124;
  constexpr std::size_t kSumAt = 148;
  std::string block(kBlock, '\0');
  std::array<char, 16> octal{};
  const auto put = [&block](std::size_t at, std::string_view text) {
    block.replace(at, text.size(), text);
  };
  put(0, name);
  put(100, "0000644");
  (void)std::snprintf(octal.data(), octal.size(), "%011zo", size);
  put(kSizeAt, octal.data());
  put(136, "00000000000");
  put(156, std::string(1, type));
  put(157, link);
  put(257, std::string_view("ustar\00000", 8));
  put(kSumAt, "        ");
  unsigned sum = 0;
  for (const char c : block) {
    sum += static_cast<unsigned char>(c);
  }
  (void)std::snprintf(octal.data(), octal.size(), "%06o", sum);
  put(kSumAt, std::string(octal.data()) + '\0');
  block += bytes;
  block.resize((block.size() + kBlock - 1) / kBlock * kBlock);
  return block;
}
std::string Raw(const std::string& name, char type, const std::string& bytes) {
  return Raw(name, type, bytes, bytes.size());
}
/// Extended attributes (pax) for the entry that follows.
std::string Pax(const std::vector<std::pair<std::string, std::string>>& attributes) {
  std::string all;
  for (const auto& [name, value] : attributes) {
    const std::string rest = " " + name + "=" + value + "\n";
    std::size_t length = rest.size() + 1;
    while (std::to_string(length).size() + rest.size() != length) {
      ++length;
    }
    all += std::to_string(length) + rest;
  }
  return Raw("pax", 'x', all);
}

TEST(TarArchiveTest, WhatTheWriterMakesByHandIsRead) {
  EXPECT_THAT(ReadTarGz(Gz(Raw("a", '0', "x") + std::string(1024, '\0'))),
              IsOkAndHolds(ArchiveFiles{{"a", "x"}}));
  EXPECT_THAT(ReadTarGz(Gz(Pax({{"path", "b"}}) + Raw("a", '0', "x"))),
              IsOkAndHolds(ArchiveFiles{{"b", "x"}}));
}

TEST(TarArchiveTest, LongNamesLeadNowhereElse) {
  for (const std::string& before : {Pax({{"path", "../../etc/passwd"}}), Pax({{"path", "/etc/a"}}),
                                    Raw("././@LongLink", 'L', std::string("../a\0", 5))}) {
    EXPECT_THAT(ReadTarGz(Gz(before + Raw("fine", '0', "x"))),
                Refuses(Reason::kMalformed, "does not lie below the archive's top"));
  }
}

TEST(TarArchiveTest, FilesWithHolesAreNotUnfolded) {
  const std::string tera = std::to_string(std::uint64_t{1} << 40);
  EXPECT_THAT(ReadTarGz(Gz(Pax({{"GNU.sparse.size", tera},
                                {"GNU.sparse.numblocks", "1"},
                                {"GNU.sparse.offset", "0"},
                                {"GNU.sparse.numbytes", "1"}}) +
                           Raw("a", '0', "x"))),
              Refuses(Reason::kMalformed, "the entry a is neither a file nor a folder"));
  EXPECT_THAT(ReadTarGz(Gz(Pax({{"GNU.sparse.major", "1"},
                                {"GNU.sparse.minor", "0"},
                                {"GNU.sparse.name", "a"},
                                {"GNU.sparse.realsize", tera}}) +
                           Raw("sparse/a", '0', "1\n0\n1\n" + std::string(506, '\0') + "x"))),
              Refuses(Reason::kMalformed, "the entry a is neither a file nor a folder"));
}

/// Headers upon headers without an entry: neither the stack nor the time grows with them.
TEST(TarArchiveTest, HeadersWithoutAnEntryEnd) {
  for (const std::string& header : {Raw("././@LongLink", 'L', std::string("a\0", 2)),
                                    Pax({{"path", "a"}}), Raw("pax", 'g', "10 path=a\n")}) {
    std::string many;
    for (int i = 0; i < 20'000; ++i) {
      many += header;
    }
    EXPECT_THAT(ReadTarGz(Gz(many)), FailsWith(Reason::kMalformed));
  }
  EXPECT_THAT(ReadTarGz(Gz(Raw("././@LongLink", 'L', std::string(4 << 20, 'a')))),
              FailsWith(Reason::kMalformed));
}

/// What stands around the files counts too: it packs to nothing.
TEST(TarArchiveTest, HeadersHaveABound) {
  const std::string folder = Pax({{"comment", std::string(900'000, 'c')}}) + Raw("d", '5', "");
  const auto of = [&folder](std::size_t bytes) {
    std::string many;
    while (many.size() < bytes) {
      many += folder;
    }
    return Gz(many + std::string(1024, '\0'));
  };
  EXPECT_THAT(ReadTarGz(of(kMaxArchiveBytes)), IsOk());
  EXPECT_THAT(ReadTarGz(of(2 * kMaxArchiveBytes + folder.size())),
              Refuses(Reason::kTooLarge, "too long headers"));
}

/// POSIX lets a hard link carry bytes, as a file does.
TEST(TarArchiveTest, AHardLinkWithBytesIsNoFile) {
  EXPECT_THAT(
      ReadTarGz(Gz(Raw("fine", '0', "x") + Pax({{"path", "a"}}) + Raw("b", '1', "y", 1, "fine"))),
      Refuses(Reason::kMalformed, "the entry a is neither a file nor a folder"));
}

TEST(TarArchiveTest, AttributesThatAreNotUnderstoodAreNotPassedOver) {
  EXPECT_THAT(ReadTarGz(Gz(Raw("pax", 'x', "nonsense\n") + Raw("a", '0', "x"))),
              Refuses(Reason::kMalformed, "the archive is broken"));
}

TEST(TarArchiveTest, ASizeThatIsNotThereIsNotBelieved) {
  EXPECT_THAT(ReadTarGz(Gz(Raw("a", '0', "x", std::size_t{1} << 32))),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(ReadTarGz(Gz(Pax({{"size", "-1"}}) + Raw("a", '0', "x"))),
              FailsWith(Reason::kMalformed));
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
