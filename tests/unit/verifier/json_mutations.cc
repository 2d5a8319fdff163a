#include "json_mutations.h"

#include <utility>

namespace sigward::testing {
namespace {

using base::Json;
using Pointer = Json::json_pointer;

using See = std::function<void(const Pointer&, const Json&)>;

void VisitFrom(const Pointer& at, const Json& value, const See& see) {
  if (!at.empty()) {
    see(at, value);
  }
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      VisitFrom(at / name, member, see);
    }
  }
  for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
    VisitFrom(at / i, value[i], see);
  }
}

class Mutator {
 public:
  explicit Mutator(const Json& document) : document_(document) {}

  std::vector<Mutation> Run() && {
    ForEachValue(document_, [this](const Pointer& at, const Json& value) { Mutate(at, value); });
    return std::move(out_);
  }

 private:
  void Mutate(const Pointer& at, const Json& value) {
    if (value.is_string()) {
      Add("changed ", at)[at] = value.get<std::string>() + "x";
    } else if (value.is_number_integer()) {
      Add("changed ", at)[at] = value.get<std::int64_t>() + 1;
    }
    Add("null ", at)[at] = nullptr;
    Json& removed = Add("removed ", at)[at.parent_pointer()];
    if (removed.is_array()) {
      removed.erase(std::stoul(at.back()));
      return;
    }
    removed.erase(at.back());
    Json& renamed = Add("renamed ", at)[at.parent_pointer()];
    renamed.erase(at.back());
    renamed[at.back() + "x"] = value;
  }

  Json& Add(const char* what, const Pointer& at) {
    out_.push_back({what + at.to_string(), document_});
    return out_.back().document;
  }

  const Json& document_;
  std::vector<Mutation> out_;
};

}  // namespace

void ForEachValue(const Json& document, const See& see) {
  VisitFrom(Pointer(), document, see);
}

std::vector<Mutation> MutationsOf(const Json& document) {
  return Mutator(document).Run();
}

}  // namespace sigward::testing
