#include "private_sigstore/sigstore.h"

#include <chrono>
#include <utility>

#include "private_sigstore/trusted_root_json.h"

namespace sigward::testing {
namespace {

using base::Json;
using verifier::EntryKind;
using verifier::Time;

constexpr const char* kDetails = "PKIX_ECDSA_P256_SHA_256";
constexpr const char* kHostV2 = "log2025.rekor.example";

Json BodyOf(const LoggedSignature& logged, EntryKind kind) {
  switch (kind) {
    case EntryKind::kHashedRekordV001:
      return HashedRekordBody(logged);
    case EntryKind::kDsseV001:
      return DsseBody(logged);
    case EntryKind::kIntotoV002:
      return IntotoBody(logged);
    case EntryKind::kHashedRekordV002:
      return HashedRekordV002Body(logged);
  }
  std::abort();
}

CertificatePlan ValidNow(CertificatePlan plan) {
  plan.validity = {TimestampAuthority::kNow - std::chrono::months(1),
                   TimestampAuthority::kNow + std::chrono::months(1)};
  return plan;
}

}  // namespace

CertificatePlan RootPlanNow() {
  return ValidNow(RootPlan());
}

CertificatePlan IntermediatePlanNow() {
  return ValidNow(IntermediatePlan());
}

std::function<base::ByteBuffer(base::ByteView tbs, base::ByteView issuer_spki)> PromisedNow(
    const CtLog& log) {
  SctPlan plan;
  plan.time = TimestampAuthority::kNow;
  return PromisedBy(log, plan);
}

PrivateSigstore::PrivateSigstore()
    : authority_(RootPlanNow(), IntermediatePlanNow()),
      ct_key_(TestKey::Ec("P-256")),
      ct_log_(ct_key_),
      rekor_v1_key_(TestKey::Ec("P-256")),
      rekor_v1_(RekorVersion::kV1, rekor_v1_key_),
      rekor_v2_key_(TestKey::Ec("P-256")),
      rekor_v2_(RekorVersion::kV2, rekor_v2_key_, kHostV2) {}

Json PrivateSigstore::root_json() const {
  Json root = {{"mediaType", "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}};
  root["certificateAuthorities"] =
      Json::array({AuthorityJson({authority_.intermediate().der(), authority_.root().der()})});
  root["ctlogs"] = Json::array({LogJson(ct_key_, kDetails)});
  root["tlogs"] = Json::array({LogJson(rekor_v1_key_, kDetails), LogJson(rekor_v2_key_, kDetails)});
  root["tlogs"][1]["baseUrl"] = std::string("https://") + kHostV2;
  root["timestampAuthorities"] = Json::array({AuthorityJson(
      {timestamps_.leaf().certificate.der(), timestamps_.intermediate().certificate.der(),
       timestamps_.root().certificate.der()})});
  return root;
}

verifier::TrustRoot PrivateSigstore::RootOf(const Json& json) {
  return std::move(verifier::TrustRoot::Parse(base::AsBytes(json.dump()))).value();
}

CertificatePlan PrivateSigstore::LeafPlan() const {
  CertificatePlan plan = testing::LeafPlan();
  plan.validity = {TimestampAuthority::kNow - std::chrono::minutes(1),
                   TimestampAuthority::kNow + kValidFor};
  plan.sct_list = PromisedNow(ct_log_);
  return plan;
}

SignatureParts PrivateSigstore::Make(const SigningPlan& plan) {
  SignatureParts parts;
  parts.logged = LoggedSignature::By(*plan.key, plan.payload, plan.payload_type);
  if (plan.leaf) {
    const verifier::Certificate leaf = authority_.Issue(*plan.leaf, *plan.key);
    parts.logged.certificate = base::ByteBuffer(leaf.der().begin(), leaf.der().end());
    const base::ByteView issuer = authority_.intermediate().der();
    parts.issuers.emplace_back(issuer.begin(), issuer.end());
  }
  parts.entries.push_back(Log(parts.logged, plan.entry, plan.logged));
  if (plan.stamped) {
    parts.stamps.push_back(Stamp(parts.logged.signature, *plan.stamped));
  }
  return parts;
}

verifier::LogEntry PrivateSigstore::Log(const LoggedSignature& logged, EntryKind kind, Time time) {
  RekorLog& log = kind == EntryKind::kHashedRekordV002 ? rekor_v2_ : rekor_v1_;
  return log.Add(BodyOf(logged, kind), time);
}

base::ByteBuffer PrivateSigstore::Stamp(base::ByteView signature, Time time) const {
  StampPlan plan = timestamps_.Plan(signature);
  plan.gen_time = GenTimeOf(time);
  return Encode(plan);
}

}  // namespace sigward::testing
