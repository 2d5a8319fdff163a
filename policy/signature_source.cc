#include "policy/signature_source.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "verifier/image_ref.h"

namespace sigward::policy {
namespace {

using base::Fail;
using base::Reason;

}  // namespace

base::Result<SignatureSource> SignatureSource::Of(std::string_view repository,
                                                  std::string tag_prefix) {
  SIGWARD_RETURN_IF_ERROR(CheckTagPrefix(tag_prefix));
  SignatureSource source;
  source.tag_prefix = std::move(tag_prefix);
  if (repository.empty()) {
    return source;
  }
  const auto parsed = verifier::ImageRef::Parse(repository);
  if (!parsed.ok()) {
    return Fail(Reason::kPolicyInvalid, parsed.error().detail);
  }
  const std::size_t slash = repository.rfind('/');
  const std::size_t last = slash == std::string_view::npos ? 0 : slash;
  if (repository.find_first_of(":@", last) != std::string_view::npos) {
    return Fail(Reason::kPolicyInvalid, "names more than a repository");
  }
  source.registry = parsed->registry();
  source.repository = parsed->repository();
  return source;
}

base::Status CheckTagPrefix(std::string_view prefix) {
  if (prefix.size() > kMaxTagPrefix) {
    return Fail(Reason::kTooLarge, "longer than " + std::to_string(kMaxTagPrefix) + " bytes");
  }
  const bool starts =
      prefix.empty() || prefix.front() == '_' || base::IsAlphaNumeric(prefix.front());
  if (!starts || !std::all_of(prefix.begin(), prefix.end(), [](char c) {
        return c == '_' || c == '.' || c == '-' || base::IsAlphaNumeric(c);
      })) {
    return Fail(Reason::kPolicyInvalid,
                "cannot begin a tag (letters, digits, '_', and then '.' and '-' too)");
  }
  return base::Ok();
}

}  // namespace sigward::policy
