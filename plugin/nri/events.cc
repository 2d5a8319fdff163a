#include "plugin/nri/events.h"

#include <charconv>
#include <optional>

#include "rpc/nri.pb.h"

namespace sigward::nri {
namespace {

namespace wire = ::nri::pkg::api::v1alpha1;

constexpr unsigned kValidationSinceMinor = 10;

/// Takes a number off the front of TEXT.
std::optional<unsigned> TakeNumber(std::string_view& text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

bool KnowsValidation(std::string_view nri_version) {
  if (nri_version.starts_with('v')) {
    nri_version.remove_prefix(1);
  }
  const auto major = TakeNumber(nri_version);
  if (!major || !nri_version.starts_with('.')) {
    return false;
  }
  nri_version.remove_prefix(1);
  const auto minor = TakeNumber(nri_version);
  return minor && (*major > 0 || *minor >= kValidationSinceMinor);
}

std::int32_t EventMask(bool with_validation) {
  const auto bit = [](wire::Event event) { return 1U << (static_cast<unsigned>(event) - 1U); };
  return static_cast<std::int32_t>(
      bit(wire::CREATE_CONTAINER) |
      (with_validation ? bit(wire::VALIDATE_CONTAINER_ADJUSTMENT) : 0U));
}

}  // namespace sigward::nri
