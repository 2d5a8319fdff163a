#include "base/strict_json.h"

#include <string>
#include <vector>

namespace sigward::base {
namespace {

/// Builds the value itself instead of leaving that to the library, whose own builder keeps the last
/// of two equal keys and knows no bound on depth.
class StrictBuilder final : public nlohmann::json_sax<Json> {
 public:
  explicit StrictBuilder(std::size_t max_values) : values_left_(max_values) {}

  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override { return Add(value); }
  bool number_float(number_float_t value, const string_t& text) override {
    if (text.find_first_of(".eE") == string_t::npos) {
      return Refuse(Reason::kMalformed, "an integer does not fit into 64 bits");
    }
    return Add(value);
  }
  bool string(string_t& value) override { return Add(std::move(value)); }
  bool binary(binary_t&) override { return Refuse(Reason::kMalformed, "binary value"); }

  bool start_object(std::size_t) override { return Open(Json::object()); }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return Open(Json::array()); }
  bool end_array() override { return Close(); }

  bool key(string_t& name) override {
    auto& object = open_.back()->get_ref<Json::object_t&>();
    const auto [member, is_new] = object.try_emplace(std::move(name));
    if (!is_new) {
      return Refuse(Reason::kDuplicateKey, "the same key stands twice in one object");
    }
    member_ = &member->second;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    return Refuse(Reason::kMalformed, "not JSON at byte " + std::to_string(position));
  }

  Result<Json> Take() && {
    if (refused_) {
      return std::move(error_);
    }
    return std::move(root_);
  }

  bool Refuse(Reason reason, std::string detail) {
    if (!refused_) {
      refused_ = true;
      error_ = Fail(reason, std::move(detail));
    }
    return false;
  }

 private:
  /// Where the next value belongs: the root, the element after the last one, or a member. The
  /// pointers in open_ stay good: a parent is not grown while a child of it is open.
  Json* Place(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    *member_ = std::move(value);
    return member_;
  }

  bool Add(Json value) {
    if (!CountOne()) {
      return false;
    }
    Place(std::move(value));
    return true;
  }

  bool CountOne() {
    if (values_left_ == 0) {
      return Refuse(Reason::kTooLarge, "JSON text holds too many values");
    }
    --values_left_;
    return true;
  }

  bool Open(Json container) {
    if (open_.size() >= kMaxJsonDepth) {
      return Refuse(Reason::kMalformed, "nested deeper than " + std::to_string(kMaxJsonDepth));
    }
    if (!CountOne()) {
      return false;
    }
    open_.push_back(Place(std::move(container)));
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  std::size_t values_left_;
  Json root_;
  std::vector<Json*> open_;
  Json* member_ = nullptr;
  bool refused_ = false;
  Error error_{Reason::kInternal, ""};
};

}  // namespace

Result<Json> ParseStrictJson(std::string_view text, std::size_t max_bytes, std::size_t max_values) {
  if (text.size() > max_bytes) {
    return Fail(Reason::kTooLarge, "JSON text is longer than " + std::to_string(max_bytes));
  }
  StrictBuilder builder(max_values);
  if (text.starts_with("\xef\xbb\xbf")) {
    builder.Refuse(Reason::kMalformed, "JSON text starts with a byte order mark");
  } else if (text.find('\0') != std::string_view::npos) {
    // The library takes a zero byte for the end of the text and would not look at what follows.
    builder.Refuse(Reason::kMalformed, "JSON text holds a zero byte");
  } else if (!Json::sax_parse(text, &builder)) {
    builder.Refuse(Reason::kMalformed, "not JSON");
  }
  return std::move(builder).Take();
}

}  // namespace sigward::base
