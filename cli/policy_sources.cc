#include "cli/policy_sources.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/text.h"
#include "base/yaml/yaml_reader.h"
#include "cli/cluster_image_policy.h"
#include "cli/installed_data.h"
#include "cli/node_policy.h"
#include "cli/policy_config.h"
#include "cli/yaml_fields.h"

namespace sigward::cli {
namespace {

using base::Fail;
using base::Reason;

constexpr std::string_view kPolicyGroup = "policy.sigstore.dev/";

bool IsPolicyVersion(std::string_view api_version) {
  return api_version == "policy.sigstore.dev/v1alpha1" ||
         api_version == "policy.sigstore.dev/v1beta1";
}

/// Reads document after document and keeps what must be there once only.
class PolicyCollector {
 public:
  PolicyCollector(Problems& problems, const CompileOptions& options)
      : problems_(problems), options_(options) {}

  void Read(const SourceText& source) {
    auto documents = ReadYaml(source.text);
    if (const auto* error = std::get_if<YamlError>(&documents)) {
      problems_.AddError({source.file, error->line, "", error->message});
      return;
    }
    for (const YamlNode& document : std::get<std::vector<YamlNode>>(documents)) {
      ReadDocument(YamlFields(document, document.line, "", source.file, problems_), source.file,
                   /*listed=*/false);
    }
  }

  std::optional<CompiledPolicy> Finish() {
    if (!problems_.HasErrors() && documents_ == 0) {
      problems_.AddError({"policy", 0, "", "no document found"});
    }
    if (!problems_.HasErrors() && policies_.size() > policy::kMaxPolicies) {
      problems_.AddError(
          {"policy", 0, "", "more than " + std::to_string(policy::kMaxPolicies) + " policies"});
    }
    if (!problems_.HasErrors()) {
      ReportUnusedMirrors(options_.mirrors, trust_roots_, problems_);
    }
    const policy::TrustRoots trust_roots =
        trust_root_uses_.Resolve(trust_roots_, options_.public_good_root, problems_);
    if (problems_.HasErrors()) {
      return std::nullopt;
    }
    CompiledPolicy compiled{
        .text = policy::Compile(policies_, config_.no_match, config_.transparency_url,
                                node_.value_or(policy::NodeRules()), trust_roots),
        .policies = policies_.size(),
        .no_match = config_.no_match,
    };
    // What the daemon would refuse is not handed out.
    if (const auto parsed = policy::PolicySnapshot::Parse(compiled.text, 0); !parsed.ok()) {
      problems_.AddError({"policy", 0, "", parsed.error().detail});
      return std::nullopt;
    }
    return compiled;
  }

 private:
  void ReadDocument(YamlFields document, const std::string& file, bool listed) {
    ++documents_;
    if (!document.IsMapping()) {
      return;
    }
    const auto api_version = document.String("apiVersion");
    const auto kind = document.String("kind");
    if (!api_version.has_value() || !kind.has_value()) {
      return;
    }
    const bool list_kind = *kind == "List" || *kind == "ClusterImagePolicyList";
    if (*kind == "ClusterImagePolicy" && IsPolicyVersion(*api_version)) {
      ReadPolicy(document, file);
    } else if (*kind == "ClusterImagePolicy" && api_version->starts_with(kPolicyGroup)) {
      document.Report("apiVersion",
                      "unsupported version; expected policy.sigstore.dev/v1alpha1 "
                      "or policy.sigstore.dev/v1beta1");
    } else if (*kind == "ClusterImagePolicy") {
      document.Report("apiVersion",
                      "ClusterImagePolicy of another group; only policy.sigstore.dev is supported");
    } else if (*kind == "TrustRoot" && *api_version == "policy.sigstore.dev/v1alpha1") {
      ReadRoot(document);
    } else if (*kind == "ConfigMap" && *api_version == "v1") {
      ReadConfig(document, file);
    } else if (*kind == "NodePolicy" && *api_version == kNodePolicyVersion) {
      ReadNode(document);
    } else if (list_kind && !listed && (*api_version == "v1" || IsPolicyVersion(*api_version))) {
      ReadList(document, file);
    } else {
      document.Report("kind",
                      "unsupported kind " + base::OneLine(*kind, base::kMaxNameInError) + " of " +
                          base::OneLine(*api_version, base::kMaxNameInError) +
                          "; expected ClusterImagePolicy, TrustRoot, NodePolicy or ConfigMap");
    }
  }

  void ReadPolicy(YamlFields& document, const std::string& file) {
    auto read = ReadClusterImagePolicy(document, {.trust_roots = trust_root_uses_});
    if (!read.has_value()) {
      return;
    }
    const std::string here = file + ":" + std::to_string(document.LineOf("metadata"));
    const auto [first, fresh] = places_.emplace(read->name, here);
    if (!fresh) {
      document.Report("metadata", "two policies have the name " + read->name +
                                      "; the other is at " + first->second);
      return;
    }
    policies_.push_back(*std::move(read));
  }

  void ReadRoot(YamlFields& document) {
    auto read = ReadTrustRoot(document, options_.mirrors);
    if (!read.has_value()) {
      return;
    }
    const std::string name = read->name;
    if (!trust_roots_.emplace(name, *std::move(read)).second) {
      document.Report("metadata", "two TrustRoots have the name " + name);
    }
  }

  void ReadConfig(YamlFields& document, const std::string& file) {
    PolicyConfig config = ReadPolicyConfig(document);
    const std::string here = file + ":" + std::to_string(document.LineOf("metadata"));
    if (!config_place_.empty()) {
      document.Report("metadata",
                      "a second ConfigMap for policies; the other is at " + config_place_);
      return;
    }
    config_place_ = here;
    config_ = std::move(config);
  }

  void ReadNode(YamlFields& document) {
    auto read = ReadNodePolicy(document);
    if (node_.has_value()) {
      document.Report("metadata", "a second NodePolicy; there is one for a node");
      return;
    }
    node_ = std::move(read);
  }

  /// What `kubectl get -o yaml` writes around several objects.
  void ReadList(YamlFields& document, const std::string& file) {
    const auto* items = document.List("items");
    document.Ignore({"metadata"});
    document.NoOthers();
    for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
      ReadDocument(document.Element("items", *items, i), file, /*listed=*/true);
    }
  }

  Problems& problems_;
  const CompileOptions& options_;
  TrustRootUses trust_root_uses_;
  std::map<std::string, TrustRootResource> trust_roots_;
  std::size_t documents_ = 0;
  std::vector<policy::Policy> policies_;
  std::map<std::string, std::string> places_;
  PolicyConfig config_;
  std::string config_place_;
  std::optional<policy::NodeRules> node_;
};

bool IsPolicyFile(const std::filesystem::path& path) {
  static constexpr std::array<std::string_view, 3> kExtensions = {".yaml", ".yml", ".json"};
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

base::Result<std::vector<std::string>> FilesIn(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    // A link that leads nowhere is kept: it fails when it is read, and is not passed by in silence.
    std::error_code ignored;
    if (IsPolicyFile(entry->path()) && !entry->is_directory(ignored)) {
      files.push_back(entry->path().string());
    }
  }
  if (error) {
    return Fail(Reason::kIoFailed, folder + ": " + error.message());
  }
  if (files.empty()) {
    return Fail(Reason::kIoFailed, folder + ": no *.yaml, *.yml or *.json file in this folder");
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

base::Result<std::vector<SourceText>> ReadPolicySources(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    SIGWARD_ASSIGN_OR_RETURN(const auto found, FilesIn(path));
    files.insert(files.end(), found.begin(), found.end());
  }
  if (files.size() > kMaxPolicyFiles) {
    return Fail(Reason::kTooLarge, "more than " + std::to_string(kMaxPolicyFiles) + " files");
  }
  std::vector<SourceText> sources;
  for (std::string& file : files) {
    SIGWARD_ASSIGN_OR_RETURN(std::string text, base::ReadFile(file, kMaxYamlBytes));
    sources.push_back({.file = std::move(file), .text = std::move(text)});
  }
  return sources;
}

CompileOptions InstalledCompileOptions() {
  // Where the program cannot tell where it is, reading the file fails, and says so to whom it
  // matters.
  const auto path = InstalledData("trusted_root.json");
  CompileOptions options;
  options.public_good_root = path.ok() ? *path : "trusted_root.json";
  options.mirrors.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return options;
}

std::optional<CompiledPolicy> CompileSources(std::span<const SourceText> sources,
                                             Problems& problems, const CompileOptions& options) {
  PolicyCollector collector(problems, options);
  for (const SourceText& source : sources) {
    collector.Read(source);
  }
  return collector.Finish();
}

}  // namespace sigward::cli
