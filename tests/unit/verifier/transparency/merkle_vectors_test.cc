// Proofs that others made, good and bad.

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/strict_json.h"
#include "result_matchers.h"
#include "verifier/transparency/merkle.h"

namespace sigward::verifier {
namespace {

constexpr std::size_t kMaxFile = 1U << 16;

base::ByteBuffer Bytes(const base::Json& text) {
  return std::move(base::DecodeBase64(text.get<std::string>(), kMaxFile)).value();
}

/// Null stands for an empty proof.
std::vector<base::ByteBuffer> Proof(const base::Json& hashes) {
  std::vector<base::ByteBuffer> proof;
  for (const base::Json& hash : hashes) {
    proof.push_back(Bytes(hash));
  }
  return proof;
}

struct Counts {
  std::size_t good = 0;
  std::size_t bad = 0;
};

/// Judges every file below FOLDER by JUDGE.
Counts JudgeAll(const std::string& folder,
                const std::function<base::Status(const base::Json&)>& judge) {
  Counts counts;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           SIGWARD_SOURCE_DIR "/tests/vectors/merkle/" + folder)) {
    if (!entry.is_regular_file()) {
      continue;
    }
    std::ifstream file(entry.path());
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    const base::Result<base::Json> vector = base::ParseStrictJson(text, kMaxFile);
    EXPECT_THAT(vector, sigward::testing::IsOk()) << entry.path();
    const bool bad = (*vector)["wantErr"].get<bool>();
    ++(bad ? counts.bad : counts.good);
    EXPECT_EQ(judge(*vector).ok(), !bad) << entry.path() << ": " << (*vector)["desc"];
  }
  return counts;
}

TEST(MerkleVectorsTest, InclusionProofs) {
  const Counts counts = JudgeAll("inclusion", [](const base::Json& vector) {
    return VerifyInclusion(Bytes(vector["leafHash"]), vector["leafIdx"].get<std::uint64_t>(),
                           vector["treeSize"].get<std::uint64_t>(), Proof(vector["proof"]),
                           Bytes(vector["root"]));
  });
  EXPECT_EQ(counts.good, 6U);
  EXPECT_EQ(counts.bad, 92U);
}

TEST(MerkleVectorsTest, ConsistencyProofs) {
  const Counts counts = JudgeAll("consistency", [](const base::Json& vector) {
    const base::ByteBuffer first = Bytes(vector["root1"]);
    const base::ByteBuffer second = Bytes(vector["root2"]);
    return VerifyConsistency({vector["size1"].get<std::uint64_t>(), first},
                             {vector["size2"].get<std::uint64_t>(), second},
                             Proof(vector["proof"]));
  });
  EXPECT_EQ(counts.good, 6U);
  EXPECT_EQ(counts.bad, 92U);
}

}  // namespace
}  // namespace sigward::verifier
