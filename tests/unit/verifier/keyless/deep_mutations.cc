#include "keyless/deep_mutations.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "json_mutations.h"

namespace sigward::testing {
namespace {

using base::Json;
using Pointer = Json::json_pointer;

constexpr const char* kFlips[] = {"first bit ", "middle bit ", "last bit "};
constexpr std::size_t kLongestText = 1U << 20;
/// A member's name that no document has.
constexpr std::string_view kPlaceholder = "\"@@twin@@\"";

bool IsNumber(const std::string& text) {
  return !text.empty() && text.size() < 18 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

class DeepMutator {
 public:
  DeepMutator(const Json& document, const Json& other) : document_(document), other_(other) {
    for (Mutation& mutation : MutationsOf(document)) {
      out_.push_back({std::move(mutation.name), mutation.document.dump()});
    }
  }

  std::vector<TextMutation> Run() && {
    ForEachValue(document_, [this](const Pointer& at, const Json& value) { Mutate(at, value); });
    return std::move(out_);
  }

 private:
  void Mutate(const Pointer& at, const Json& value) {
    if (value.is_string()) {
      MutateText(at, value.get<std::string>());
    } else if (value.is_number_integer()) {
      Replace("one less ", at, value.get<std::int64_t>() - 1);
    }
    if (other_.contains(at) && other_[at] != value) {
      Replace("swapped ", at, other_[at]);
    }
    Double(at, value);
  }

  void MutateText(const Pointer& at, const std::string& text) {
    if (IsNumber(text)) {
      Replace("doubled text ", at, text + text);
      Replace("one more ", at, std::to_string(std::stoll(text) + 1));
      Replace("one less ", at, std::to_string(std::stoll(text) - 1));
      return;
    }
    const auto bytes = base::DecodeBase64(text, kLongestText);
    if (!bytes.ok() || bytes->size() <= 3) {
      Replace("doubled text ", at, text + text);
      return;
    }
    const std::string decoded(bytes->begin(), bytes->end());
    Replace("doubled text ", at, base::EncodeBase64(base::AsBytes(decoded + decoded)));
    const std::vector<std::string> flipped = FlippedThrice(decoded);
    for (std::size_t i = 0; i < flipped.size(); ++i) {
      Replace(kFlips[i], at, base::EncodeBase64(base::AsBytes(flipped[i])));
    }
  }

  void Double(const Pointer& at, const Json& value) {
    Json copy = document_;
    Json& parent = copy[at.parent_pointer()];
    if (parent.is_array()) {
      parent.push_back(value);
      out_.push_back({"doubled " + at.to_string(), copy.dump()});
      return;
    }
    parent["@@twin@@"] = value;
    std::string text = copy.dump();
    text.replace(text.find(kPlaceholder), kPlaceholder.size(), Json(at.back()).dump());
    out_.push_back({"doubled " + at.to_string(), std::move(text)});
  }

  void Replace(const char* what, const Pointer& at, Json value) {
    Json copy = document_;
    copy[at] = std::move(value);
    out_.push_back({what + at.to_string(), copy.dump()});
  }

  const Json& document_;
  const Json& other_;
  std::vector<TextMutation> out_;
};

}  // namespace

std::vector<TextMutation> DeepMutationsOf(const Json& document, const Json& other) {
  return DeepMutator(document, other).Run();
}

std::vector<std::string> FlippedThrice(const std::string& bytes) {
  std::vector<std::string> out(3, bytes);
  out[0].front() = static_cast<char>(out[0].front() ^ 1);
  out[1][bytes.size() / 2] = static_cast<char>(out[1][bytes.size() / 2] ^ 1);
  out[2].back() = static_cast<char>(out[2].back() ^ 1);
  return out;
}

}  // namespace sigward::testing
