#include "worker/fetch/back_off.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <ctime>

namespace sigward::worker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Longest date that is read; RFC 9110's are of 29 characters.
constexpr std::size_t kMaxDate = 64;

std::optional<std::time_t> ParseDate(const std::string& date) {
  const std::time_t parsed =
      date.empty() || date.size() > kMaxDate ? -1 : curl_getdate(date.c_str(), nullptr);
  return parsed < 0 ? std::nullopt : std::optional(parsed);
}

}  // namespace

std::optional<seconds> ParseRetryAfter(std::string_view retry_after, const std::string& date) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!retry_after.empty() && std::all_of(retry_after.begin(), retry_after.end(), is_digit)) {
    std::uint64_t count = 0;
    const auto [end, failure] =
        std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), count);
    if (failure != std::errc{} || count > static_cast<std::uint64_t>(kLongestRetryAfter.count())) {
      return kLongestRetryAfter;
    }
    return seconds(count);
  }
  const auto until = ParseDate(std::string(retry_after));
  const auto from = ParseDate(date);
  if (!until.has_value() || !from.has_value()) {
    return std::nullopt;
  }
  return std::clamp(seconds(*until - *from), seconds(0), kLongestRetryAfter);
}

BackOff::BackOff(const base::Clock& clock) : clock_(&clock), random_(std::random_device{}()) {}

std::optional<BackOff::Pause> BackOff::PauseOf(const std::string& place) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(place);
  const auto now = clock_->SteadyNow();
  if (found == places_.end() || now >= found->second.until) {
    return std::nullopt;
  }
  return Pause{found->second.reason, std::chrono::ceil<milliseconds>(found->second.until - now)};
}

void BackOff::NoteRefusal(const std::string& place, base::Reason reason,
                          std::optional<seconds> wanted) {
  const std::lock_guard lock(mutex_);
  const auto now = clock_->SteadyNow();
  if (!places_.contains(place) && places_.size() >= kMaxPausingPlaces) {
    places_.erase(std::min_element(
        places_.begin(), places_.end(),
        [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
  }
  Refusals& refusals = places_.try_emplace(place, Refusals{reason, 0, {}}).first->second;
  const bool is_pausing = now < refusals.until;
  refusals.reason = reason;
  milliseconds pause{0};
  if (wanted.has_value() && wanted->count() > 0) {
    pause = *wanted;
  } else if (!is_pausing) {
    pause = OwnPause(refusals.count);
  }
  // What many threads hear at once is one refusal.
  refusals.count += is_pausing ? 0 : 1;
  refusals.until = std::max(refusals.until, now + pause);
}

void BackOff::NoteAnswer(const std::string& place) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(place);
  // What was under way when the place refused something else does not end the pause.
  if (found != places_.end() && clock_->SteadyNow() >= found->second.until) {
    places_.erase(found);
  }
}

milliseconds BackOff::OwnPause(int earlier_refusals) {
  constexpr int kMostDoublings = 16;
  const auto whole =
      std::min(kLongestPause, kFirstPause * (1 << std::min(earlier_refusals, kMostDoublings)));
  std::uniform_int_distribution<milliseconds::rep> part(whole.count() / 2, whole.count());
  return milliseconds(part(random_));
}

}  // namespace sigward::worker
