#include "verifier/member_names.h"

#include <algorithm>

#include "base/text.h"

namespace sigward::verifier {
namespace {

constexpr std::size_t kMaxNameInError = 64;

char LowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool EqualButForCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return LowerCase(x) == LowerCase(y); });
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

base::Status RefuseLookAlikes(const base::Json& object, std::string_view where,
                              std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : object.items()) {
    const std::string_view member = name;
    const bool look_alike = std::any_of(known.begin(), known.end(), [&](std::string_view other) {
      return member != other && EqualButForCase(member, other);
    });
    if (look_alike || !IsAscii(member)) {
      return base::Fail(base::Reason::kMalformed, std::string(where) + " has a field " +
                                                      base::OneLine(member, kMaxNameInError) +
                                                      " that can be taken for another");
    }
  }
  return base::Ok();
}

}  // namespace sigward::verifier
