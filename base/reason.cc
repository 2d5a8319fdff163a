#include "base/reason.h"

namespace sigward::base {
namespace {
enum Verdict : std::uint8_t { kRefused, kCouldNotTell };
}  // namespace

std::string_view ReasonWord(Reason reason) {
  switch (reason) {
#define SIGWARD_REASON_WORD(name, number, word, verdict) \
  case Reason::name:                                     \
    return word;
    SIGWARD_REASONS(SIGWARD_REASON_WORD)
#undef SIGWARD_REASON_WORD
  }
  return "internal";
}

std::optional<Reason> ReasonFromWord(std::string_view text) {
#define SIGWARD_REASON_FROM(name, number, word, verdict) \
  if (text == (word)) {                                  \
    return Reason::name;                                 \
  }
  SIGWARD_REASONS(SIGWARD_REASON_FROM)
#undef SIGWARD_REASON_FROM
  return std::nullopt;
}

std::optional<Reason> ReasonFromNumber(std::uint32_t value) {
#define SIGWARD_REASON_FROM(name, number, word, verdict) \
  if (value == (number)) {                               \
    return Reason::name;                                 \
  }
  SIGWARD_REASONS(SIGWARD_REASON_FROM)
#undef SIGWARD_REASON_FROM
  return std::nullopt;
}

bool CouldNotTell(Reason reason) {
  // NOLINTBEGIN(bugprone-branch-clone): the branches are rows of one table.
  switch (reason) {
#define SIGWARD_REASON_VERDICT(name, number, word, verdict) \
  case Reason::name:                                        \
    return (verdict) == kCouldNotTell;
    SIGWARD_REASONS(SIGWARD_REASON_VERDICT)
#undef SIGWARD_REASON_VERDICT
  }
  // NOLINTEND(bugprone-branch-clone)
  return true;
}

}  // namespace sigward::base
