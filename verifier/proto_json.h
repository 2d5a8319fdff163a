#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/json_fields.h"
#include "base/result.h"
#include "base/strict_json.h"

namespace sigward::verifier {

/// The bytes of one `bytes` field or element: standard base64 text of at most MAX bytes. Fails with
/// kMalformed, or kTooLarge beyond. WHERE names it in errors.
base::Result<base::ByteBuffer> ProtoBytes(const base::Json& value, std::string where,
                                          std::size_t max);

/// Reads one message in protobuf's JSON form as Sigstore writes it (client-spec §5): names in
/// lowerCamelCase, enumerations by name, unknown fields refused. Every field may be absent, or
/// say null, which is the same (ProtoJSON), and then has its type's default; an element of a list
/// may not. The Json must outlive this.
class ProtoFields {
 public:
  /// WHERE names the message in errors. Fails with kMalformed when VALUE is not an object.
  static base::Result<ProtoFields> Of(const base::Json& value, std::string where);

  /// Each fails with kMalformed when the field has another type.
  base::Result<std::string> String(std::string_view name);
  /// A number, or its decimal text as protobuf writes it.
  base::Result<std::int64_t> Int64(std::string_view name);
  /// An int64 that must not be negative.
  base::Result<std::uint64_t> Unsigned(std::string_view name);
  /// Standard base64 of at most MAX bytes. Fails with kTooLarge beyond.
  base::Result<base::ByteBuffer> Bytes(std::string_view name, std::size_t max);
  /// Null when the field is absent.
  base::Result<const base::Json*> Message(std::string_view name);
  /// An empty array when the field is absent. Fails with kTooLarge when it has more than MAX
  /// elements.
  base::Result<const base::Json*> Repeated(std::string_view name, std::size_t max);

  /// Fails with kMalformed, naming the first field that was not asked for.
  base::Status NoOthers() const { return fields_.NoOthers(); }
  /// The message's name with the field's.
  std::string Place(std::string_view name) const;

 private:
  explicit ProtoFields(base::JsonFields fields) : fields_(std::move(fields)) {}
  /// Null when the field is absent or says null.
  const base::Json* Find(std::string_view name);

  base::JsonFields fields_;
};

}  // namespace sigward::verifier
