#include "cli/node/containerd_config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace sigward::cli {
namespace {

using base::Fail;
using base::Reason;

constexpr std::int64_t kDefaultDownloads = 3;
/// Far beyond what a time-out can mean, and safe to multiply.
constexpr double kMaxDuration = 1e12;

/// The table at a path of keys, or null.
const toml::table* TableAt(const toml::table& table, std::initializer_list<std::string_view> keys) {
  const toml::table* at = &table;
  for (const std::string_view key : keys) {
    const toml::node* next = at->get(key);
    at = next == nullptr ? nullptr : next->as_table();
    if (at == nullptr) {
      return nullptr;
    }
  }
  return at;
}

/// Reads the values of one table. A value of another type than expected is remembered, so that it
/// is never taken for an absent one.
class Reader {
 public:
  Reader(const toml::table* table, std::string where, std::string& wrong)
      : table_(table), where_(std::move(where)), wrong_(&wrong) {}

  template <typename T>
  T Get(std::string_view key, T otherwise) const {
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    if (node == nullptr) {
      return otherwise;
    }
    if (auto value = node->value_exact<T>()) {
      return *std::move(value);
    }
    return Wrong(key), otherwise;
  }

  std::vector<std::string> Strings(std::string_view key) const {
    std::vector<std::string> values;
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    if (node == nullptr) {
      return values;
    }
    const toml::array* array = node->as_array();
    if (array == nullptr) {
      return Wrong(key), values;
    }
    for (const toml::node& element : *array) {
      if (auto value = element.value_exact<std::string>()) {
        values.push_back(*std::move(value));
      } else {
        Wrong(key);
      }
    }
    return values;
  }

  /// Whether KEY holds a table or list with something in it.
  bool Filled(std::string_view key) const {
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    return node != nullptr && ((node->is_table() && !node->as_table()->empty()) ||
                               (node->is_array() && !node->as_array()->empty()));
  }

  bool there() const { return table_ != nullptr; }

 private:
  void Wrong(std::string_view key) const { *wrong_ = where_ + "." + std::string(key); }

  const toml::table* table_;
  std::string where_;
  std::string* wrong_;
};

class DumpReader {
 public:
  explicit DumpReader(const toml::table& document) : document_(document) {}

  base::Result<ContainerdConfig> Read() {
    const Reader top(&document_, "configuration", wrong_);
    config_.version = top.Get<std::int64_t>("version", 1);
    config_.state = top.Get<std::string>("state", config_.state);
    disabled_ = top.Strings("disabled_plugins");
    config_.address = Reader(TableAt(document_, {"grpc"}), "grpc", wrong_)
                          .Get<std::string>("address", "/run/containerd/containerd.sock");
    ReadVerifier();
    if (config_.version >= 3) {
      ReadCri3();
    } else {
      ReadCri2();
    }
    const Reader nri = Plugin("io.containerd.nri.v1.nri");
    config_.nri = nri.there() && !nri.Get<bool>("disable", config_.version < 3);
    config_.shim_environment = Plugin("io.containerd.shim.v1.manager").Strings("env");
    if (!wrong_.empty()) {
      return Fail(Reason::kConfigInvalid,
                  "containerd's configuration: " + wrong_ + " has a value of another type");
    }
    return std::move(config_);
  }

 private:
  /// A plugin's own table; none when it is disabled, by its id or by its last word alone.
  Reader Plugin(const std::string& id) {
    const std::string word = id.substr(id.rfind('.') + 1);
    const bool disabled = std::any_of(disabled_.begin(), disabled_.end(), [&](const auto& name) {
      return name == id || (word == "cri" && name == "cri");
    });
    return {disabled ? nullptr : TableAt(document_, {"plugins", id}), id, wrong_};
  }

  void ReadVerifier() {
    const Reader verifier = Plugin(kVerifierPlugin);
    if (verifier.there()) {
      config_.verifier = {verifier.Get<std::string>("bin_dir", ""),
                          verifier.Get<std::int64_t>("max_verifiers", 10),
                          verifier.Get<std::string>("per_verifier_timeout", "10s")};
    }
  }

  void ReadCri3() {
    const std::string images_id = "io.containerd.cri.v1.images";
    const std::string runtime_id = "io.containerd.cri.v1.runtime";
    const Reader images = Plugin(images_id);
    config_.cri = images.there() && Plugin("io.containerd.grpc.v1.cri").there();
    config_.use_local_image_pull = images.Get<bool>("use_local_image_pull", false);
    const auto imply = [&](bool holds, const char* text) {
      if (holds) {
        config_.implied_local_pull.emplace_back(text);
      }
    };
    imply(!images.Get<bool>("disable_snapshot_annotations", true),
          "disable_snapshot_annotations = false");
    imply(images.Get<bool>("discard_unpacked_layers", false), "discard_unpacked_layers = true");
    imply(images.Get<std::int64_t>("max_concurrent_downloads", kDefaultDownloads) !=
              kDefaultDownloads,
          "max_concurrent_downloads");
    imply(images.Get<bool>("image_pull_with_sync_fs", false), "image_pull_with_sync_fs = true");
    const Reader registry(TableAt(document_, {"plugins", images_id, "registry"}), "registry",
                          wrong_);
    for (const char* key : {"mirrors", "configs", "auths"}) {
      if (registry.Filled(key)) {
        config_.implied_local_pull.push_back("registry." + std::string(key));
      }
    }
    ReadRuntimes(TableAt(document_, {"plugins", runtime_id, "containerd"}));
  }

  void ReadCri2() {
    const std::string id = "io.containerd.grpc.v1.cri";
    config_.cri = Plugin(id).there();
    ReadRuntimes(TableAt(document_, {"plugins", id, "containerd"}));
  }

  void ReadRuntimes(const toml::table* containerd) {
    if (containerd == nullptr || !config_.cri) {
      return;
    }
    config_.default_runtime =
        Reader(containerd, "containerd", wrong_).Get<std::string>("default_runtime_name", "runc");
    const toml::table* runtimes = TableAt(*containerd, {"runtimes"});
    if (runtimes == nullptr) {
      return;
    }
    for (const auto& [key, node] : *runtimes) {
      RuntimeRoute route;
      route.name = std::string(key.str());
      if (!node.is_table()) {
        wrong_ = "runtimes." + route.name;
        continue;
      }
      const Reader runtime(node.as_table(), "runtimes." + route.name, wrong_);
      route.type = runtime.Get<std::string>("runtime_type", "");
      route.shim_path = runtime.Get<std::string>("runtime_path", "");
      const Reader options(TableAt(*node.as_table(), {"options"}),
                           "runtimes." + route.name + ".options", wrong_);
      route.binary_name = options.Get<std::string>("BinaryName", "");
      config_.runtimes.push_back(std::move(route));
    }
  }

  const toml::table& document_;
  std::vector<std::string> disabled_;
  std::string wrong_;
  ContainerdConfig config_;
};

}  // namespace

base::Result<ContainerdConfig> ContainerdConfig::Parse(std::string_view text) {
  if (text.size() > kMaxContainerdConfigBytes) {
    return Fail(Reason::kTooLarge, "containerd's configuration has more than " +
                                       std::to_string(kMaxContainerdConfigBytes) + " bytes");
  }
  try {
    return DumpReader(toml::parse(text)).Read();
  } catch (const toml::parse_error& error) {
    return Fail(Reason::kConfigInvalid, "containerd's configuration, line " +
                                            std::to_string(error.source().begin.line) + ": " +
                                            std::string(error.description()));
  }
}

std::optional<std::chrono::milliseconds> ParseGoDuration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double milliseconds;
  };
  // Longer names first: "ms" is not "m".
  static constexpr std::array<Unit, 7> kUnits = {
      {{"ms", 1}, {"us", 1e-3}, {"µs", 1e-3}, {"ns", 1e-6}, {"h", 3.6e6}, {"m", 6e4}, {"s", 1e3}}};
  double total = 0;
  if (text == "0") {
    return std::chrono::milliseconds(0);
  }
  if (text.empty()) {
    return std::nullopt;
  }
  while (!text.empty()) {
    double value = 0;
    const auto [stop, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc() || text.front() == '-') {
      return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    const auto* const unit = std::find_if(kUnits.begin(), kUnits.end(),
                                          [&](const Unit& u) { return text.starts_with(u.name); });
    total += unit == kUnits.end() ? 0 : value * unit->milliseconds;
    if (unit == kUnits.end() || !(total < kMaxDuration)) {
      return std::nullopt;
    }
    text.remove_prefix(unit->name.size());
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(total));
}

std::optional<ContainerdVersion> ParseContainerdVersion(std::string_view output) {
  // "containerd github.com/containerd/containerd/v2 2.1.9 …", with or without a "v" or "~ds1".
  while (!output.empty()) {
    const std::size_t end = std::min(output.find_first_of(" \n"), output.size());
    std::string_view word = output.substr(0, end);
    output.remove_prefix(std::min(end + 1, output.size()));
    if (word.starts_with('v')) {
      word.remove_prefix(1);
    }
    ContainerdVersion version;
    const char* stop_at = word.data() + word.size();
    const auto major = std::from_chars(word.data(), stop_at, version.major);
    if (major.ec != std::errc() || major.ptr == stop_at || *major.ptr != '.') {
      continue;
    }
    const auto minor = std::from_chars(major.ptr + 1, stop_at, version.minor);
    if (minor.ec != std::errc()) {
      continue;
    }
    version.text = std::string(word);
    return version;
  }
  return std::nullopt;
}

}  // namespace sigward::cli
