#include "plugin/bundle_path.h"

#include "base/ascii.h"
#include "base/text.h"

namespace sigward {
namespace {

constexpr std::string_view kTasks = "/io.containerd.runtime.v2.task/";
constexpr std::size_t kMaxPathText = 200;

base::Error Unknown(const std::string& text, std::string_view path) {
  return base::Fail(base::Reason::kRuntimeUnknown, text + base::OneLine(path, kMaxPathText));
}

/// containerd's rule for namespaces and ids (pkg/identifiers): letters and digits, with single '.',
/// '_' or '-' between them.
bool IsIdentifier(std::string_view text) {
  constexpr std::size_t kMaxIdentifier = 76;
  if (text.empty() || text.size() > kMaxIdentifier || !base::IsAlphaNumeric(text.back())) {
    return false;
  }
  bool after_separator = true;
  for (const char c : text) {
    const bool is_separator = c == '.' || c == '_' || c == '-';
    if ((is_separator && after_separator) || (!is_separator && !base::IsAlphaNumeric(c))) {
      return false;
    }
    after_separator = is_separator;
  }
  return true;
}

}  // namespace

base::Result<BundleName> NameOfBundle(std::string_view bundle, std::string_view runtime_root,
                                      std::string_view id, std::string_view state_dir) {
  const std::string tasks = std::string(state_dir) + std::string(kTasks);
  if (!bundle.starts_with(tasks)) {
    return Unknown(
        "the bundle is none of the containerd with state " + std::string(state_dir) + ", but ",
        bundle);
  }
  const std::string_view rest = bundle.substr(tasks.size());
  const std::size_t slash = rest.find('/');
  const std::string_view ns = rest.substr(0, slash);
  const std::string_view own_id = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  if (!IsIdentifier(ns) || !IsIdentifier(own_id)) {
    return Unknown("the bundle names no namespace and container: ", bundle);
  }
  while (runtime_root.ends_with('/')) {
    runtime_root.remove_suffix(1);
  }
  if (runtime_root.substr(runtime_root.rfind('/') + 1) != ns) {
    return Unknown("the bundle is of namespace " + base::OneLine(ns, kMaxPathText) +
                       ", the runtime's root is ",
                   runtime_root);
  }
  if (own_id != id) {
    return Unknown("the bundle is of container " + base::OneLine(own_id, kMaxPathText) +
                       ", the runtime was told ",
                   id);
  }
  return BundleName{std::string(ns), std::string(own_id)};
}

}  // namespace sigward
