#include "private_sigstore/ct_log.h"

#include <chrono>
#include <memory>
#include <utility>

#include "private_sigstore/der_writer.h"
#include "verifier/ossl.h"

namespace sigward::testing {
namespace {

base::ByteBuffer Number(std::uint64_t value, std::size_t octets) {
  base::ByteBuffer out;
  for (std::size_t i = octets; i > 0; --i) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * (i - 1))));
  }
  return out;
}

base::ByteBuffer Vector(base::ByteView contents) {
  return Joined({Number(contents.size(), 2), contents});
}

}  // namespace

CtLog::CtLog(const TestKey& key)
    : key_(key), log_id_(verifier::HashOf(key.spki(), verifier::HashAlgorithm::kSha256)) {}

verifier::TransparencyLog CtLog::trusted() const {
  verifier::TransparencyLog log;
  log.base_url = "https://ctfe.example";
  log.log_id = log_id_;
  log.key = std::make_shared<const verifier::PublicKey>(key_.public_key());
  log.validity.start = kSigningTime - std::chrono::years(1);
  return log;
}

base::ByteBuffer CtLog::Promise(base::ByteView tbs, base::ByteView issuer_spki,
                                const SctPlan& plan) const {
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(plan.time.time_since_epoch()).count();
  const base::ByteBuffer time = Number(static_cast<std::uint64_t>(milliseconds), 8);
  const base::ByteBuffer extensions = Vector(plan.extensions);
  const base::ByteBuffer issuer = verifier::HashOf(issuer_spki, verifier::HashAlgorithm::kSha256);
  const base::ByteBuffer to_sign =
      Joined({Number(plan.version, 1), Number(0, 1), time, Number(1, 2), issuer,
              Number(tbs.size(), 3), tbs, extensions});
  return Joined({Number(plan.version, 1), log_id_, time, extensions, Number(plan.hash_algorithm, 1),
                 Number(plan.signature_algorithm, 1), Vector(key_.Sign(to_sign, plan.hash))});
}

base::ByteBuffer SctListOf(std::initializer_list<base::ByteView> scts) {
  base::ByteBuffer list;
  for (const base::ByteView sct : scts) {
    list = Joined({list, Vector(sct)});
  }
  return Vector(list);
}

std::function<base::ByteBuffer(base::ByteView tbs, base::ByteView issuer_spki)> PromisedBy(
    const CtLog& log, const SctPlan& plan) {
  return [log, plan](base::ByteView tbs, base::ByteView issuer_spki) {
    return Element(0x04, {SctListOf({log.Promise(tbs, issuer_spki, plan)})});
  };
}

}  // namespace sigward::testing
