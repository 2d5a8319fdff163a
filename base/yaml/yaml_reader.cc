#include "base/yaml/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

#include "base/text.h"

namespace sigward {
namespace {

/// yaml-cpp says "?" for a value without a tag and "!" for one in quotes.
constexpr std::string_view kNoTag = "?";
constexpr std::string_view kQuotedTag = "!";
constexpr std::size_t kMaxKeyInMessage = 64;

std::size_t LineOf(const YAML::Mark& mark) {
  return mark.line < 0 ? 0 : static_cast<std::size_t>(mark.line) + 1;
}

YamlNode NodeAt(const YAML::Mark& mark, YamlKind kind) {
  YamlNode node;
  node.kind = kind;
  node.line = LineOf(mark);
  return node;
}

/// Builds the tree from the parser's events. The library's own tree would keep both of two equal
/// keys, follow aliases and forget the lines. YamlError is thrown through the parser, to ReadYaml
/// only.
class TreeBuilder final : public YAML::EventHandler {
 public:
  std::vector<YamlNode> Take() { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // At a "," or "}" that nothing opened the parser reports one empty document after the other.
    if (mark.pos == last_start_) {
      throw YamlError{LineOf(mark), "not YAML: unexpected character"};
    }
    last_start_ = mark.pos;
    documents_.emplace_back();
  }
  void OnDocumentEnd() override {
    if (documents_.back().kind == YamlKind::kNull) {
      documents_.pop_back();
    }
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(mark, anchor, kNoTag, NodeAt(mark, YamlKind::kNull));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    throw YamlError{LineOf(mark), "aliases (*name) are not supported; write the value out"};
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = NodeAt(mark, YamlKind::kScalar);
    node.text = value;
    node.quoted = tag == kQuotedTag;
    Add(mark, anchor, tag, std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(mark, anchor, tag, NodeAt(mark, YamlKind::kList));
  }
  void OnSequenceEnd() override { open_.pop_back(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(mark, anchor, tag, NodeAt(mark, YamlKind::kMapping));
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  /// A list or mapping whose end has not come yet. The pointers stay good: a parent does not grow
  /// while a child of it is open.
  struct Container {
    YamlNode* node;
    bool key_read = false;
    std::set<std::string> keys;
  };

  bool ExpectsKey() const {
    return !open_.empty() && open_.back().node->kind == YamlKind::kMapping &&
           !open_.back().key_read;
  }

  void AddKey(const YamlNode& key) {
    Container& mapping = open_.back();
    if (key.kind != YamlKind::kScalar) {
      throw YamlError{key.line, "a key is not a plain text"};
    }
    if (!mapping.keys.insert(key.text).second) {
      throw YamlError{key.line, "duplicate field " + base::OneLine(key.text, kMaxKeyInMessage)};
    }
    mapping.node->members.push_back({.name = key.text, .line = key.line, .value = {}});
    mapping.key_read = true;
  }

  YamlNode* Place(YamlNode value) {
    if (open_.empty()) {
      documents_.back() = std::move(value);
      return &documents_.back();
    }
    Container& parent = open_.back();
    if (parent.node->kind == YamlKind::kList) {
      parent.node->items.push_back(std::move(value));
      return &parent.node->items.back();
    }
    parent.key_read = false;
    parent.node->members.back().value = std::move(value);
    return &parent.node->members.back().value;
  }

  YamlNode* Add(const YAML::Mark& mark, YAML::anchor_t anchor, std::string_view tag,
                YamlNode value) {
    if (anchor != 0) {
      throw YamlError{LineOf(mark), "anchors (&name) are not supported"};
    }
    if (!tag.empty() && tag != kNoTag && tag != kQuotedTag) {
      throw YamlError{LineOf(mark), "tags (!name) are not supported"};
    }
    if (ExpectsKey()) {
      AddKey(value);
      return nullptr;
    }
    return Place(std::move(value));
  }

  void Open(const YAML::Mark& mark, YAML::anchor_t anchor, std::string_view tag, YamlNode value) {
    if (open_.size() >= kMaxYamlDepth) {
      throw YamlError{LineOf(mark), "nested deeper than " + std::to_string(kMaxYamlDepth)};
    }
    open_.push_back(
        {.node = Add(mark, anchor, tag, std::move(value)), .key_read = false, .keys = {}});
  }

  int last_start_ = -1;
  std::vector<YamlNode> documents_;
  std::vector<Container> open_;
};

std::size_t LineAt(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, position);
  return static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
}

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::size_t CountDigits(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789"), text.size());
}

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?, and .inf, .nan, 0x…, 0o….
bool IsNumber(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0o")) {
    return text.size() > 2 && text.find_first_not_of("0123456789abcdefABCDEF", 2) == text.npos;
  }
  if (IsOneOf(text, {".nan", ".NaN", ".NAN"})) {
    return true;
  }
  if (text.starts_with('-') || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  if (IsOneOf(text, {".inf", ".Inf", ".INF"})) {
    return true;
  }
  const std::size_t whole = CountDigits(text);
  text.remove_prefix(whole);
  std::size_t fraction = 0;
  if (text.starts_with('.')) {
    fraction = CountDigits(text.substr(1));
    text.remove_prefix(1 + fraction);
  }
  if (whole + fraction == 0) {
    return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) {
      text.remove_prefix(1);
    }
    const std::size_t exponent = CountDigits(text);
    return exponent > 0 && exponent == text.size();
  }
  return text.empty();
}

bool IsBoolean(std::string_view text) {
  return IsOneOf(text, {"true", "True", "TRUE", "false", "False", "FALSE"});
}

}  // namespace

std::variant<std::vector<YamlNode>, YamlError> ReadYaml(std::string_view text) {
  if (text.size() > kMaxYamlBytes) {
    return YamlError{0, "longer than " + std::to_string(kMaxYamlBytes) + " bytes"};
  }
  if (!base::IsUtf8(text)) {
    return YamlError{0, "not UTF-8"};
  }
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return YamlError{LineAt(text, nul), "holds a NUL byte"};
  }
  try {
    // The mark that ends a document: without it the parser takes a text that was cut off within
    // quotes for whole.
    std::istringstream stream(std::string(text) + "\n...\n");
    YAML::Parser parser(stream);
    TreeBuilder builder;
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.Take();
  } catch (const YamlError& error) {
    return error;
  } catch (const YAML::Exception& error) {
    const std::size_t line = std::min(LineOf(error.mark), LineAt(text, text.size()));
    return YamlError{line, "not YAML: " + base::OneLine(error.msg, 200)};
  }
}

bool IsString(const YamlNode& node) {
  return node.kind == YamlKind::kScalar &&
         (node.quoted || (!IsBoolean(node.text) && !IsNumber(node.text)));
}

std::string_view Describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlKind::kNull:
      return "empty";
    case YamlKind::kList:
      return "a list";
    case YamlKind::kMapping:
      return "a mapping";
    case YamlKind::kScalar:
      break;
  }
  return IsString(node) ? "a string" : IsBoolean(node.text) ? "a boolean" : "a number";
}

}  // namespace sigward
