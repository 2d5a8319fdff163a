#include "cli/yaml_fields.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/ascii.h"
#include "base/text.h"

namespace sigward::cli {
namespace {

/// Levenshtein's distance, upper and lower case taken for the same.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed =
          diagonal + (base::LowerCase(a[i]) == base::LowerCase(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

YamlFields::YamlFields(const YamlNode& node, std::size_t line, std::string path,
                       const std::string& file, Problems& problems)
    : node_(&node),
      line_(line),
      path_(std::move(path)),
      file_(&file),
      problems_(&problems),
      mapping_(node.kind == YamlKind::kMapping) {
  if (!mapping_) {
    Report("", "expected a mapping, got " + std::string(Describe(node)));
  }
}

const YamlMember* YamlFields::Member(std::string_view name) const {
  const auto found = std::find_if(node_->members.begin(), node_->members.end(),
                                  [&](const YamlMember& member) { return member.name == name; });
  return found == node_->members.end() ? nullptr : &*found;
}

const YamlMember* YamlFields::Ask(std::string_view name) {
  known_.emplace_back(name);
  return Member(name);
}

const YamlMember* YamlFields::Require(std::string_view name) {
  const YamlMember* member = Ask(name);
  if (member == nullptr && mapping_) {
    problems_->AddError({*file_, line_, PathOf(name), "missing field"});
  }
  return member;
}

std::optional<std::string> YamlFields::String(std::string_view name) {
  return Require(name) == nullptr ? std::nullopt : OptionalString(name);
}

std::optional<std::string> YamlFields::OptionalString(std::string_view name) {
  const YamlMember* member = Ask(name);
  if (member == nullptr) {
    return std::nullopt;
  }
  if (!IsString(member->value)) {
    Report(name, "expected a string, got " + std::string(Describe(member->value)) +
                     (member->value.kind == YamlKind::kScalar ? "; put it in quotes" : ""));
    return std::nullopt;
  }
  return member->value.text;
}

bool YamlFields::OptionalBool(std::string_view name) {
  const YamlMember* member = Ask(name);
  if (member == nullptr) {
    return false;
  }
  // YAML 1.2's core schema (§10.3.2) has these and no other words.
  if (member->value.kind == YamlKind::kScalar && !member->value.quoted) {
    for (const std::string_view word : {"true", "True", "TRUE"}) {
      if (member->value.text == word) {
        return true;
      }
    }
    for (const std::string_view word : {"false", "False", "FALSE"}) {
      if (member->value.text == word) {
        return false;
      }
    }
  }
  Report(name, "expected true or false, got " + std::string(Describe(member->value)));
  return false;
}

std::vector<std::pair<std::string, std::size_t>> YamlFields::OptionalStrings(
    std::string_view name) {
  std::vector<std::pair<std::string, std::size_t>> strings;
  const YamlMember* member = Ask(name);
  if (member == nullptr) {
    return strings;
  }
  if (member->value.kind != YamlKind::kList) {
    Report(name, "expected a list, got " + std::string(Describe(member->value)));
    return strings;
  }
  for (const YamlNode& item : member->value.items) {
    if (IsString(item)) {
      strings.emplace_back(item.text, item.line);
    } else {
      Report(name, "expected strings, got " + std::string(Describe(item)));
    }
  }
  return strings;
}

std::vector<std::string> YamlFields::NamesUnder(std::string_view prefix) const {
  std::vector<std::string> names;
  for (const YamlMember& member : node_->members) {
    if (member.name.starts_with(prefix)) {
      names.push_back(member.name);
    }
  }
  return names;
}

std::optional<YamlFields> YamlFields::Mapping(std::string_view name) {
  const YamlMember* member = Require(name);
  if (member == nullptr) {
    return std::nullopt;
  }
  YamlFields fields(member->value, member->line, PathOf(name), *file_, *problems_);
  return fields.IsMapping() ? std::optional(std::move(fields)) : std::nullopt;
}

const std::vector<YamlNode>* YamlFields::List(std::string_view name) {
  const YamlMember* member = Require(name);
  if (member == nullptr) {
    return nullptr;
  }
  if (member->value.kind != YamlKind::kList) {
    Report(name, "expected a list, got " + std::string(Describe(member->value)));
    return nullptr;
  }
  if (member->value.items.empty()) {
    Report(name, "the list is empty");
    return nullptr;
  }
  return &member->value.items;
}

YamlFields YamlFields::Element(std::string_view name, const std::vector<YamlNode>& list,
                               std::size_t index) const {
  return {list[index], list[index].line, PathOf(name) + "[" + std::to_string(index) + "]", *file_,
          *problems_};
}

void YamlFields::Ignore(std::initializer_list<std::string_view> names) {
  known_.insert(known_.end(), names.begin(), names.end());
}

void YamlFields::NotSupported(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (Ask(name) != nullptr) {
      Report(name, "not supported yet");
    }
  }
}

void YamlFields::NoOthers() {
  for (const YamlMember& member : node_->members) {
    if (std::find(known_.begin(), known_.end(), member.name) != known_.end()) {
      continue;
    }
    const std::string_view nearest = Nearest(member.name);
    std::string message = "unknown field";
    if (!nearest.empty()) {
      message += "; did you mean " + std::string(nearest) + "?";
    }
    problems_->AddError({*file_, member.line, PathOf(member.name), std::move(message)});
  }
}

std::string_view YamlFields::Nearest(std::string_view name) const {
  std::string_view nearest;
  std::size_t least = name.size() < 4 ? 2 : 3;
  if (name.size() > base::kMaxNameInError) {
    return nearest;
  }
  for (const std::string& known : known_) {
    const std::size_t distance = Distance(name, known);
    if (distance < least) {
      least = distance;
      nearest = known;
    }
  }
  return nearest;
}

void YamlFields::Report(std::string_view name, std::string message) const {
  problems_->AddError(ProblemAt(name, std::move(message)));
}

void YamlFields::Warn(std::string_view name, std::string message) const {
  problems_->AddWarning(ProblemAt(name, std::move(message)));
}

Problem YamlFields::ProblemAt(std::string_view name, std::string message) const {
  return {*file_, LineOf(name), PathOf(name), std::move(message)};
}

std::string YamlFields::PathOf(std::string_view name) const {
  const std::string shown = base::OneLine(name, base::kMaxNameInError);
  return path_.empty() || shown.empty() ? path_ + shown : path_ + "." + shown;
}

std::size_t YamlFields::LineOf(std::string_view name) const {
  const YamlMember* member = Member(name);
  return member == nullptr ? line_ : member->line;
}

}  // namespace sigward::cli
