#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sigward {

/// Longest text that ReadYaml takes, in bytes, and its deepest nesting of lists and mappings.
inline constexpr std::size_t kMaxYamlBytes = 1U << 20;
inline constexpr std::size_t kMaxYamlDepth = 64;

enum class YamlKind : std::uint8_t { kNull = 1, kScalar, kList, kMapping };

struct YamlMember;

/// One value of a YAML document, with the line (from 1) where it starts.
struct YamlNode {
  YamlKind kind = YamlKind::kNull;
  std::size_t line = 0;
  /// kScalar: the text as written, without quotes; and whether it stood in quotes or a block.
  std::string text;
  bool quoted = false;
  std::vector<YamlNode> items;
  std::vector<YamlMember> members;
};

struct YamlMember {
  std::string name;
  /// Of the name; the value may start further down.
  std::size_t line;
  YamlNode value;
};

struct YamlError {
  std::size_t line;
  std::string message;
};

/// Reads all documents of TEXT (JSON is YAML too); empty ones are left out. Refused: two equal keys
/// in one mapping, keys that are not plain text, anchors, aliases, tags, bytes that are not UTF-8,
/// kMaxYamlBytes and kMaxYamlDepth overstepped.
std::variant<std::vector<YamlNode>, YamlError> ReadYaml(std::string_view text);

/// True when NODE is text: in quotes, or a word that YAML 1.2's core schema (§10.3.2) takes for
/// neither null, a boolean nor a number.
bool IsString(const YamlNode& node);

/// What NODE is, for a message: "a string", "a number", "a list" …
std::string_view Describe(const YamlNode& node);

}  // namespace sigward
