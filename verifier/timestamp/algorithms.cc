#include "verifier/timestamp/algorithms.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sigward::verifier {
namespace {

using namespace std::string_view_literals;
using base::Reason;

struct NamedHash {
  std::string_view oid;
  HashAlgorithm hash;
};
constexpr std::array<NamedHash, 3> kHashes = {{
    {"\x60\x86\x48\x01\x65\x03\x04\x02\x01"sv, HashAlgorithm::kSha256},
    {"\x60\x86\x48\x01\x65\x03\x04\x02\x02"sv, HashAlgorithm::kSha384},
    {"\x60\x86\x48\x01\x65\x03\x04\x02\x03"sv, HashAlgorithm::kSha512},
}};

struct NamedSignature {
  std::string_view oid;
  SignatureAlgorithm algorithm;
};
constexpr std::array<NamedSignature, 8> kSignatures = {{
    {"\x2a\x86\x48\xce\x3d\x04\x03\x02"sv, {SignatureFamily::kEcdsa, HashAlgorithm::kSha256}},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x03"sv, {SignatureFamily::kEcdsa, HashAlgorithm::kSha384}},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x04"sv, {SignatureFamily::kEcdsa, HashAlgorithm::kSha512}},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"sv, {SignatureFamily::kRsaPkcs1, std::nullopt}},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"sv,
     {SignatureFamily::kRsaPkcs1, HashAlgorithm::kSha256}},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"sv,
     {SignatureFamily::kRsaPkcs1, HashAlgorithm::kSha384}},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"sv,
     {SignatureFamily::kRsaPkcs1, HashAlgorithm::kSha512}},
    {"\x2b\x65\x70"sv, {SignatureFamily::kEd25519, std::nullopt}},
}};

/// The object identifier of an AlgorithmIdentifier whose parameters are absent or NULL.
base::Result<base::ByteView> ReadPlainAlgorithm(DerReader& reader, const char* what) {
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView sequence, reader.Read(DerTag::kSequence));
  DerReader parts(sequence);
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView oid, parts.Read(DerTag::kObjectId));
  if (parts.NextIs(DerTag::kNull)) {
    SIGWARD_ASSIGN_OR_RETURN(const base::ByteView null, parts.Read(DerTag::kNull));
    if (!null.empty()) {
      return base::Fail(Reason::kMalformed, std::string(what) + ": NULL has contents");
    }
  }
  if (!parts.AtEnd()) {
    return base::Fail(Reason::kUnsupportedAlgorithm, std::string(what) + " has parameters");
  }
  return oid;
}

}  // namespace

base::Result<HashAlgorithm> ReadHashAlgorithm(DerReader& reader) {
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView oid, ReadPlainAlgorithm(reader, "its hash"));
  const auto* found = std::find_if(kHashes.begin(), kHashes.end(),
                                   [&](const NamedHash& h) { return h.oid == base::AsText(oid); });
  if (found == kHashes.end()) {
    return base::Fail(Reason::kUnsupportedAlgorithm,
                      "its hash is none of SHA-256, SHA-384 and SHA-512");
  }
  return found->hash;
}

base::Result<SignatureAlgorithm> ReadSignatureAlgorithm(DerReader& reader) {
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView oid,
                           ReadPlainAlgorithm(reader, "its signature algorithm"));
  const auto* found =
      std::find_if(kSignatures.begin(), kSignatures.end(),
                   [&](const NamedSignature& s) { return s.oid == base::AsText(oid); });
  if (found == kSignatures.end()) {
    return base::Fail(Reason::kUnsupportedAlgorithm,
                      "its signature algorithm is not one that is verified here");
  }
  return found->algorithm;
}

bool Fits(SignatureFamily family, KeyType type) {
  switch (family) {
    case SignatureFamily::kEcdsa:
      return type == KeyType::kEcdsaP256 || type == KeyType::kEcdsaP384 ||
             type == KeyType::kEcdsaP521;
    case SignatureFamily::kRsaPkcs1:
      return type == KeyType::kRsa;
    case SignatureFamily::kEd25519:
      return type == KeyType::kEd25519;
  }
  base::AbortOnMisuse("unknown signature family");
}

}  // namespace sigward::verifier
