#include "rpc/gate_message.h"

#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "rpc/frame.h"

namespace sigward::rpc {
namespace {

using base::Fail;
using base::Reason;

// The wire format of protobuf (protobuf.dev/programming-guides/encoding): a message is a row of
// fields, each a tag (number and wire type in one varint) and a value.

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

/// Most bytes of a varint that holds a value, and of one that holds a tag or a length.
constexpr int kMaxValueBytes = 10;
constexpr int kMaxTagBytes = 5;
/// Field numbers of both messages are 1 to 4.
constexpr std::size_t kFieldLimit = 8;

void AppendVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void AppendTag(std::string& out, std::uint32_t number, WireType type) {
  AppendVarint(out, number << 3 | static_cast<std::uint32_t>(type));
}

/// A zero and an empty text are not written: in proto3 the absent field means the same.
void AppendNumber(std::string& out, std::uint32_t number, std::uint32_t value) {
  if (value != 0) {
    AppendTag(out, number, WireType::kVarint);
    AppendVarint(out, value);
  }
}

void AppendText(std::string& out, std::uint32_t number, std::string_view text) {
  if (!text.empty()) {
    AppendTag(out, number, WireType::kLength);
    AppendVarint(out, text.size());
    out.append(text);
  }
}

base::Error OutOfShape(const char* what) {
  return Fail(Reason::kProtocol, std::string("a message of the gate has ") + what);
}

base::Result<std::uint64_t> TakeVarint(std::string_view& rest, int max_bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < max_bytes && !rest.empty(); ++i) {
    const auto byte = static_cast<std::uint8_t>(rest.front());
    rest.remove_prefix(1);
    if (i == kMaxValueBytes - 1 && byte > 1) {
      return OutOfShape("a number beyond 64 bits");
    }
    value |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if ((byte & 0x80) == 0) {
      return value;
    }
  }
  return OutOfShape("a number without an end");
}

base::Result<std::string_view> TakeBytes(std::string_view& rest, std::uint64_t size) {
  if (size > rest.size()) {
    return OutOfShape("a field that is cut");
  }
  const std::string_view taken = rest.substr(0, size);
  rest.remove_prefix(size);
  return taken;
}

/// A field's value: a number for kVarint, bytes for the other wire types.
struct Field {
  std::uint64_t number;
  WireType type;
  std::uint64_t value = 0;
  std::string_view bytes;
};

base::Result<Field> TakeField(std::string_view& rest) {
  SIGWARD_ASSIGN_OR_RETURN(const std::uint64_t tag, TakeVarint(rest, kMaxTagBytes));
  Field field{.number = tag >> 3, .type = static_cast<WireType>(tag & 7), .bytes = {}};
  if (field.number == 0 || tag > UINT32_MAX) {
    return OutOfShape("a field number out of range");
  }
  std::uint64_t size = 0;
  switch (field.type) {
    case WireType::kVarint: {
      SIGWARD_ASSIGN_OR_RETURN(field.value, TakeVarint(rest, kMaxValueBytes));
      return field;
    }
    case WireType::kLength: {
      SIGWARD_ASSIGN_OR_RETURN(size, TakeVarint(rest, kMaxTagBytes));
      break;
    }
    case WireType::kFixed64:
      size = 8;
      break;
    case WireType::kFixed32:
      size = 4;
      break;
    default:
      return OutOfShape("a field of a wire type that does not exist");
  }
  SIGWARD_ASSIGN_OR_RETURN(field.bytes, TakeBytes(rest, size));
  return field;
}

/// The fields of a message that are known, each at most once.
class Fields {
 public:
  static base::Result<Fields> Parse(std::string_view bytes) {
    if (bytes.size() > kMaxFrameBytes) {
      return OutOfShape("more bytes than a frame");
    }
    Fields fields;
    while (!bytes.empty()) {
      SIGWARD_ASSIGN_OR_RETURN(const Field field, TakeField(bytes));
      if (field.number >= kFieldLimit) {
        continue;
      }
      std::optional<Field>& place = fields.known_[field.number];
      if (place) {
        return OutOfShape("the same field twice");
      }
      place = field;
    }
    return fields;
  }

  base::Result<std::uint32_t> Number(std::size_t number) const {
    const std::optional<Field>& field = known_[number];
    if (!field) {
      return 0U;
    }
    if (field->type != WireType::kVarint || field->value > UINT32_MAX) {
      return OutOfShape("a field that is not a number of 32 bits");
    }
    return static_cast<std::uint32_t>(field->value);
  }

  base::Result<std::string> Text(std::size_t number) const {
    const std::optional<Field>& field = known_[number];
    if (!field) {
      return std::string();
    }
    if (field->type != WireType::kLength || !base::IsUtf8(field->bytes)) {
      return OutOfShape("a field that is not text");
    }
    return std::string(field->bytes);
  }

 private:
  std::array<std::optional<Field>, kFieldLimit> known_;
};

}  // namespace

std::string Encode(const GateQuestion& question) {
  std::string out;
  AppendNumber(out, 1, static_cast<std::uint32_t>(question.call));
  AppendText(out, 2, question.reference);
  AppendText(out, 3, question.digest);
  AppendText(out, 4, question.media_type);
  AppendText(out, 5, question.bundle);
  AppendText(out, 6, question.runtime_root);
  AppendText(out, 7, question.container_id);
  return out;
}

std::string Encode(const GateAnswer& answer) {
  std::string out;
  AppendNumber(out, 1, answer.verdict);
  AppendNumber(out, 2, answer.reason);
  AppendText(out, 3, answer.line);
  AppendText(out, 4, answer.record);
  return out;
}

base::Result<GateQuestion> DecodeGateQuestion(std::string_view bytes) {
  SIGWARD_ASSIGN_OR_RETURN(const Fields fields, Fields::Parse(bytes));
  SIGWARD_ASSIGN_OR_RETURN(const std::uint32_t call, fields.Number(1));
  if (call < static_cast<std::uint32_t>(GateCall::kPull) ||
      call > static_cast<std::uint32_t>(GateCall::kAudit)) {
    return OutOfShape("no call that the gate knows");
  }
  GateQuestion question;
  question.call = static_cast<GateCall>(call);
  SIGWARD_ASSIGN_OR_RETURN(question.reference, fields.Text(2));
  SIGWARD_ASSIGN_OR_RETURN(question.digest, fields.Text(3));
  SIGWARD_ASSIGN_OR_RETURN(question.media_type, fields.Text(4));
  SIGWARD_ASSIGN_OR_RETURN(question.bundle, fields.Text(5));
  SIGWARD_ASSIGN_OR_RETURN(question.runtime_root, fields.Text(6));
  SIGWARD_ASSIGN_OR_RETURN(question.container_id, fields.Text(7));
  return question;
}

base::Result<GateAnswer> DecodeGateAnswer(std::string_view bytes) {
  SIGWARD_ASSIGN_OR_RETURN(const Fields fields, Fields::Parse(bytes));
  GateAnswer answer;
  SIGWARD_ASSIGN_OR_RETURN(answer.verdict, fields.Number(1));
  SIGWARD_ASSIGN_OR_RETURN(answer.reason, fields.Number(2));
  SIGWARD_ASSIGN_OR_RETURN(answer.line, fields.Text(3));
  SIGWARD_ASSIGN_OR_RETURN(answer.record, fields.Text(4));
  return answer;
}

}  // namespace sigward::rpc
