#include "worker/verify/asked_authorities.h"

#include <algorithm>
#include <set>
#include <utility>

#include "rpc/worker.pb.h"
#include "worker/client/question_bounds.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;
using verifier::SignatureFormat;

std::optional<SignatureFormat> FormatOf(policy::SignatureForms forms) {
  switch (forms) {
    case policy::SignatureForms::kAny:
      return std::nullopt;
    case policy::SignatureForms::kLegacy:
      return SignatureFormat::kCosignLegacy;
    case policy::SignatureForms::kBundle:
      return SignatureFormat::kSigstoreBundle;
  }
  base::AbortOnMisuse("unknown signature forms");
}

}  // namespace

base::Status AskedAuthorities::AddTrustRoots(const rpc::VerifyQuestion& question) {
  for (const rpc::TrustRoot& said : question.trust_roots()) {
    auto root = policy::NamedTrustRoot::OfSame(said.json());
    if (!root.ok()) {
      return Fail(Reason::kProtocol, root.error().detail);
    }
    if (!trust_roots_.emplace(said.name(), *std::move(root)).second) {
      return Fail(Reason::kProtocol, "a question names one trust root twice");
    }
    for (const std::string& bytes : said.links()) {
      verifier::ChainMemory::Link link{};
      if (bytes.size() != link.size()) {
        return Fail(Reason::kProtocol, "a link of a chain is two fingerprints");
      }
      std::ranges::copy(base::AsBytes(bytes), link.begin());
      links_.push_back(link);
    }
  }
  return base::Ok();
}

const verifier::EntityDemands* AskedAuthorities::DemandsOf(const policy::Authority& authority) {
  const auto* keyless = std::get_if<policy::KeylessRule>(&authority.rule);
  const auto& log = authority.log.trust_root;
  const auto& timestamp = authority.timestamp.trust_root;
  if (keyless == nullptr && !log.has_value() && !timestamp.has_value()) {
    return nullptr;
  }
  const auto named = [&](const std::string& name) {
    return verifier::TrustMaterial::Of(trust_roots_.find(name)->second.root());
  };
  verifier::EntityDemands demands{{}, {.ct_logs = 0, .log = std::nullopt, .timestamps = 0}};
  if (keyless != nullptr) {
    demands.trust = named(keyless->trust_root);
    // Its stamps say when a certificate was used also where none is demanded; its log entries do
    // not, because there a demand is what says how good they have to be.
    demands.trust.logs = {};
    demands.requirements.ct_logs = keyless->ignore_sct ? 0 : 1;
  }
  if (log.has_value()) {
    const verifier::TrustMaterial logs = named(*log);
    demands.trust.logs = logs.logs;
    demands.trust.unusable = logs.unusable;
    // cosign's annotations carry a promise and no proof. Bundles bring the proof that their own
    // version demands.
    demands.requirements.log = {1, verifier::RequiredProof::kPromiseSuffices};
  }
  if (timestamp.has_value()) {
    demands.trust.timestamp_authorities = named(*timestamp).timestamp_authorities;
    demands.requirements.timestamps = 1;
  }
  const DemandsKey key{keyless != nullptr ? keyless->trust_root : "", log, timestamp,
                       keyless != nullptr && keyless->ignore_sct};
  return &demands_.try_emplace(key, demands).first->second;
}

base::Status AskedAuthorities::AddAuthority(const std::string& rule, const std::string& hash) {
  auto parsed = policy::ParseCompiledAuthority(rule);
  if (!parsed.ok()) {
    return Fail(Reason::kProtocol, parsed.error().detail);
  }
  if (!policy::TakesSignatures(*parsed)) {
    return Fail(Reason::kProtocol, "an authority that no signature can satisfy");
  }
  // What a proof is remembered by has to be what was checked.
  auto id = policy::IdOf(*parsed, trust_roots_);
  if (!id.ok() || base::AsText(id->bytes()) != hash) {
    return Fail(Reason::kProtocol,
                id.ok() ? "an authority's hash is not its own" : id.error().detail);
  }
  const verifier::EntityDemands* demands = DemandsOf(*parsed);
  if (const auto* key = std::get_if<policy::KeyRule>(&parsed->rule)) {
    auto read = verifier::PublicKey::Parse(key->pem);
    if (!read.ok()) {
      return Fail(Reason::kProtocol, "an authority's key: " + read.error().detail);
    }
    authorities_.push_back(verifier::KeyAuthority{.id = *std::move(id),
                                                  .key = *std::move(read),
                                                  .hash = key->hash,
                                                  .demands = demands,
                                                  .format = FormatOf(parsed->forms)});
    return base::Ok();
  }
  const auto& keyless = std::get<policy::KeylessRule>(parsed->rule);
  authorities_.push_back(verifier::KeylessAuthority{
      .id = *std::move(id),
      .demands = demands,
      .check_identity =
          [identities = keyless.identities](const verifier::CertificateIdentity& certificate) {
            return policy::CheckIdentity(identities, certificate);
          },
      .format = FormatOf(parsed->forms)});
  return base::Ok();
}

base::Result<AskedAuthorities> AskedAuthorities::Of(const rpc::VerifyQuestion& question) {
  const int count = question.authorities_size();
  if (count == 0 || static_cast<std::size_t>(count) > kMaxAuthoritiesPerQuestion) {
    return Fail(Reason::kProtocol, "a question about " + std::to_string(count) + " authorities");
  }
  AskedAuthorities asked;
  SIGWARD_RETURN_IF_ERROR(asked.AddTrustRoots(question));
  std::set<std::string_view> seen;
  for (const rpc::Authority& said : question.authorities()) {
    if (!seen.insert(said.hash()).second) {
      return Fail(Reason::kProtocol, "a question names one authority twice");
    }
    SIGWARD_RETURN_IF_ERROR(asked.AddAuthority(said.rule(), said.hash()));
  }
  return asked;
}

}  // namespace sigward::worker
