"""sigward and `cosign verify` 3.1.1 agree, but for the disagreements named here."""
import unittest

from bed import signing

from .case import InteropCase


class Agreement(InteropCase):
    """Each case makes an image and says what both programs answer."""

    def both(self, reference):
        code, _ = self.sigward.verify(reference)
        return code == 0, self.cosign.accepts(reference, "good")

    def assert_both(self, reference, answer):
        self.assertEqual(self.both(reference), (answer, answer))

    def test_good_signatures(self):
        for form in ("legacy", "bundle"):
            with self.subTest(form):
                reference, _ = self.push(f"good-{form}")
                getattr(self.cosign, f"sign_{form}")(reference, "good")
                self.assert_both(reference, True)

    def test_signatures_made_by_hand(self):
        reference, digest = self.push("hand-legacy")
        self.attach_legacy("hand-legacy", digest, [self.legacy_layer(digest)])
        self.assert_both(reference, True)
        reference, digest = self.push("hand-bundle")
        self.attach_bundle("hand-bundle", self.bundle(digest))
        self.assert_both(reference, True)

    def test_no_signature(self):
        reference, _ = self.push("none")
        self.assert_both(reference, False)

    def test_signatures_by_another_key(self):
        for form in ("legacy", "bundle"):
            with self.subTest(form):
                reference, _ = self.push(f"other-{form}")
                getattr(self.cosign, f"sign_{form}")(reference, "other")
                self.assert_both(reference, False)

    def test_signatures_of_another_image(self):
        elsewhere = "sha256:" + "7" * 64
        reference, digest = self.push("elsewhere-legacy")
        self.attach_legacy("elsewhere-legacy", digest, [self.legacy_layer(elsewhere)])
        self.assert_both(reference, False)
        reference, _ = self.push("elsewhere-bundle")
        self.attach_bundle("elsewhere-bundle", self.bundle(elsewhere))
        self.assert_both(reference, False)

    def test_bent_signature(self):
        reference, digest = self.push("bent")
        said, signature = self.legacy_layer(digest)
        self.attach_legacy("bent", digest, [(said.replace(b"null", b"{}"), signature)])
        self.assert_both(reference, False)

    def test_foreign_signature_first(self):
        reference, _ = self.push("two-signers")
        self.cosign.sign_legacy(reference, "other")
        self.cosign.sign_legacy(reference, "good")
        self.assert_both(reference, True)

    # ---- where sigward is stricter ---------------------------------------------------------------

    def test_cosign_takes_an_attestation_for_a_signature(self):
        reference, _ = self.push("attested")
        self.cosign.attest(reference, "good", "https://example.com/harmless")
        self.assertEqual(self.both(reference), (False, True))

    def test_cosign_ignores_the_payloads_type(self):
        reference, digest = self.push("type")
        said = signing.payload(digest, "something else")
        self.attach_legacy("type", digest, [(said, signing.text(self.keys.sign("good", said)))])
        self.assertEqual(self.both(reference), (False, True))

    # ---- where cosign lets a stray artefact hide a good signature --------------------------------

    def test_cosign_looks_at_no_legacy_signature_beside_a_bundle(self):
        reference, _ = self.push("hidden")
        self.cosign.sign_legacy(reference, "good")
        self.cosign.sign_bundle(reference, "other")
        self.assertEqual(self.both(reference), (True, False))


if __name__ == "__main__":
    unittest.main()
