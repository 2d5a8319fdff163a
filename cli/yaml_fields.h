#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/yaml/yaml_reader.h"
#include "cli/problems.h"

namespace sigward::cli {

/// Reads the members of one mapping by name and type, reports what is wrong with them, and knows
/// which were asked for: NoOthers then reports the rest as unknown. What a function returns empty
/// for has been reported. NODE and PROBLEMS must outlive this.
class YamlFields {
 public:
  /// PATH names the mapping in reports, empty for the document itself. A NODE that is no mapping is
  /// reported and then read as an empty one: see IsMapping.
  YamlFields(const YamlNode& node, std::size_t line, std::string path, const std::string& file,
             Problems& problems);

  bool IsMapping() const { return mapping_; }
  bool Has(std::string_view name) const { return Member(name) != nullptr; }

  std::optional<std::string> String(std::string_view name);
  /// Empty and not reported when there is no such member.
  std::optional<std::string> OptionalString(std::string_view name);
  /// The member when it is a mapping; required.
  std::optional<YamlFields> Mapping(std::string_view name);
  /// False and not reported when there is no such member.
  bool OptionalBool(std::string_view name);
  /// The strings of a list; empty and not reported when there is no such member. Each comes with
  /// the line it stands in.
  std::vector<std::pair<std::string, std::size_t>> OptionalStrings(std::string_view name);
  /// The names of all members that begin with PREFIX.
  std::vector<std::string> NamesUnder(std::string_view prefix) const;
  /// The elements of a list; required, and at least one.
  const std::vector<YamlNode>* List(std::string_view name);
  /// The fields of element INDEX of the list NAME.
  YamlFields Element(std::string_view name, const std::vector<YamlNode>& list,
                     std::size_t index) const;

  /// Takes NAME for known, whatever it holds.
  void Ignore(std::initializer_list<std::string_view> names);
  /// Reports those of NAMES that are there: ClusterImagePolicy has them, sigward does not yet.
  void NotSupported(std::initializer_list<std::string_view> names);
  /// Reports every member that nobody asked for.
  void NoOthers();
  /// The known field that NAME may have been meant for, or empty.
  std::string_view Nearest(std::string_view name) const;

  /// Reports MESSAGE for the member NAME, or for the mapping itself when NAME is empty or absent.
  void Report(std::string_view name, std::string message) const;
  void Warn(std::string_view name, std::string message) const;
  /// "PATH.name".
  std::string PathOf(std::string_view name) const;
  /// Where a report about the member NAME would point, with MESSAGE.
  Problem ProblemAt(std::string_view name, std::string message) const;
  /// What was reported so far, here and elsewhere.
  const Problems& problems() const { return *problems_; }
  /// Line of the member, or of the mapping when it is absent.
  std::size_t LineOf(std::string_view name) const;

 private:
  const YamlMember* Member(std::string_view name) const;
  const YamlMember* Ask(std::string_view name);
  const YamlMember* Require(std::string_view name);

  const YamlNode* node_;
  std::size_t line_;
  std::string path_;
  const std::string* file_;
  Problems* problems_;
  bool mapping_;
  std::vector<std::string> known_;
};

}  // namespace sigward::cli
