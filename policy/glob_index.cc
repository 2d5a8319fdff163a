#include "policy/glob_index.h"

#include <algorithm>

namespace sigward::policy {

void GlobIndex::Add(const Glob& glob, std::size_t owner) {
  by_literal_[glob.literal()].push_back({&glob, owner});
  lengths_.insert(glob.literal().size());
}

std::vector<std::size_t> GlobIndex::Find(const GlobSubject& subject) const {
  std::vector<std::size_t> owners;
  for (const std::string_view spelling : subject.spellings()) {
    for (const std::size_t length : lengths_) {
      if (length > spelling.size()) {
        break;
      }
      const auto found = by_literal_.find(spelling.substr(0, length));
      if (found == by_literal_.end()) {
        continue;
      }
      for (const Entry& entry : found->second) {
        if (entry.glob->MatchesSpelling(spelling)) {
          owners.push_back(entry.owner);
        }
      }
    }
  }
  std::ranges::sort(owners);
  owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
  return owners;
}

}  // namespace sigward::policy
