#include "plugin/containerd/snapshot_chain.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "verifier/chain_id.h"

namespace sigward::containerd {
namespace {

using base::Fail;
using base::Reason;
using verifier::Digest;

constexpr std::array<std::string_view, 2> kProving{"overlayfs", "native"};
constexpr std::size_t kMaxNameText = 200;

std::string Shown(const std::string& name) {
  return base::OneLine(name, kMaxNameText);
}

bool IsDecimal(std::string_view text) {
  return !text.empty() && text.size() <= 10 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// The chain that "CHAIN-uid-gid" is a copy of, or nothing. A chain id holds no '-'.
std::optional<std::string> OriginalOfCopy(const std::string& name) {
  const std::size_t first = name.find('-');
  const std::size_t second = first == std::string::npos ? first : name.find('-', first + 1);
  if (second == std::string::npos ||
      !IsDecimal(std::string_view(name).substr(first + 1, second - first - 1)) ||
      !IsDecimal(std::string_view(name).substr(second + 1))) {
    return std::nullopt;
  }
  return name.substr(0, first);
}

class Walk {
 public:
  Walk(Records& records, const std::string& ns, std::string snapshotter,
       const base::Deadline& deadline)
      : records_(records), ns_(ns), snapshotter_(std::move(snapshotter)), deadline_(deadline) {}

  /// The chain id that the active snapshot OWN, found under KEY, stands on.
  base::Result<Digest> ChainOf(const std::string& key, const Snapshot& own, bool is_dockers) const {
    if (own.kind == SnapshotKind::kCommitted) {
      return Fail(Reason::kRootfsMismatch,
                  "the snapshot " + Shown(key) + " is no container's but an image's layer");
    }
    std::string parent = own.parent;
    if (is_dockers && parent == key + "-init") {
      SIGWARD_ASSIGN_OR_RETURN(parent, ParentOfCommitted(parent));
    }
    if (const auto original = OriginalOfCopy(parent)) {
      SIGWARD_ASSIGN_OR_RETURN(const std::string below, ParentOfCommitted(parent));
      if (below != *original) {
        return Fail(Reason::kRootfsMismatch, "the snapshot " + Shown(parent) +
                                                 " is no copy of what its name says, but of " +
                                                 Shown(below));
      }
      parent = *original;
    }
    auto chain = Digest::Parse(parent);
    if (!chain.ok() || chain->algorithm() != verifier::DigestAlgorithm::kSha256) {
      return Fail(Reason::kImageUnknown, "the snapshot " + Shown(key) + " stands on " +
                                             (parent.empty() ? "nothing" : Shown(parent)) +
                                             ", not on an image");
    }
    return chain;
  }

  base::Result<Digest> LineageFrom(Digest chain) const {
    std::vector<Digest> chain_ids;
    while (true) {
      SIGWARD_ASSIGN_OR_RETURN(const std::string parent, ParentOfCommitted(chain.text()));
      chain_ids.push_back(std::move(chain));
      if (parent.empty()) {
        std::ranges::reverse(chain_ids);
        return verifier::LineageOf(chain_ids);
      }
      if (chain_ids.size() == kMaxLineage) {
        return Fail(Reason::kTooLarge,
                    "the mounted image has more than " + std::to_string(kMaxLineage) + " layers");
      }
      auto below = Digest::Parse(parent);
      if (!below.ok()) {
        return Fail(Reason::kRootfsMismatch, "the snapshot " + chain_ids.back().text() +
                                                 " stands on " + Shown(parent) +
                                                 ", which is no layer of an image");
      }
      chain = *std::move(below);
    }
  }

 private:
  base::Result<std::string> ParentOfCommitted(const std::string& name) const {
    SIGWARD_ASSIGN_OR_RETURN(const auto found,
                             records_.StatSnapshot(ns_, snapshotter_, name, deadline_));
    if (!found.has_value() || found->kind != SnapshotKind::kCommitted) {
      return Fail(Reason::kRootfsMismatch,
                  "the snapshot " + Shown(name) + " is not a committed layer");
    }
    return found->parent;
  }

  Records& records_;
  const std::string& ns_;
  const std::string snapshotter_;
  const base::Deadline deadline_;
};

/// The snapshotters to look through for KEY.
base::Result<std::vector<std::string>> Candidates(Records& records, const std::string& snapshotter,
                                                  const base::Deadline& deadline) {
  if (!snapshotter.empty()) {
    return std::vector{snapshotter};
  }
  SIGWARD_ASSIGN_OR_RETURN(std::vector<std::string> all, records.Snapshotters(deadline));
  std::stable_partition(all.begin(), all.end(), ProvesItsChain);
  return all;
}

}  // namespace

bool ProvesItsChain(const std::string& snapshotter) {
  return std::ranges::find(kProving, snapshotter) != kProving.end();
}

base::Result<std::optional<RootSnapshot>> FindRootSnapshot(Records& records, const std::string& ns,
                                                           const std::string& snapshotter,
                                                           const std::string& key, Owner owner,
                                                           const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<std::string> candidates,
                           Candidates(records, snapshotter, deadline));
  std::optional<std::pair<std::string, Snapshot>> own;
  std::optional<base::Error> unread;
  for (const std::string& candidate : candidates) {
    auto found = records.StatSnapshot(ns, candidate, key, deadline);
    if (!found.ok()) {
      // What another one has is found all the same.
      unread = std::move(found).error();
      continue;
    }
    if (!found->has_value()) {
      continue;
    }
    if (own.has_value()) {
      return Fail(Reason::kRootfsMismatch, "the snapshotters " + own->first + " and " + candidate +
                                               " both have a snapshot " + Shown(key));
    }
    own.emplace(candidate, **found);
    if (owner == Owner::kClaim) {
      break;
    }
  }
  if (!own.has_value() && unread.has_value()) {
    return *std::move(unread);
  }
  if (!own.has_value()) {
    return std::optional<RootSnapshot>();
  }
  const Walk walk(records, ns, own->first, deadline);
  SIGWARD_ASSIGN_OR_RETURN(Digest chain, walk.ChainOf(key, own->second, owner == Owner::kDocker));
  return std::optional(RootSnapshot{own->first, key, std::move(chain)});
}

base::Result<Digest> LineageBelow(Records& records, const std::string& ns, const RootSnapshot& root,
                                  const base::Deadline& deadline) {
  return Walk(records, ns, root.snapshotter, deadline).LineageFrom(root.chain_id);
}

}  // namespace sigward::containerd
