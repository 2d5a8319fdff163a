"""Every kind of key and hash, signed by cosign and by openssl, in both formats."""
import unittest

from bed.policies import key, policy

from .case import ALLOWED, NONE_VALID, InteropCase


def _curve(name):
    return ("-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{name}")


def _rsa(bits):
    return ("-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}")


# name: how openssl makes the key, the hash that cosign signs with.
# cosign hashes by curve in the legacy format too, where its own verify expects SHA-256: such a policy
# names the hash.
KEYS = {
    "p256": (_curve("P-256"), "sha256"),
    "p384": (_curve("P-384"), "sha384"),
    "p521": (_curve("P-521"), "sha512"),
    "rsa2048": (_rsa(2048), "sha256"),
    "rsa3072": (_rsa(3072), "sha256"),
    "rsa4096": (_rsa(4096), "sha256"),
}
HASHES = ("sha224", "sha256", "sha384", "sha512")


class Keys(InteropCase):
    @classmethod
    def policies(cls):
        """One policy for each key and hash, for images under KEY/HASH; "default" names no hash."""
        made = []
        for name, (arguments, _) in {**KEYS, "ed25519": (("-algorithm", "ED25519"), None)}.items():
            cls.keys.openssl(name, *arguments)
            cls.cosign.take(name)
            made += [policy(f"{name}-{hash_name}", f"{cls.plain.host}/{name}/{hash_name}/**",
                            key(cls.keys.public(name), None if hash_name == "default" else hash_name))
                     for hash_name in ("default", *HASHES)]
        cls.cosign.generate("generated")
        return made + [policy("generated", f"{cls.plain.host}/generated/**",
                              key(cls.keys.public("generated")))]

    def test_key_that_cosign_generates(self):
        for form in ("legacy", "bundle"):
            with self.subTest(form):
                reference, _ = self.push(f"generated/{form}")
                getattr(self.cosign, f"sign_{form}")(reference, "generated")
                self.assert_verdict(reference, ALLOWED)

    def test_legacy_signature_by_cosign(self):
        for name, (_, hash_name) in KEYS.items():
            with self.subTest(name):
                reference, _ = self.push(f"{name}/{hash_name}/cosign")
                self.cosign.sign_legacy(reference, name)
                self.assert_verdict(reference, ALLOWED)

    def test_legacy_default_is_sha256(self):
        for name, (_, hash_name) in KEYS.items():
            with self.subTest(name):
                reference, _ = self.push(f"{name}/default/cosign")
                self.cosign.sign_legacy(reference, name)
                if hash_name == "sha256":
                    self.assert_verdict(reference, ALLOWED)
                else:
                    self.assert_verdict(reference, NONE_VALID, "bad-signature")

    def test_bundle_by_cosign(self):
        for name in KEYS:
            with self.subTest(name):
                reference, _ = self.push(f"{name}/default/bundle")
                self.cosign.sign_bundle(reference, name)
                self.assert_verdict(reference, ALLOWED)

    def test_every_hash_that_a_policy_can_name(self):
        for name in KEYS:
            for signed in HASHES:
                for form in ("legacy", "bundle"):
                    with self.subTest(f"{name} {signed} {form}"):
                        for named in {signed, "sha256"}:
                            reference = self.sign_by_openssl(f"{name}/{named}", name, signed, form)
                            if named == signed:
                                self.assert_verdict(reference, ALLOWED)
                            else:
                                self.assert_verdict(reference, NONE_VALID, "bad-signature")

    def test_bundle_of_a_large_curve_by_sha256(self):
        """Without a named hash a bundle is tried by curve first, then by SHA-256."""
        for name in ("p384", "p521"):
            with self.subTest(name):
                self.assert_verdict(self.sign_by_openssl(f"{name}/default", name, "sha256", "bundle"),
                                    ALLOWED)

    def test_ed25519_by_openssl(self):
        for form in ("legacy", "bundle"):
            with self.subTest(form):
                self.assert_verdict(self.sign_by_openssl("ed25519/default", "ed25519", None, form), ALLOWED)

    def test_ed25519_by_cosign_is_the_prehashed_variant_and_refused(self):
        for form in ("legacy", "bundle"):
            with self.subTest(form):
                reference, _ = self.push(f"ed25519/default/cosign-{form}")
                getattr(self.cosign, f"sign_{form}")(reference, "ed25519")
                self.assert_verdict(reference, NONE_VALID, "bad-signature")

    def sign_by_openssl(self, folder, name, hash_name, form):
        repository = f"{folder}/openssl-{hash_name}-{form}".lower()
        reference, digest = self.push(repository)
        if form == "legacy":
            self.attach_legacy(repository, digest, [self.legacy_layer(digest, name, hash_name)])
        else:
            self.attach_bundle(repository, self.bundle(digest, name, hash_name))
        return reference


if __name__ == "__main__":
    unittest.main()
