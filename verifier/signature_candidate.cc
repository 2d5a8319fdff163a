#include "verifier/signature_candidate.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "verifier/bundle.h"
#include "verifier/legacy_layer.h"
#include "verifier/platform.h"

namespace sigward::verifier {
namespace {

using base::Reason;

bool IsBundle(const Descriptor& layer) {
  return IsBundleType(layer.media_type);
}

class Finder {
 public:
  Finder(const Digest& image, const Platform& platform, EvidenceObjects& objects)
      : objects_(objects), subjects_({{image, std::nullopt}}) {
    for (std::size_t i = 0; i < objects.all().size(); ++i) {
      const EvidenceObject& object = objects.all()[i];
      if (object.kind == ObjectKind::kImageIndex && object.digest == image) {
        LookAtIndex(i, platform);
      }
    }
  }

  SignatureCandidates Find() && {
    for (std::size_t i = 0; i < objects_.all().size(); ++i) {
      const EvidenceObject& object = objects_.all()[i];
      if (object.kind == ObjectKind::kLegacyManifest ||
          object.kind == ObjectKind::kReferrerManifest) {
        LookAtManifest(i, object);
      }
    }
    Choose();
    return std::move(out_);
  }

 private:
  void LookAtIndex(std::size_t i, const Platform& platform) {
    base::Result<Digest> manifest = ManifestIn(i, platform);
    if (!manifest.ok()) {
      out_.failure.Note(FailureStage::kNoSignature,
                        base::Fail(Reason::kNoSignature,
                                   "no signature found; image index: " + manifest.error().detail));
      return;
    }
    const bool known =
        std::any_of(subjects_.begin(), subjects_.end(),
                    [&](const AcceptedSubject& subject) { return subject.digest == *manifest; });
    if (!known) {
      subjects_.push_back({*std::move(manifest), objects_.all()[i].digest});
    }
  }

  base::Result<Digest> ManifestIn(std::size_t i, const Platform& platform) {
    SIGWARD_ASSIGN_OR_RETURN(const base::ByteView bytes,
                             objects_.Checked(i, kMaxManifestBytes, "image index"));
    SIGWARD_ASSIGN_OR_RETURN(const Index index, ParseIndex(bytes));
    return ManifestForPlatform(index, platform);
  }

  void LookAtManifest(std::size_t i, const EvidenceObject& object) {
    const auto subject = std::find_if(
        subjects_.begin(), subjects_.end(),
        [&](const AcceptedSubject& accepted) { return object.offered_for == accepted.digest; });
    if (subject == subjects_.end()) {
      out_.failure.Note(FailureStage::kNoSignature,
                        base::Fail(Reason::kNoSignature,
                                   "no signature found; some are offered for another digest"));
      return;
    }
    const base::Status status = AddFrom(i, object, *subject);
    if (!status.ok()) {
      out_.failure.Note(FailureStage::kUnreadable,
                        base::Within("signature manifest " + object.digest.text(), status.error()));
    }
  }

  base::Status AddFrom(std::size_t i, const EvidenceObject& object,
                       const AcceptedSubject& subject) {
    SIGWARD_ASSIGN_OR_RETURN(const base::ByteView bytes,
                             objects_.Checked(i, kMaxManifestBytes, "manifest"));
    base::Result<Manifest> manifest = ParseManifest(bytes);
    if (object.kind == ObjectKind::kLegacyManifest) {
      return AddLegacy(std::move(manifest), object.digest, subject);
    }
    // An index can be a referrer too; it is no signature.
    if (!manifest.ok() && manifest.error().reason == Reason::kWrongType) {
      return base::Ok();
    }
    return AddReferrer(std::move(manifest), object.digest, subject);
  }

  base::Status AddLegacy(base::Result<Manifest> manifest, const Digest& digest,
                         const AcceptedSubject& subject) {
    SIGWARD_ASSIGN_OR_RETURN(Manifest parsed, std::move(manifest));
    AddLegacyLayers(ObjectKind::kLegacyManifest, std::move(parsed.layers), digest, subject);
    return base::Ok();
  }

  void AddLegacyLayers(ObjectKind carrier, std::vector<Descriptor> layers, const Digest& digest,
                       const AcceptedSubject& subject) {
    for (Descriptor& layer : layers) {
      if (LegacySignatureText(layer) != nullptr) {
        Add(carrier, {SignatureFormat::kCosignLegacy, subject, digest, std::move(layer)});
      }
    }
  }

  /// A referrer is a bundle, or carries legacy signatures (cosign's --registry-referrers-mode
  /// oci-1-1), or is none of ours. Its artifactType does not tell: it is a claim like any other.
  base::Status AddReferrer(base::Result<Manifest> manifest, const Digest& digest,
                           const AcceptedSubject& subject) {
    SIGWARD_ASSIGN_OR_RETURN(Manifest parsed, std::move(manifest));
    const bool bundle = std::any_of(parsed.layers.begin(), parsed.layers.end(), IsBundle);
    if (!bundle && std::none_of(parsed.layers.begin(), parsed.layers.end(), LegacySignatureText)) {
      return base::Ok();
    }
    if (bundle && parsed.layers.size() != 1) {
      return base::Fail(Reason::kMalformed, "a bundle is not its only layer");
    }
    if (!parsed.subject || parsed.subject->digest != subject.digest) {
      return base::Fail(Reason::kDigestMismatch, "its subject is not " + subject.digest.text());
    }
    if (bundle) {
      Add(ObjectKind::kReferrerManifest,
          {SignatureFormat::kSigstoreBundle, subject, digest, std::move(parsed.layers.front())});
    } else {
      AddLegacyLayers(ObjectKind::kReferrerManifest, std::move(parsed.layers), digest, subject);
    }
    return base::Ok();
  }

  /// Two places that hold the very same signature are one: a thousand references to one large blob
  /// cost no more than one. Every fact that can refuse a candidate is compared, so that a spoilt
  /// copy does not stand in for a good one.
  static bool IsSame(const SignatureCandidate& a, const SignatureCandidate& b) {
    // Of a bundle an annotation is no part.
    return a.layer.digest == b.layer.digest && a.layer.size == b.layer.size &&
           a.layer.has_urls == b.layer.has_urls &&
           (a.format == SignatureFormat::kSigstoreBundle || SayTheSame(a.layer, b.layer));
  }

  void Add(ObjectKind carrier, SignatureCandidate candidate) {
    auto& queue = queues_[{candidate.subject.digest, candidate.format, carrier}];
    if (std::any_of(queue.begin(), queue.end(),
                    [&](const SignatureCandidate& known) { return IsSame(known, candidate); })) {
      return;
    }
    ++out_.found;
    // What lies beyond this could not be chosen even if it were alone.
    if (queue.size() < kMaxSignatures) {
      queue.push_back(std::move(candidate));
    }
  }

  void Choose() {
    for (std::size_t round = 0; round < kMaxSignatures; ++round) {
      for (auto& [kind, queue] : queues_) {
        if (round < queue.size() && out_.chosen.size() < kMaxSignatures) {
          out_.chosen.push_back(std::move(queue[round]));
        }
      }
    }
  }

  EvidenceObjects& objects_;
  std::vector<AcceptedSubject> subjects_;
  std::map<std::tuple<Digest, SignatureFormat, ObjectKind>, std::vector<SignatureCandidate>>
      queues_;
  SignatureCandidates out_;
};

}  // namespace

SignatureCandidates FindSignatures(const Digest& image, const Platform& platform,
                                   EvidenceObjects& objects) {
  return Finder(image, platform, objects).Find();
}

}  // namespace sigward::verifier
