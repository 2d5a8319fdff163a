#include "verifier/certificate/sct.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "verifier/der.h"
#include "verifier/ossl.h"

namespace sigward::verifier {
namespace {

using namespace std::string_view_literals;
using base::ByteBuffer;
using base::ByteView;
using base::Reason;
using base::Result;

// 1.3.6.1.4.1.11129.2.4.2
constexpr std::string_view kOidSctList = "\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02"sv;

constexpr std::uint8_t kVersion1 = 0;
constexpr std::size_t kLogIdBytes = 32;
constexpr std::uint8_t kSignatureTypeTimestamp = 0;
constexpr std::uint64_t kEntryTypePrecertificate = 1;
// RFC 5246 §7.4.1.4.1 and, for Ed25519, RFC 8422 §5.1.3.
constexpr std::uint8_t kHashSha256 = 4;
constexpr std::uint8_t kHashSha384 = 5;
constexpr std::uint8_t kHashSha512 = 6;
constexpr std::uint8_t kHashIntrinsic = 8;
constexpr std::uint8_t kSignatureRsa = 1;
constexpr std::uint8_t kSignatureEcdsa = 3;
constexpr std::uint8_t kSignatureEd25519 = 7;
// Moments that no calendar here can hold are outside every window.
constexpr std::uint64_t kMaxTimestamp = 253'402'300'799'999;

base::Error Invalid(std::string what) {
  return base::Fail(Reason::kSctInvalid, std::move(what));
}

/// Reads the numbers and vectors of TLS's presentation language (RFC 5246 §4). Once something was
/// not there, nothing further is.
class TlsReader {
 public:
  explicit TlsReader(ByteView bytes) : rest_(bytes) {}

  std::uint64_t Number(std::size_t octets) {
    std::uint64_t value = 0;
    for (const std::uint8_t octet : Bytes(octets)) {
      value = value << 8 | octet;
    }
    return value;
  }
  ByteView Bytes(std::size_t count) {
    if (failed_ || count > rest_.size()) {
      failed_ = true;
      return {};
    }
    const ByteView bytes = rest_.first(count);
    rest_ = rest_.subspan(count);
    return bytes;
  }
  /// A vector behind a length of two octets.
  ByteView Vector() { return Bytes(static_cast<std::size_t>(Number(2))); }
  bool failed() const { return failed_; }
  /// Everything was there, and nothing is left.
  bool Complete() const { return !failed_ && rest_.empty(); }
  bool AtEnd() const { return rest_.empty(); }

 private:
  ByteView rest_;
  bool failed_ = false;
};

void AppendNumber(ByteBuffer& to, std::uint64_t value, std::size_t octets) {
  for (std::size_t i = octets; i > 0; --i) {
    to.push_back(static_cast<std::uint8_t>(value >> (8 * (i - 1))));
  }
}

void Append(ByteBuffer& to, ByteView bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

Result<Sct> ParseSct(ByteView serialized) {
  TlsReader reader(serialized);
  if (reader.Number(1) != kVersion1 || reader.failed()) {
    return Invalid("an SCT is not of version 1");
  }
  Sct sct;
  sct.log_id = reader.Bytes(kLogIdBytes);
  sct.timestamp = reader.Number(8);
  sct.extensions = reader.Vector();
  sct.hash_algorithm = static_cast<std::uint8_t>(reader.Number(1));
  sct.signature_algorithm = static_cast<std::uint8_t>(reader.Number(1));
  sct.signature = reader.Vector();
  if (!reader.Complete()) {
    return Invalid("an SCT is not as long as it says");
  }
  return sct;
}

/// What the log signed (RFC 6962 §3.2).
ByteBuffer SignedStruct(const Sct& sct, ByteView issuer_key_hash, ByteView tbs) {
  ByteBuffer out;
  out.push_back(kVersion1);
  out.push_back(kSignatureTypeTimestamp);
  AppendNumber(out, sct.timestamp, 8);
  AppendNumber(out, kEntryTypePrecertificate, 2);
  Append(out, issuer_key_hash);
  AppendNumber(out, tbs.size(), 3);
  Append(out, tbs);
  AppendNumber(out, sct.extensions.size(), 2);
  Append(out, sct.extensions);
  return out;
}

/// The hash that SCT says it was signed with, where LOG may have used it.
std::optional<HashAlgorithm> HashFor(const Sct& sct, const TransparencyLog& log) {
  const KeyType type = log.key->type();
  if (type == KeyType::kEd25519) {
    const bool fits =
        sct.signature_algorithm == kSignatureEd25519 && sct.hash_algorithm == kHashIntrinsic;
    return fits ? std::optional(log.hash) : std::nullopt;
  }
  if (sct.signature_algorithm != (type == KeyType::kRsa ? kSignatureRsa : kSignatureEcdsa)) {
    return std::nullopt;
  }
  if (sct.hash_algorithm == kHashSha256) {
    return HashAlgorithm::kSha256;
  }
  const bool own = (sct.hash_algorithm == kHashSha384 && log.hash == HashAlgorithm::kSha384) ||
                   (sct.hash_algorithm == kHashSha512 && log.hash == HashAlgorithm::kSha512);
  return own ? std::optional(log.hash) : std::nullopt;
}

const TransparencyLog* FindLog(const Sct& sct, std::span<const TransparencyLog> logs) {
  if (sct.timestamp > kMaxTimestamp) {
    return nullptr;
  }
  const Time time =
      std::chrono::floor<std::chrono::seconds>(std::chrono::sys_time<std::chrono::milliseconds>(
          std::chrono::milliseconds(static_cast<std::int64_t>(sct.timestamp))));
  const auto found = std::find_if(logs.begin(), logs.end(), [&](const TransparencyLog& log) {
    return base::AsText(log.log_id) == base::AsText(sct.log_id) && log.validity.Contains(time);
  });
  return found == logs.end() ? nullptr : &*found;
}

/// The list that is embedded in the certificate, without its two DER wrappings.
Result<ByteView> EmbeddedList(const Certificate& leaf) {
  const Extension* extension = leaf.FindExtension(kOidSctList);
  if (extension == nullptr) {
    return Invalid("the signing certificate holds no SCT");
  }
  DerReader reader(extension->value);
  const Result<ByteView> list = reader.Read(DerTag::kOctetString);
  if (!list.ok() || !reader.AtEnd()) {
    return Invalid("the list of SCTs is not DER");
  }
  return *list;
}

}  // namespace

Result<std::vector<Sct>> ParseSctList(ByteView list) {
  TlsReader whole(list);
  TlsReader reader(whole.Vector());
  if (!whole.Complete() || reader.AtEnd()) {
    return Invalid("the list of SCTs is empty or not as long as it says");
  }
  std::vector<Sct> scts;
  while (!reader.AtEnd()) {
    const ByteView serialized = reader.Vector();
    if (reader.failed() || scts.size() == kMaxScts) {
      return Invalid("the list of SCTs is cut off, or longer than " + std::to_string(kMaxScts));
    }
    SIGWARD_ASSIGN_OR_RETURN(const Sct sct, ParseSct(serialized));
    scts.push_back(sct);
  }
  return scts;
}

Result<VerifiedScts> VerifyScts(const VerifiedChain& chain, std::span<const TransparencyLog> logs,
                                std::size_t threshold) {
  if (threshold == 0) {
    base::AbortOnMisuse("SCTs are checked against a threshold of none");
  }
  SIGWARD_ASSIGN_OR_RETURN(const ByteView list, EmbeddedList(chain.leaf()));
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<Sct> scts, ParseSctList(list));
  const ByteBuffer tbs = chain.leaf().TbsWithout(kOidSctList);
  const ByteBuffer issuer_key_hash = HashOf(chain.issuer().spki(), HashAlgorithm::kSha256);
  // By operator, or by id where the root does not say one.
  std::set<std::pair<bool, std::string_view>> promised;
  for (const Sct& sct : scts) {
    const TransparencyLog* log = FindLog(sct, logs);
    if (log == nullptr) {
      continue;
    }
    const std::optional<HashAlgorithm> hash = HashFor(sct, *log);
    if (!hash ||
        !log->key->Verify(SignedStruct(sct, issuer_key_hash, tbs), sct.signature, *hash).ok()) {
      return Invalid("an SCT is not of this certificate, or not by the log that it names");
    }
    promised.emplace(log->operated_by.empty(), log->operated_by.empty()
                                                   ? base::AsText(log->log_id)
                                                   : std::string_view(log->operated_by));
  }
  if (promised.size() < threshold) {
    return Invalid("the signing certificate has SCTs of " + std::to_string(promised.size()) +
                   " trusted logs; " + std::to_string(threshold) + " are asked for");
  }
  return VerifiedScts(promised.size());
}

}  // namespace sigward::verifier
