#include "base/result.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace sigward::base {

void AbortOnMisuse(const char* what) {
  // The process is in a state that cannot be: nothing is allocated any more.
  static constexpr char kPrefix[] = "sigward: program error: ";
  (void)!write(STDERR_FILENO, kPrefix, sizeof kPrefix - 1);
  (void)!write(STDERR_FILENO, what, std::strlen(what));
  (void)!write(STDERR_FILENO, "\n", 1);
  std::abort();
}

}  // namespace sigward::base
