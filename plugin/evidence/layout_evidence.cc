#include "plugin/evidence/layout_evidence.h"

#include <utility>
#include <variant>

#include "base/log.h"
#include "base/reason.h"

namespace sigward::evidence {

using base::Fail;
using base::Reason;
using verifier::Digest;
using worker::EvidenceSet;

LayoutEvidence::LayoutEvidence(const std::vector<std::string>& paths, ObjectFacts& facts,
                               const base::Clock& clock)
    : facts_(facts), clock_(clock) {
  for (const std::string& path : paths) {
    places_.push_back(std::make_unique<Place>());
    places_.back()->path = path;
  }
}

base::Result<EvidenceSet> LayoutEvidence::Find(const verifier::ImageRef& /*image*/,
                                               const Digest& digest,
                                               std::span<const policy::SignatureSource> /*sources*/,
                                               const base::Deadline& deadline) {
  CollectedEvidence collected(facts_);
  std::vector<worker::UnreadPlace> unread;
  for (const auto& place : places_) {
    base::Status found = FindIn(*place, digest, collected, deadline);
    if (!found.ok()) {
      unread.push_back({"layout " + place->path, std::move(found).error()});
    }
  }
  SIGWARD_ASSIGN_OR_RETURN(EvidenceSet evidence, std::move(collected).Seal());
  evidence.unread = std::move(unread);
  return evidence;
}

base::Status LayoutEvidence::FindIn(Place& place, const Digest& digest,
                                    CollectedEvidence& collected, const base::Deadline& deadline) {
  const auto layout = Layout::Open(place.path);
  const Contents contents =
      layout.ok() ? ContentsOf(place, *layout, deadline) : Contents(layout.error());
  Log(place, contents, deadline);
  if (!contents.ok()) {
    return contents.error();
  }
  return Collect(*layout, **contents, digest, collected, deadline);
}

base::Status LayoutEvidence::Collect(const Layout& layout, const Catalogue& catalogue,
                                     const Digest& digest, CollectedEvidence& collected,
                                     const base::Deadline& deadline) {
  std::optional<base::Error> problem = catalogue.problem();
  // What cannot be read hides nothing else.
  const auto note = [&](const base::Status& status) {
    if (!status.ok() && !problem) {
      problem = status.error();
    }
  };
  const auto collect = [&](const Digest& subject) {
    const std::vector<Candidate> candidates = catalogue.Of(subject);
    for (const Candidate& candidate : candidates) {
      note(collected.AddSignature(layout, candidate, subject, deadline));
    }
    return !candidates.empty();
  };
  if (catalogue.empty()) {
    return problem ? base::Status(*problem) : base::Ok();
  }
  collect(digest);
  const auto facts = facts_.Of(layout, digest, worker::ImageObjectRole::kTarget, deadline);
  if (facts.ok()) {
    if (const auto* index = std::get_if<worker::IndexFacts>(&*facts);
        index != nullptr && collect(index->member)) {
      note(collected.AddIndex(layout, digest, deadline));
    }
  } else if (base::CouldNotTell(facts.error().reason)) {
    note(facts.error());
  }
  return problem ? base::Status(*problem) : base::Ok();
}

LayoutEvidence::Contents LayoutEvidence::ContentsOf(Place& place, const Layout& layout,
                                                    const base::Deadline& deadline) {
  std::unique_lock lock(place.mutex, deadline.Left());
  if (!lock.owns_lock()) {
    return Fail(Reason::kTimeout, "it is still being read");
  }
  std::optional<Reading>& known = place.reading;
  for (int attempt = 1;; ++attempt) {
    SIGWARD_ASSIGN_OR_RETURN(const LayoutStamp stamp, layout.Stamp());
    const auto now = clock_.SteadyNow();
    const bool is_known = known && known->stamp == stamp;
    if (is_known && (known->settled || now - known->read < kSettles)) {
      return known->contents;
    }
    Contents contents = ReadLayout(layout, deadline);
    SIGWARD_ASSIGN_OR_RETURN(const LayoutStamp after, layout.Stamp());
    if (!(after == stamp)) {
      // It is being written.
      known.reset();
      if (attempt == kMaxReadings || deadline.Passed()) {
        return contents;
      }
      continue;
    }
    if (!contents.ok() && base::CouldNotTell(contents.error().reason)) {
      known.reset();
      return contents;
    }
    const auto first_seen = is_known ? known->first_seen : now;
    // A blob can be mended without a change of the stamp.
    const bool settled =
        now - first_seen >= kSettles && (!contents.ok() || !(*contents)->may_be_mended());
    known.emplace(Reading{stamp, std::move(contents), first_seen, now, settled});
    return known->contents;
  }
}

LayoutEvidence::Contents LayoutEvidence::ReadLayout(const Layout& layout,
                                                    const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(const base::SealedMemory index, layout.ReadIndex());
  auto catalogue = Catalogue::Read(
      index, layout, [&] { return layout.SmallBlobs(); }, facts_.reader(), deadline);
  if (!catalogue.ok()) {
    return base::Within("index.json", std::move(catalogue).error());
  }
  return std::shared_ptr<const Catalogue>(std::make_shared<const Catalogue>(*std::move(catalogue)));
}

void LayoutEvidence::Log(Place& place, const Contents& contents, const base::Deadline& deadline) {
  const std::string problem = contents.ok() ? "" : contents.error().detail;
  const std::unique_lock lock(place.mutex, deadline.Left());
  if (!lock.owns_lock() || problem == place.problem) {
    return;
  }
  place.problem = problem;
  if (contents.ok()) {
    base::Log(base::Severity::kNotice, "layout-readable", {{"layout", place.path}});
  } else {
    base::Log(base::Severity::kWarning, "layout-unreadable",
              {{"layout", place.path},
               {"reason", base::ReasonWord(contents.error().reason)},
               {"detail", problem}});
  }
}

}  // namespace sigward::evidence
