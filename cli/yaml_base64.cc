#include "cli/yaml_base64.h"

#include <algorithm>

#include "base/base64.h"

namespace sigward::cli {

std::optional<std::string> ReadBase64(YamlFields& fields, std::string_view name,
                                      std::size_t max_text) {
  auto text = fields.String(name);
  if (!text.has_value()) {
    return std::nullopt;
  }
  // Go's decoder skips line ends, and `|` in YAML leaves one at the end.
  std::erase_if(*text, [](char c) { return c == '\n' || c == '\r'; });
  const auto bytes = base::DecodeBase64(*text, max_text);
  if (!bytes.ok()) {
    fields.Report(name, text->size() > max_text
                            ? "longer than " + std::to_string(max_text) + " characters"
                        : text->starts_with("-----BEGIN")
                            ? "expected the PEM text in base64, got the text itself"
                            : "expected base64");
    return std::nullopt;
  }
  return std::string(base::AsText(*bytes));
}

}  // namespace sigward::cli
