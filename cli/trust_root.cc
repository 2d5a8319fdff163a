#include "cli/trust_root.h"

#include <set>
#include <tuple>
#include <utility>

#include "base/files.h"
#include "base/text.h"
#include "cli/cluster_image_policy.h"
#include "cli/trust_root_repository.h"
#include "cli/yaml_base64.h"
#include "verifier/digest.h"
#include "verifier/trust/sigstore_keys.h"

namespace sigward::cli {
namespace {

using base::Result;
using policy::NamedTrustRoot;
using verifier::SigstoreKeys;

constexpr std::size_t kMaxEncoded = std::size_t{256} << 10;

std::optional<SigstoreKeys::Authority> ReadAuthority(YamlFields fields) {
  if (!fields.IsMapping()) {
    return std::nullopt;
  }
  SigstoreKeys::Authority authority;
  if (auto subject = fields.Mapping("subject")) {
    authority.organization = subject->String("organization").value_or("");
    authority.common_name = subject->String("commonName").value_or("");
    subject->NoOthers();
  }
  const auto uri = fields.String("uri");
  auto chain = ReadBase64(fields, "certChain", kMaxEncoded);
  fields.NoOthers();
  if (!uri.has_value() || !chain.has_value()) {
    return std::nullopt;
  }
  authority.uri = *uri;
  authority.chain_pem = *std::move(chain);
  return authority;
}

std::optional<SigstoreKeys::Log> ReadLog(YamlFields fields) {
  if (!fields.IsMapping()) {
    return std::nullopt;
  }
  const auto url = fields.String("baseURL");
  const auto hash = fields.String("hashAlgorithm");
  auto key = ReadBase64(fields, "publicKey", kMaxEncoded);
  fields.NoOthers();
  if (!url.has_value() || !hash.has_value() || !key.has_value()) {
    return std::nullopt;
  }
  return SigstoreKeys::Log{*url, *hash, *std::move(key)};
}

/// The elements of a list that may be absent, as READ has them.
template <typename T>
std::vector<T> ReadElements(YamlFields& keys, std::string_view name,
                            std::optional<T> (*read)(YamlFields)) {
  std::vector<T> out;
  if (!keys.Has(name)) {
    keys.Ignore({name});
    return out;
  }
  const auto* list = keys.List(name);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    if (auto one = read(keys.Element(name, *list, i))) {
      out.push_back(*std::move(one));
    }
  }
  return out;
}

Result<NamedTrustRoot> Build(const SigstoreKeys& keys) {
  const auto json = verifier::TrustedRootJson(keys);
  if (!json.ok()) {
    return json.error();
  }
  return NamedTrustRoot::Of(*json);
}

std::optional<NamedTrustRoot> ReadKeys(const YamlFields& spec, YamlFields keys,
                                       const Problems& problems) {
  SigstoreKeys parts;
  const std::size_t before = problems.error_count();
  parts.certificate_authorities =
      ReadElements<SigstoreKeys::Authority>(keys, "certificateAuthorities", ReadAuthority);
  parts.logs = ReadElements<SigstoreKeys::Log>(keys, "tLogs", ReadLog);
  parts.ct_logs = ReadElements<SigstoreKeys::Log>(keys, "ctLogs", ReadLog);
  parts.timestamp_authorities =
      ReadElements<SigstoreKeys::Authority>(keys, "timestampAuthorities", ReadAuthority);
  keys.NoOthers();
  if (problems.error_count() != before) {
    return std::nullopt;
  }
  if (parts.certificate_authorities.empty() && parts.timestamp_authorities.empty()) {
    spec.Report("sigstoreKeys",
                "expected certificateAuthorities or timestampAuthorities, got neither");
    return std::nullopt;
  }
  auto root = Build(parts);
  if (!root.ok()) {
    spec.Report("sigstoreKeys", root.error().detail);
    return std::nullopt;
  }
  return *std::move(root);
}

std::optional<NamedTrustRoot> ReadJson(YamlFields& spec) {
  const auto text = spec.String("trustedRootJSON");
  if (!text.has_value()) {
    return std::nullopt;
  }
  auto root = NamedTrustRoot::Of(*text);
  if (!root.ok()) {
    spec.Report("trustedRootJSON", root.error().detail);
    return std::nullopt;
  }
  return *std::move(root);
}

std::string_view Missing(TrustRootUses::Part part, const verifier::TrustRoot& root) {
  using Part = TrustRootUses::Part;
  switch (part) {
    case Part::kAuthorities:
      return root.certificate_authorities().empty() ? "certificate authorities" : "";
    case Part::kCtLogs:
      return root.ct_logs().empty() ? "certificate transparency logs (ctLogs)" : "";
    case Part::kLogs:
      return root.logs().empty() ? "transparency logs (tLogs)" : "";
    case Part::kTimestampAuthorities:
      return root.timestamp_authorities().empty() ? "time stamp authorities" : "";
  }
  return "";
}

void Add(Problems& problems, Problem place, std::string message, bool error) {
  place.message = std::move(message);
  if (error) {
    problems.AddError(std::move(place));
  } else {
    problems.AddWarning(std::move(place));
  }
}

/// What trusted_root.json calls the list of PART.
std::string_view ListOf(TrustRootUses::Part part) {
  using Part = TrustRootUses::Part;
  switch (part) {
    case Part::kAuthorities:
      return "certificateAuthorities[";
    case Part::kCtLogs:
      return "ctlogs[";
    case Part::kLogs:
      return "tlogs[";
    case Part::kTimestampAuthorities:
      return "timestampAuthorities[";
  }
  return "";
}

void WarnOfUnusable(const verifier::TrustRoot& root, TrustRootUses::Part part, const Problem& place,
                    Problems& problems) {
  for (const verifier::UnusableInstance& instance : root.unusable()) {
    if (!instance.name.starts_with(ListOf(part))) {
      continue;
    }
    Add(problems, place,
        "the trust root's " + instance.name +
            " is left out, so nothing counts that is by it: " + instance.why.detail,
        /*error=*/false);
  }
}

Result<NamedTrustRoot> ReadPublicGood(const std::string& file) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string text,
                           base::ReadFile(file, verifier::kMaxTrustedRootBytes));
  auto root = NamedTrustRoot::Of(text);
  return root.ok() ? std::move(root) : base::Within(file, std::move(root).error());
}

/// Without a name in INTO no repository is read: what is said of it names it.
void ReadSpec(YamlFields& spec, const TufMirrors& mirrors, TrustRootResource& into) {
  std::size_t kinds = 0;
  for (const std::string_view kind : {"sigstoreKeys", "trustedRootJSON", "repository", "remote"}) {
    kinds += spec.Has(kind) ? 1U : 0U;
  }
  if (kinds != 1) {
    spec.Report("",
                "expected exactly one of sigstoreKeys, trustedRootJSON, repository, remote; got " +
                    std::string(kinds == 0 ? "neither" : "several"));
  }
  if (spec.Has("sigstoreKeys")) {
    if (auto keys = spec.Mapping("sigstoreKeys")) {
      into.root = ReadKeys(spec, *std::move(keys), spec.problems());
    }
  }
  if (spec.Has("trustedRootJSON")) {
    into.root = ReadJson(spec);
  }
  into.is_remote = spec.Has("remote");
  into.has_metadata = into.is_remote || spec.Has("repository");
  if (spec.Has("repository") && !into.name.empty()) {
    into.root = ReadRepository(spec, into.name, mirrors);
  }
  if (into.is_remote && !into.name.empty()) {
    into.root = ReadRemote(spec, into.name, mirrors);
  }
  spec.Ignore({"sigstoreKeys", "trustedRootJSON", "repository", "remote"});
  spec.NoOthers();
}

}  // namespace

std::optional<TrustRootResource> ReadTrustRoot(YamlFields& document, const TufMirrors& mirrors) {
  const auto name = ReadMetadataName(document);
  auto spec = document.Mapping("spec");
  document.Ignore({"status"});
  document.NoOthers();
  TrustRootResource resource;
  resource.name = name.value_or("");
  if (spec.has_value()) {
    ReadSpec(*spec, mirrors, resource);
  }
  return name.has_value() ? std::optional(std::move(resource)) : std::nullopt;
}

void ReportUnusedMirrors(const TufMirrors& mirrors,
                         const std::map<std::string, TrustRootResource>& resources,
                         Problems& problems) {
  const auto report = [&problems](const std::string& option, const std::string& name,
                                  const char* kinds) {
    problems.AddError({"policy", 0, "",
                       option + " names " + base::OneLine(name, base::kMaxNameInError) +
                           ", and no TrustRoot of that name has " + kinds});
  };
  for (const auto& [name, folder] : mirrors.folders) {
    const auto found = resources.find(name);
    if (found == resources.end() || !found->second.is_remote) {
      report("--trust-root-mirror", name, "a remote");
    }
  }
  for (const std::string& name : mirrors.accept_expired) {
    const auto found = resources.find(name);
    if (found == resources.end() || !found->second.has_metadata) {
      report("--accept-expired-trust-root", name, "a repository or a remote");
    }
  }
}

Result<NamedTrustRoot> TrustRootOfAuthority(std::string_view pem) {
  SigstoreKeys keys;
  SigstoreKeys::Authority authority;
  authority.chain_pem = pem;
  keys.certificate_authorities.push_back(std::move(authority));
  return Build(keys);
}

void TrustRootUses::Add(std::string name, Part part, Problem place) {
  uses_.push_back({std::move(name), part, std::move(place)});
}

std::string TrustRootUses::AddOwn(NamedTrustRoot root) {
  constexpr std::size_t kNameDigits = 16;
  const verifier::Digest digest = verifier::Digest::Of(base::AsBytes(root.json()));
  std::string name = "@ca-cert-" + std::string(digest.hex().substr(0, kNameDigits));
  own_.emplace(name, std::move(root));
  return name;
}

policy::TrustRoots TrustRootUses::Resolve(const std::map<std::string, TrustRootResource>& resources,
                                          const std::string& public_good,
                                          Problems& problems) const {
  policy::TrustRoots used = own_;
  std::set<std::pair<std::string, Part>> warned;
  std::set<std::tuple<std::string, std::string, std::size_t>> missed;
  for (const Use& use : uses_) {
    if (const auto resource = resources.find(use.name); resource != resources.end()) {
      if (!resource->second.root.has_value()) {
        continue;
      }
      used.emplace(use.name, *resource->second.root);
    } else if (use.name == policy::kPublicGoodRoot && !used.contains(use.name)) {
      auto root = ReadPublicGood(public_good);
      if (!root.ok()) {
        cli::Add(
            problems, use.place,
            "the trust root of Sigstore's public instances cannot be read: " + root.error().detail,
            /*error=*/true);
        return used;
      }
      used.emplace(use.name, *std::move(root));
    }
    const auto found = used.find(use.name);
    if (found == used.end()) {
      if (missed.emplace(use.name, use.place.file, use.place.line).second) {
        cli::Add(problems, use.place,
                 "no TrustRoot of the name " + base::OneLine(use.name, base::kMaxNameInError) +
                     " among the sources",
                 /*error=*/true);
      }
    } else if (const auto missing = Missing(use.part, found->second.root()); !missing.empty()) {
      cli::Add(problems, use.place,
               "the trust root has no " + std::string(missing) +
                   ", so no signature can satisfy this authority",
               /*error=*/false);
    }
    if (found != used.end() && warned.emplace(use.name, use.part).second) {
      WarnOfUnusable(found->second.root(), use.part, use.place, problems);
    }
  }
  return used;
}

}  // namespace sigward::cli
