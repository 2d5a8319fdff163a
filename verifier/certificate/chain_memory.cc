#include "verifier/certificate/chain_memory.h"

#include <algorithm>

#include "verifier/certificate/certificate_signature.h"

namespace sigward::verifier {

base::Status ChainMemory::Learn(const CertificateAuthority& authority) {
  for (std::size_t i = 1; i < authority.chain.size(); ++i) {
    const Certificate& subject = authority.chain[i - 1];
    const Certificate& issuer = authority.chain[i];
    if (!Knows(subject, issuer)) {
      SIGWARD_RETURN_IF_ERROR(VerifyIssued(subject, issuer));
      Remember(subject, issuer);
    }
  }
  return base::Ok();
}

ChainMemory::Link ChainMemory::LinkOf(const Certificate& subject, const Certificate& issuer) {
  Link link{};
  const auto end =
      std::copy(subject.fingerprint().begin(), subject.fingerprint().end(), link.begin());
  std::copy(issuer.fingerprint().begin(), issuer.fingerprint().end(), end);
  return link;
}

bool ChainMemory::Knows(const Certificate& subject, const Certificate& issuer) const {
  const Link link = LinkOf(subject, issuer);
  const std::lock_guard lock(mutex_);
  return std::find(links_.begin(), links_.end(), link) != links_.end();
}

void ChainMemory::Remember(const Certificate& subject, const Certificate& issuer) {
  TakeOver(LinkOf(subject, issuer));
}

void ChainMemory::TakeOver(const Link& link) {
  const std::lock_guard lock(mutex_);
  if (std::find(links_.begin(), links_.end(), link) != links_.end()) {
    return;
  }
  if (links_.size() < kMaxRememberedLinks) {
    links_.push_back(link);
    return;
  }
  links_[oldest_] = link;
  oldest_ = (oldest_ + 1) % kMaxRememberedLinks;
}

std::vector<ChainMemory::Link> ChainMemory::links() const {
  const std::lock_guard lock(mutex_);
  return links_;
}

std::size_t ChainMemory::size() const {
  const std::lock_guard lock(mutex_);
  return links_.size();
}

}  // namespace sigward::verifier
