#include "verifier/member_names.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/text.h"

namespace sigward::verifier {

base::Status RefuseLookAlikes(const base::Json& object, std::string_view where,
                              std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : object.items()) {
    const std::string_view member = name;
    const bool look_alike = std::any_of(known.begin(), known.end(), [&](std::string_view other) {
      return member != other && base::EqualButForCase(member, other);
    });
    if (look_alike || !base::IsAscii(member)) {
      return base::Fail(base::Reason::kMalformed, std::string(where) + " has a field " +
                                                      base::OneLine(member, base::kMaxNameInError) +
                                                      " that can be taken for another");
    }
  }
  return base::Ok();
}

}  // namespace sigward::verifier
