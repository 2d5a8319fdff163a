#include "verifier/pem.h"

#include <utility>

#include "base/base64.h"
#include "base/text.h"

namespace sigward::verifier {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr std::size_t kMaxLabel = 64;

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kWhiteSpace);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kWhiteSpace) - first + 1);
}

base::Error Malformed(const std::string& what) {
  return base::Fail(base::Reason::kMalformed, "PEM: " + what);
}

/// Takes the first line off TEXT; the line comes without its LF or CR LF.
std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

bool IsLabel(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel &&
         label.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ") == std::string_view::npos;
}

/// Takes one block off REST, from its BEGIN line to its END line.
base::Result<PemBlock> TakeBlock(std::string_view& rest, std::size_t max_bytes) {
  const std::string_view first = TakeLine(rest);
  if (!first.starts_with(kBegin) || !first.ends_with(kDashes) ||
      first.size() < kBegin.size() + kDashes.size()) {
    return Malformed("the text does not start with a BEGIN line");
  }
  const std::string_view label =
      first.substr(kBegin.size(), first.size() - kBegin.size() - kDashes.size());
  if (!IsLabel(label)) {
    return Malformed("the BEGIN line has no proper label");
  }
  const std::string end_line = std::string(kEnd) + std::string(label) + std::string(kDashes);
  std::string body;
  std::string_view line = TakeLine(rest);
  while (line != end_line) {
    if (line.empty() || line.starts_with(kDashes)) {
      return Malformed("no END line follows the base64 text");
    }
    body += line;
    line = TakeLine(rest);
  }
  base::Result<base::ByteBuffer> contents = base::DecodeBase64(body, max_bytes);
  if (!contents.ok()) {
    return base::Within("PEM", std::move(contents).error());
  }
  return PemBlock{std::string(label), std::move(contents).value()};
}

base::Status CheckSize(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return base::Fail(base::Reason::kTooLarge,
                      "PEM text is longer than " + std::to_string(max_bytes) + " bytes");
  }
  return base::Ok();
}

}  // namespace

base::Result<PemBlock> ParsePem(std::string_view text, std::size_t max_bytes) {
  SIGWARD_RETURN_IF_ERROR(CheckSize(text, max_bytes));
  std::string_view rest = Trim(text);
  SIGWARD_ASSIGN_OR_RETURN(PemBlock block, TakeBlock(rest, max_bytes));
  if (!rest.empty()) {
    return Malformed("something follows the END line; exactly one block may stand here");
  }
  return block;
}

base::Result<std::vector<PemBlock>> ParsePemList(std::string_view text, std::size_t max_bytes,
                                                 std::size_t max_blocks) {
  SIGWARD_RETURN_IF_ERROR(CheckSize(text, max_bytes));
  std::vector<PemBlock> blocks;
  std::string_view rest = Trim(text);
  do {
    if (blocks.size() == max_blocks) {
      return base::Fail(base::Reason::kTooLarge,
                        "PEM: more than " + std::to_string(max_blocks) + " blocks");
    }
    SIGWARD_ASSIGN_OR_RETURN(PemBlock block, TakeBlock(rest, max_bytes));
    blocks.push_back(std::move(block));
    rest = Trim(rest);
  } while (!rest.empty());
  return blocks;
}

}  // namespace sigward::verifier
