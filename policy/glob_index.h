#pragma once

#include <cstddef>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/glob.h"

namespace sigward::policy {

/// Finds which of many globs match without trying each: one whose literal beginning is not the
/// subject's is never looked at.
class GlobIndex {
 public:
  /// GLOB outlives the index and stays where it is; Find gives OWNER back.
  void Add(const Glob& glob, std::size_t owner);

  /// The owners of globs that match SUBJECT, each once, in ascending order.
  std::vector<std::size_t> Find(const GlobSubject& subject) const;

 private:
  struct Entry {
    const Glob* glob;
    std::size_t owner;
  };

  std::unordered_map<std::string_view, std::vector<Entry>> by_literal_;
  /// Lengths of the literals: few, whatever the number of globs.
  std::set<std::size_t> lengths_;
};

}  // namespace sigward::policy
