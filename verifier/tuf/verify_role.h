#pragma once

#include <string>
#include <string_view>

#include "verifier/tuf/read_roles.h"
#include "verifier/tuf/signed_document.h"

namespace sigward::verifier::tuf {

// One file of a repository, from bytes to what it says. FILE is its name in errors.

inline base::Error WrongVersion(const std::string& file, std::uint64_t is,
                                std::string_view relation, std::uint64_t expected) {
  return base::Fail(base::Reason::kDescriptorMismatch, file + " is version " + std::to_string(is) +
                                                           ", " + std::string(relation) + " " +
                                                           std::to_string(expected));
}

/// The length and hashes that stand in signed metadata. A length is exact, although §5.7.3 would
/// let a target be shorter: hashes decide then.
inline base::Status CheckListed(const std::string& file, const ListedFile& listed,
                                std::string_view bytes) {
  if (listed.length && *listed.length != bytes.size()) {
    return base::Fail(base::Reason::kDescriptorMismatch,
                      file + " has " + std::to_string(bytes.size()) + " bytes, " +
                          std::to_string(*listed.length) + " are listed");
  }
  for (const Digest& digest : listed.digests) {
    SIGWARD_RETURN_IF_ERROR(CheckDigest(base::AsBytes(bytes), digest, file));
  }
  return base::Ok();
}

/// Most bytes of a file, of which no more than MAX are taken.
inline std::size_t Bound(const ListedFile& listed, std::size_t max) {
  return listed.length && *listed.length < max ? static_cast<std::size_t>(*listed.length) : max;
}

/// Parses FILE, verifies it, and reads it by READ.
template <typename T>
base::Result<T> Verified(std::string_view bytes, std::size_t max_bytes, const std::string& file,
                         const KeyRing& keys, const RoleRule& rule,
                         base::Result<T> (*read)(const VerifiedDocument&)) {
  SIGWARD_ASSIGN_OR_RETURN(const SignedDocument document,
                           SignedDocument::Parse(base::AsBytes(bytes), max_bytes, file));
  SIGWARD_ASSIGN_OR_RETURN(const VerifiedDocument verified, document.VerifyBy(keys, rule));
  return read(verified);
}

/// A file that other metadata lists: its bytes, then its signatures, then its version.
template <typename T>
base::Result<T> VerifiedListed(std::string_view bytes, std::size_t max_bytes,
                               const std::string& file, const ListedMetadata& listed,
                               const KeyRing& keys, const RoleRule& rule,
                               base::Result<T> (*read)(const VerifiedDocument&)) {
  SIGWARD_RETURN_IF_ERROR(CheckListed(file, listed.file, bytes));
  SIGWARD_ASSIGN_OR_RETURN(T role, Verified(bytes, max_bytes, file, keys, rule, read));
  if (role.version != listed.version) {
    return WrongVersion(file, role.version, "listed is", listed.version);
  }
  return role;
}

}  // namespace sigward::verifier::tuf
