#include "plugin/evidence/object_facts.h"

#include "base/reason.h"

namespace sigward::evidence {

using base::Fail;
using base::Reason;
using verifier::Digest;
using worker::ImageObjectFacts;
using worker::ImageObjectRole;

base::Result<ImageObjectFacts> ObjectFacts::Of(const Blobs& blobs, const Digest& digest,
                                               ImageObjectRole role,
                                               const base::Deadline& deadline) {
  const Key key(digest, role);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = remembered_.find(key); found != remembered_.end()) {
      return found->second;
    }
  }
  auto facts = Read(blobs, digest, role, deadline);
  // What could not be told now may be told the next time, what is not here may come, and bytes that
  // were not the digest's may be mended.
  if (!facts.ok() &&
      (base::CouldNotTell(facts.error().reason) || facts.error().reason == Reason::kImageUnknown ||
       facts.error().reason == Reason::kDigestMismatch)) {
    return facts;
  }
  const std::lock_guard lock(mutex_);
  if (remembered_.size() >= kMaxRememberedObjects) {
    remembered_.clear();
  }
  remembered_.emplace(key, facts);
  return facts;
}

base::Result<ImageObjectFacts> ObjectFacts::Read(const Blobs& blobs, const Digest& digest,
                                                 ImageObjectRole role,
                                                 const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(const auto bytes,
                           blobs.Read(digest, verifier::kMaxManifestBytes, deadline));
  if (!bytes.has_value()) {
    return Fail(Reason::kImageUnknown, digest.text() + " is not in " + blobs.place());
  }
  return reader_.ReadImageObject(digest, role, platform_, *bytes, deadline);
}

}  // namespace sigward::evidence
