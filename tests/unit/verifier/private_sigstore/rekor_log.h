#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/strict_json.h"
#include "private_sigstore/merkle_tree.h"
#include "test_key.h"
#include "verifier/transparency/log_entry.h"
#include "verifier/transparency/transparency_log.h"

namespace sigward::testing {

enum class RekorVersion { kV1, kV2 };

/// A transparency log as Rekor v1 (a promise, a proof and a checkpoint for each entry) or Rekor v2
/// (proof and checkpoint) keeps one. It logs whatever it is given and signs whatever it is asked
/// to, so a test can have every fault with everything else right.
class RekorLog {
 public:
  /// Its key is trusted from here on, without an end.
  static constexpr verifier::Time kStart{std::chrono::seconds{1'700'000'000}};

  RekorLog(RekorVersion version, const TestKey& key, std::string host = "rekor.example");

  /// As a trust root names it.
  verifier::TransparencyLog trusted() const;

  /// Logs BODY, with other entries before and behind it. The entry's kind is BODY's.
  verifier::LogEntry Add(const base::Json& body, verifier::Time time);
  /// The same for bytes that need not be an entry.
  verifier::LogEntry Add(std::string_view body, std::string kind, std::string version,
                         verifier::Time time);

  /// Promises to include ENTRY as it stands.
  base::ByteBuffer Promise(const verifier::LogEntry& entry) const;

  const std::string& host() const { return host_; }
  const base::ByteBuffer& id() const { return id_; }
  std::string origin() const;
  /// The text of the checkpoint of the tree as it is now.
  std::string CheckpointText() const;
  /// A signature line by the log over TEXT; its name and key id can be other ones.
  std::string Line(std::string_view text) const;
  std::string Line(std::string_view text, std::string_view name, base::ByteView key_id) const;
  /// TEXT as a note that the log signed.
  std::string Note(std::string_view text) const { return std::string(text) + "\n" + Line(text); }

 private:
  RekorVersion version_;
  TestKey key_;
  std::string host_;
  base::ByteBuffer id_;
  MerkleTree tree_;
};

/// A signature line of a witness that nobody knows.
std::string CosignatureLine();

}  // namespace sigward::testing
