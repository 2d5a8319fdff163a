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

/// Bytes of bodies that all questions under way may hold together, and those about any one
/// registry. A question alone stays far below either; many at once about a registry that sends as
/// much as it may would otherwise need gigabytes.
inline constexpr std::size_t kMaxBytesInAll = 256U << 20;
inline constexpr std::size_t kMaxBytesPerRegistry = kMaxBytesInAll / 2;

/// How many questions are worked on for each registry and what they hold, so that one that hangs or
/// floods does not take all threads and memory from the others. Holds no more registries than there
/// are questions. Safe for several threads.
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

    /// Sets COUNT bytes aside, until the place is left. False when they would be too many.
    bool TakeBytes(std::size_t count);

   private:
    RegistryShares* shares_;
    std::string registry_;
    std::size_t bytes_ = 0;
  };

  /// At most MAX_EACH questions at once for any one registry.
  explicit RegistryShares(std::size_t max_each = kMaxQuestionsPerRegistry) : max_each_(max_each) {}

  /// A place for one more question about REGISTRY; null when it has all that it may have.
  std::unique_ptr<Place> Enter(const std::string& registry);

 private:
  struct Taken {
    std::size_t questions = 0;
    std::size_t bytes = 0;
  };

  const std::size_t max_each_;
  std::mutex mutex_;
  std::map<std::string, Taken> taken_;
  std::size_t bytes_in_all_ = 0;
};

}  // namespace sigward::worker
