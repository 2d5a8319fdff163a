#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/reason.h"

namespace sigward::base {

/// Why something failed: a closed reason and a text for a person, one line, without secrets.
struct [[nodiscard]] Error {
  Reason reason;
  std::string detail;
};

/// The only way errors are made, so that `return Fail(...)` reads as what it is.
[[nodiscard]] inline Error Fail(Reason reason, std::string detail) {
  return Error{reason, std::move(detail)};
}

/// Puts "context: " in front of an error's text and keeps its reason.
[[nodiscard]] inline Error Within(std::string_view context, Error error) {
  error.detail.insert(0, std::string(context) + ": ");
  return error;
}

/// Ends the process: a Result was read for what it does not hold. Going on would mean to decide on
/// a value that nobody made.
[[noreturn]] void AbortOnMisuse(const char* what);

/// A value or an Error. It does not convert to bool, so `if (Verify(...))` does not compile;
/// reading the side that is not there aborts.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const = delete;

  T& value() & { return Get(*this); }
  const T& value() const& { return Get(*this); }
  T&& value() && { return std::move(Get(*this)); }
  T& operator*() & { return Get(*this); }
  const T& operator*() const& { return Get(*this); }
  T&& operator*() && { return std::move(Get(*this)); }
  T* operator->() { return &Get(*this); }
  const T* operator->() const { return &Get(*this); }

  const Error& error() const& {
    if (ok()) {
      AbortOnMisuse("error() of a Result that holds a value");
    }
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    if (ok()) {
      AbortOnMisuse("error() of a Result that holds a value");
    }
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  template <typename Self>
  static auto& Get(Self& self) {
    if (!self.ok()) {
      AbortOnMisuse("value of a Result that holds an error");
    }
    return *std::get_if<0>(&self.state_);
  }
  std::variant<T, Error> state_;
};

struct Nothing {};

/// A Result without a value, for what either works or fails.
using Status = Result<Nothing>;

inline Status Ok() {
  return Nothing{};
}

}  // namespace sigward::base

#define SIGWARD_CONCAT_INNER(a, b) a##b
#define SIGWARD_CONCAT(a, b) SIGWARD_CONCAT_INNER(a, b)

// NOLINTBEGIN(bugprone-macro-parentheses): a declaration and a name cannot stand in parentheses.
/// SIGWARD_ASSIGN_OR_RETURN(auto x, Parse(bytes)); one per line.
#define SIGWARD_ASSIGN_OR_RETURN(declaration, expression) \
  SIGWARD_ASSIGN_OR_RETURN_AS(SIGWARD_CONCAT(result_, __LINE__), declaration, expression)
#define SIGWARD_ASSIGN_OR_RETURN_AS(result, declaration, expression) \
  auto result = (expression);                                        \
  if (!result.ok()) {                                                \
    return std::move(result).error();                                \
  }                                                                  \
  declaration = std::move(result).value()
// NOLINTEND(bugprone-macro-parentheses)

#define SIGWARD_RETURN_IF_ERROR(expression)                                   \
  do {                                                                        \
    if (auto status_of_this_line = (expression); !status_of_this_line.ok()) { \
      return std::move(status_of_this_line).error();                          \
    }                                                                         \
  } while (false)
