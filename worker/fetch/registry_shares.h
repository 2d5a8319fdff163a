#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace sigward::worker {

/// Questions that are worked on at once for any one registry.
inline constexpr std::size_t kMaxQuestionsPerRegistry = 64;

/// How many questions are worked on for each registry, so that one that hangs does not take all
/// threads from the others. Holds no more registries than there are questions. Safe for several
/// threads.
class RegistryShares {
 public:
  /// A question's place; leaves it when it is destroyed, before the shares are.
  class Place {
   public:
    Place(RegistryShares& shares, std::string registry)
        : shares_(&shares), registry_(std::move(registry)) {}
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    RegistryShares* shares_;
    std::string registry_;
  };

  /// At most MAX_EACH questions at once for any one registry.
  explicit RegistryShares(std::size_t max_each = kMaxQuestionsPerRegistry) : max_each_(max_each) {}

  /// A place for one more question about REGISTRY; null when it has all that it may have.
  std::unique_ptr<Place> Enter(const std::string& registry);

 private:
  const std::size_t max_each_;
  std::mutex mutex_;
  std::map<std::string, std::size_t> taken_;
};

}  // namespace sigward::worker
