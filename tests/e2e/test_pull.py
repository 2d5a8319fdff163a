"""The main job: what ctr and CRI are told about signed and unsigned images, over HTTP and TLS."""
import unittest

from bed import images
from bed.case import BedCase


class _Pulls:
    """The cases; REGISTRY is what they run against."""
    NEEDS = ("plain", "tls", "containerd", "cri")

    @property
    def registry(self):
        return getattr(self, self.REGISTRY)

    def push(self, name, tag="v1", **build):
        """Pushes an image that no other case has; returns (reference by tag, digest, pinned)."""
        image = images.build(f"{self.id()} {name} {tag}", **build)
        reference = self.registry.push(name, tag, image)
        return reference, image.top, f"{self.registry.host}/{name}@{image.top}"

    def assert_pulled(self, reference):
        self.assert_allowed(self.containerd.pull(reference))
        self.assertTrue(self.containerd.holds(reference))

    def test_unsigned_image_is_refused_with_one_line(self):
        reference, digest, pinned = self.push("unsigned")
        done = self.containerd.pull(reference)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(
            f"image verifier bindir blocked pull of {reference} with digest {digest} for reason: "
            "verifier sigward rejected image (exit code 1): "
            f"no-signature: no signature found for {pinned} (policy require-signed)",
            done.stderr)
        self.assertFalse(self.containerd.holds(reference))

    def test_unsigned_image_is_refused_through_cri(self):
        reference, _, pinned = self.push("unsigned-cri")
        refusal = self.cri.pull(reference)
        self.assertIn("verifier sigward rejected image (exit code 1): no-signature: "
                      f"no signature found for {pinned} (policy require-signed)", str(refusal))

    def test_legacy_signature_is_allowed(self):
        reference, _, pinned = self.push("legacy")
        self.cosign.sign_legacy(pinned, "good")
        self.assert_pulled(reference)

    def test_bundle_is_allowed(self):
        reference, _, pinned = self.push("bundle")
        self.cosign.sign_bundle(pinned, "good")
        self.assert_pulled(reference)

    def test_signed_image_is_allowed_through_cri(self):
        reference, _, pinned = self.push("signed-cri")
        self.cosign.sign_bundle(pinned, "good")
        self.assertIsNone(self.cri.pull(reference))

    def test_pull_by_digest_is_judged_alike(self):
        _, _, unsigned = self.push("unsigned-pinned")
        self.assert_refused(self.containerd.pull(unsigned), "no-signature: ")
        _, _, signed = self.push("signed-pinned")
        self.cosign.sign_legacy(signed, "good")
        self.assert_pulled(signed)

    def test_signature_by_another_key_is_refused(self):
        for name, sign in (("other-legacy", self.cosign.sign_legacy),
                           ("other-bundle", self.cosign.sign_bundle)):
            with self.subTest(name):
                reference, _, pinned = self.push(name)
                sign(pinned, "other")
                self.assert_refused(self.containerd.pull(reference), "bad-signature: ")

    def test_tag_moved_to_an_unsigned_image_is_refused(self):
        reference, _, pinned = self.push("moved")
        self.cosign.sign_legacy(pinned, "good")
        self.assert_pulled(reference)
        moved = images.build("moved by somebody else")
        self.registry.push("moved", "v1", moved)
        self.assert_refused(self.containerd.pull(reference),
                            f"no-signature: no signature found for .*@{moved.top} ")

    def test_attestation_alone_is_no_signature(self):
        reference, _, pinned = self.push("attested")
        self.cosign.attest(pinned, "good", "https://example.com/harmless")
        self.assert_refused(self.containerd.pull(reference), "(wrong-type|no-signature): ")

    def test_signature_of_the_same_image_elsewhere_does_not_count(self):
        image = images.build(f"{self.id()}")
        here = self.registry.push("copy", "v1", image)
        self.registry.push("origin", "v1", image)
        self.cosign.sign_legacy(f"{self.registry.host}/origin@{image.top}", "good")
        self.assert_refused(self.containerd.pull(here), "no-signature: ")


class PullOverHttp(_Pulls, BedCase):
    REGISTRY = "plain"


class PullOverTls(_Pulls, BedCase):
    REGISTRY = "tls"


if __name__ == "__main__":
    unittest.main()
