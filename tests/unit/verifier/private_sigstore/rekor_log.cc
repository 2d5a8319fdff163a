#include "private_sigstore/rekor_log.h"

#include <utility>

#include "base/base64.h"
#include "verifier/ossl.h"

namespace sigward::testing {
namespace {

using base::ByteBuffer;
using base::ByteView;
using verifier::HashAlgorithm;
using verifier::HashOf;
using verifier::LogEntry;

constexpr std::size_t kEd25519Bytes = 32;
constexpr std::size_t kKeyIdBytes = 4;
/// Entries before and behind each one, so that its proof has both left and right siblings.
constexpr int kNeighbours = 3;
/// Rekor v1 counts entries over all its trees.
constexpr std::uint64_t kOlderTrees = 1000;

/// SHA-256 of the key, or for Ed25519 what C2SP's signed-note calls the key id, untruncated.
ByteBuffer IdOf(RekorVersion version, const TestKey& key, const std::string& host) {
  const ByteBuffer spki = key.spki();
  if (version == RekorVersion::kV1 || key.public_key().type() != verifier::KeyType::kEd25519) {
    return HashOf(spki, HashAlgorithm::kSha256);
  }
  ByteBuffer input(host.begin(), host.end());
  input.push_back('\n');
  input.push_back(1);
  input.insert(input.end(), spki.end() - kEd25519Bytes, spki.end());
  return HashOf(input, HashAlgorithm::kSha256);
}

/// The hash that a trust root's details name with such a key.
HashAlgorithm DetailedHashOf(const TestKey& key) {
  const verifier::KeyType type = key.public_key().type();
  return type == verifier::KeyType::kEcdsaP384   ? HashAlgorithm::kSha384
         : type == verifier::KeyType::kEcdsaP521 ? HashAlgorithm::kSha512
                                                 : HashAlgorithm::kSha256;
}

std::string LineOf(std::string_view name, ByteView key_id, ByteView signature) {
  ByteBuffer bytes(key_id.begin(), key_id.end());
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  return "\u2014 " + std::string(name) + " " + base::EncodeBase64(bytes) + "\n";
}

}  // namespace

RekorLog::RekorLog(RekorVersion version, const TestKey& key, std::string host)
    : version_(version), key_(key), host_(std::move(host)), id_(IdOf(version, key, host_)) {}

verifier::TransparencyLog RekorLog::trusted() const {
  verifier::TransparencyLog log;
  log.base_url = "https://" + host_;
  log.log_id = id_;
  log.key = std::make_shared<const verifier::PublicKey>(key_.public_key());
  log.hash = DetailedHashOf(key_);
  log.validity.start = kStart;
  return log;
}

std::string RekorLog::origin() const {
  return version_ == RekorVersion::kV1 ? host_ + " - 4711" : host_;
}

std::string RekorLog::CheckpointText() const {
  return origin() + "\n" + std::to_string(tree_.size()) + "\n" + base::EncodeBase64(tree_.Root()) +
         "\n";
}

std::string RekorLog::Line(std::string_view text) const {
  return Line(text, host_, ByteView(id_).first(kKeyIdBytes));
}

std::string RekorLog::Line(std::string_view text, std::string_view name, ByteView key_id) const {
  // Rekor v1 signs by SHA-256 whatever its key.
  const HashAlgorithm hash =
      version_ == RekorVersion::kV1 ? HashAlgorithm::kSha256 : DetailedHashOf(key_);
  return LineOf(name, key_id, key_.Sign(base::AsBytes(text), hash));
}

ByteBuffer RekorLog::Promise(const LogEntry& entry) const {
  const base::Json promised = {
      {"body", base::EncodeBase64(entry.canonicalized_body)},
      {"integratedTime", entry.integrated_time->time_since_epoch().count()},
      {"logID", base::EncodeHex(entry.log_id)},
      {"logIndex", entry.log_index}};
  return key_.Sign(base::AsBytes(promised.dump()));
}

LogEntry RekorLog::Add(const base::Json& body, verifier::Time time) {
  return Add(body.dump(), body["kind"].get<std::string>(), body["apiVersion"].get<std::string>(),
             time);
}

LogEntry RekorLog::Add(std::string_view body, std::string kind, std::string version,
                       verifier::Time time) {
  const auto add_neighbours = [&] {
    for (int i = 0; i < kNeighbours; ++i) {
      tree_.Add(base::AsBytes("neighbour " + std::to_string(tree_.size())));
    }
  };
  LogEntry entry;
  entry.log_id = id_;
  entry.kind = std::move(kind);
  entry.version = std::move(version);
  entry.canonicalized_body.assign(body.begin(), body.end());
  add_neighbours();
  const std::uint64_t index = tree_.Add(base::AsBytes(body));
  add_neighbours();
  entry.log_index = index;
  if (version_ == RekorVersion::kV1) {
    entry.log_index += kOlderTrees;
    entry.integrated_time = time;
    entry.signed_entry_timestamp = Promise(entry);
  }
  verifier::InclusionProof proof;
  proof.log_index = index;
  proof.tree_size = tree_.size();
  proof.root_hash = tree_.Root();
  proof.hashes = tree_.InclusionProof(index);
  proof.checkpoint = Note(CheckpointText());
  entry.inclusion_proof = std::move(proof);
  return entry;
}

std::string CosignatureLine() {
  constexpr std::uint8_t kKeyId[] = {0x3b, 0xc3, 0xc7, 0xe4};
  return LineOf("witness.example", kKeyId, ByteBuffer(72, 0x5a));
}

}  // namespace sigward::testing
