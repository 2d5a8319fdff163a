// From a valid bundle of every kind: each value in it spoilt, one at a time. What still verifies is
// listed by name: it is what the formats leave without meaning, and nothing else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "keyless/bundle_kinds.h"
#include "keyless/deep_mutations.h"

namespace sigward::verifier {
namespace {

using base::Json;
using sigward::testing::Ask;
using sigward::testing::Beside;
using sigward::testing::BundleKind;
using sigward::testing::BundleKinds;
using sigward::testing::BundleOf;
using sigward::testing::Content;
using sigward::testing::DeepMutationsOf;
using sigward::testing::KindNamed;
using sigward::testing::PartsOf;
using sigward::testing::PlanOf;
using sigward::testing::PrivateSigstore;
using sigward::testing::Question;
using sigward::testing::QuestionFor;
using sigward::testing::Signer;
using sigward::testing::TextMutation;
using ::testing::UnorderedElementsAreArray;

using Names = std::vector<std::string>;

struct Outcome {
  std::size_t cases = 0;
  Names verified;
  std::set<std::string> reasons;
};

/// The two bundles are of one Sigstore that has made no others, so that their shape, and with it
/// the number of cases, is always the same.
Outcome Corrupt(const BundleKind& kind) {
  PrivateSigstore sigstore;
  const TrustRoot root = PrivateSigstore::RootOf(sigstore.root_json());
  Question question = QuestionFor(kind);
  question.root = &root;
  const auto make = [&] {
    return BundleOf(PartsOf(kind, PlanOf(kind, sigstore), sigstore), kind.version);
  };
  const Json good = make();
  const Json other = make();
  EXPECT_EQ(Ask(good.dump(), question), "verified") << kind.name;
  EXPECT_EQ(Ask(other.dump(), question), "verified") << kind.name;
  Outcome out;
  for (const TextMutation& mutation : DeepMutationsOf(good, other)) {
    ++out.cases;
    const std::string word = Ask(mutation.text, question);
    out.reasons.insert(word);
    if (word == "verified") {
      out.verified.push_back(mutation.name);
    }
  }
  return out;
}

void Add(Names& out, std::string_view at, std::initializer_list<const char*> faults) {
  for (const char* fault : faults) {
    out.push_back(std::string(fault) + " /" + std::string(at));
  }
}

/// The signer's word about the artifact may be absent: what it is about is known without it.
void AddDigest(Names& out) {
  Add(out, "messageSignature/messageDigest", {"removed"});
}

/// Issuers in a chain are trusted for nothing, and the trusted root has them already.
void AddChain(Names& out) {
  const std::string chain = "verificationMaterial/x509CertificateChain/certificates/";
  Add(out, chain + "0", {"doubled"});
  Add(out, chain + "1", {"doubled", "removed"});
  Add(out, chain + "1/rawBytes", {"middle bit", "last bit"});
}

/// The hint is for who has many keys.
void AddHint(Names& out) {
  Add(out, "verificationMaterial/publicKey/hint", {"changed", "removed", "doubled text"});
}

/// What nobody asked for and nobody signed may be taken away: a promise where no time has to be
/// proven or a stamp proves one, a proof where the promise is enough.
void AddPromise(Names& out) {
  const std::string promise = "verificationMaterial/tlogEntries/0/inclusionPromise";
  Add(out, promise, {"removed"});
  Add(out, promise + "/signedEntryTimestamp", {"removed"});
}

/// The stamp, where it is not the only one to tell a time: one that does not verify is none.
void AddStamps(Names& out) {
  const std::string data = "verificationMaterial/timestampVerificationData";
  Add(out, data, {"removed", "swapped"});
  Add(out, data + "/rfc3161Timestamps", {"removed", "swapped"});
  Add(out, data + "/rfc3161Timestamps/0", {"removed", "swapped"});
  Add(out, data + "/rfc3161Timestamps/0/signedTimestamp",
      {"removed", "swapped", "doubled text", "first bit", "middle bit", "last bit"});
}

/// What Rekor v1 signs in a promise alone: without one, its index over all trees and its time,
/// which is nothing but a claim. A claim from outside the certificate's validity would still
/// refuse.
void AddUnpromised(Names& out) {
  Add(out, "verificationMaterial/tlogEntries/0/integratedTime",
      {"removed", "one more", "one less"});
  Add(out, "verificationMaterial/tlogEntries/0/logIndex",
      {"removed", "one more", "one less", "doubled text", "swapped"});
}

Names WithoutMeaning(const BundleKind& kind) {
  const bool by_key = kind.signer == Signer::kKey;
  const bool rekor_v1 = kind.entry != EntryKind::kHashedRekordV002;
  Names out;
  if (kind.content == Content::kMessage) {
    AddDigest(out);
  }
  if (by_key) {
    AddHint(out);
  } else if (kind.version != BundleVersion::kV03) {
    AddChain(out);
  }
  if (kind.beside == Beside::kPromiseProofAndStamp ||
      (by_key && kind.beside == Beside::kPromiseAndProof)) {
    AddPromise(out);
  }
  if (kind.version == BundleVersion::kV01 && kind.beside == Beside::kPromiseAndProof) {
    Add(out, "verificationMaterial/tlogEntries/0/inclusionProof", {"removed"});
  }
  if (kind.beside == Beside::kPromiseProofAndStamp ||
      (by_key && kind.beside == Beside::kProofAndStamp)) {
    AddStamps(out);
  }
  if (rekor_v1 && (kind.beside == Beside::kProof || kind.beside == Beside::kProofAndStamp)) {
    AddUnpromised(out);
  }
  // Signing again makes the same signature, so what is swapped in is good evidence of it.
  if (kind.key == KeyType::kRsa || kind.key == KeyType::kEd25519) {
    Add(out, "verificationMaterial", {"swapped"});
  }
  if (kind.key == KeyType::kEd25519) {
    Add(out, "verificationMaterial/tlogEntries", {"swapped"});
    Add(out, "verificationMaterial/tlogEntries/0", {"swapped"});
    Add(out, "verificationMaterial/tlogEntries/0/inclusionProof", {"swapped"});
  }
  return out;
}

TEST(CorruptBundleTest, NothingThatMatters) {
  std::size_t cases = 0;
  std::size_t verified = 0;
  for (const BundleKind& kind : BundleKinds()) {
    Outcome outcome = Corrupt(kind);
    // Where absence has no meaning, a null has none: it is how protobuf's JSON may write that.
    const std::set<std::string> known(outcome.verified.begin(), outcome.verified.end());
    std::erase_if(outcome.verified, [&](const std::string& name) {
      return name.starts_with("null ") && known.contains("removed " + name.substr(5));
    });
    EXPECT_THAT(outcome.verified, UnorderedElementsAreArray(WithoutMeaning(kind))) << kind.name;
    EXPECT_FALSE(outcome.reasons.contains("internal")) << kind.name;
    cases += outcome.cases;
    verified += outcome.verified.size();
  }
  EXPECT_EQ(cases, 5296U);
  EXPECT_EQ(verified, 126U);
}

TEST(CorruptBundleTest, EveryReasonIsMet) {
  std::set<std::string> reasons;
  for (const char* name : {"02 dsse", "03 message", "03 message v2"}) {
    reasons.merge(Corrupt(KindNamed(name)).reasons);
  }
  EXPECT_EQ(reasons, (std::set<std::string>{
                         "bad-signature", "digest-mismatch", "duplicate-key", "log-mismatch",
                         "malformed", "no-trusted-time", "not-logged", "timestamp-invalid",
                         "unsupported-algorithm", "unsupported-format", "verified"}));
}

}  // namespace
}  // namespace sigward::verifier
