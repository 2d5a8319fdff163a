#include "worker/fetch/challenge.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;
using base::Result;
using base::Status;

constexpr std::string_view kAlphaNumeric =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool IsTokenChar(char c) {
  constexpr std::string_view kSymbols = "!#$%&'*+-.^_`|~";
  return kAlphaNumeric.find(c) != std::string_view::npos ||
         kSymbols.find(c) != std::string_view::npos;
}

bool IsToken68Char(char c) {
  constexpr std::string_view kSymbols = "-._~+/";
  return kAlphaNumeric.find(c) != std::string_view::npos ||
         kSymbols.find(c) != std::string_view::npos;
}

/// Walks over a header's value once, from left to right.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<std::vector<Challenge>> ReadAll() {
    std::vector<Challenge> challenges;
    SkipSeparators();
    while (!text_.empty()) {
      if (challenges.size() == kMaxChallenges) {
        return Fail(Reason::kTooLarge,
                    "more than " + std::to_string(kMaxChallenges) + " challenges");
      }
      SIGWARD_ASSIGN_OR_RETURN(Challenge challenge, ReadOne());
      challenges.push_back(std::move(challenge));
      SkipSeparators();
    }
    return challenges;
  }

 private:
  static base::Error Malformed() { return Fail(Reason::kMalformed, "malformed challenge"); }

  void SkipSpace() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t"), text_.size())); }
  void SkipSeparators() {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \t,"), text_.size()));
  }

  std::string_view Take(std::size_t count) {
    const std::string_view taken = text_.substr(0, count);
    text_.remove_prefix(count);
    return taken;
  }

  std::string_view TakeWhile(bool (*is_wanted)(char)) {
    const auto* const end = std::find_if_not(text_.begin(), text_.end(), is_wanted);
    return Take(static_cast<std::size_t>(end - text_.begin()));
  }

  Result<Challenge> ReadOne() {
    Challenge challenge;
    challenge.scheme = base::LowerCase(TakeWhile(IsTokenChar));
    if (challenge.scheme.empty()) {
      return Malformed();
    }
    if (text_.empty() || text_.front() == ',') {
      return challenge;
    }
    if (text_.front() != ' ') {
      return Malformed();
    }
    SkipSpace();
    if (SkipToken68()) {
      return challenge;
    }
    while (IsParameterNext()) {
      SIGWARD_RETURN_IF_ERROR(ReadParameter(challenge));
      SkipSpace();
      if (!text_.empty() && text_.front() != ',') {
        return Malformed();
      }
      SkipSeparators();
    }
    return challenge;
  }

  /// Takes a token68 that ends the challenge; what is a parameter is left.
  bool SkipToken68() {
    std::size_t end = 0;
    while (end < text_.size() && IsToken68Char(text_[end])) {
      ++end;
    }
    if (end == 0) {
      return false;
    }
    while (end < text_.size() && text_[end] == '=') {
      ++end;
    }
    const std::size_t after = std::min(text_.find_first_not_of(" \t", end), text_.size());
    if (after < text_.size() && text_[after] != ',') {
      return false;
    }
    Take(after);
    return true;
  }

  /// "name =": anything else begins the next challenge.
  bool IsParameterNext() const {
    const auto* const end = std::find_if_not(text_.begin(), text_.end(), IsTokenChar);
    const auto length = static_cast<std::size_t>(end - text_.begin());
    const std::size_t after = text_.find_first_not_of(" \t", length);
    return length > 0 && after != std::string_view::npos && text_[after] == '=';
  }

  Status ReadParameter(Challenge& challenge) {
    std::string name = base::LowerCase(TakeWhile(IsTokenChar));
    SkipSpace();
    Take(1);
    SkipSpace();
    SIGWARD_ASSIGN_OR_RETURN(std::string value, ReadValue());
    if (value.size() > kMaxChallengeValue) {
      return Fail(Reason::kTooLarge, "a challenge's parameter is longer than " +
                                         std::to_string(kMaxChallengeValue) + " bytes");
    }
    if (challenge.parameters.size() == kMaxChallengeParameters) {
      return Fail(Reason::kTooLarge, "a challenge has more than " +
                                         std::to_string(kMaxChallengeParameters) + " parameters");
    }
    if (!challenge.parameters.emplace(std::move(name), std::move(value)).second) {
      return Fail(Reason::kDuplicateKey, "a challenge's parameter is given twice");
    }
    return base::Ok();
  }

  Result<std::string> ReadValue() {
    if (text_.empty() || text_.front() != '"') {
      const std::string_view token = TakeWhile(IsTokenChar);
      if (token.empty()) {
        return Malformed();
      }
      return std::string(token);
    }
    Take(1);
    std::string value;
    while (!text_.empty()) {
      char next = Take(1).front();
      if (next == '"') {
        return value;
      }
      if (next == '\\') {
        if (text_.empty()) {
          break;
        }
        next = Take(1).front();
      }
      const auto byte = static_cast<unsigned char>(next);
      if ((byte < 0x20 && next != '\t') || byte == 0x7f) {
        return Malformed();
      }
      value.push_back(next);
    }
    return Malformed();
  }

  std::string_view text_;
};

}  // namespace

std::string_view Challenge::Value(const std::string& name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

Result<std::vector<Challenge>> ParseChallenges(std::string_view header) {
  if (header.size() > kMaxChallengeBytes) {
    return Fail(Reason::kTooLarge,
                "challenges are longer than " + std::to_string(kMaxChallengeBytes) + " bytes");
  }
  return Reader(header).ReadAll();
}

}  // namespace sigward::worker
