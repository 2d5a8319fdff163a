"""How evidence lies in a registry: attached by oras, and beside stray and foreign signatures."""
import json
import unittest

from bed import images, signing
from bed.peers import peer
from bed.process import run

from .case import ALLOWED, NO_SIGNATURE, NONE_VALID, InteropCase

NOTATION = "application/vnd.cncf.notary.signature"


class Oras(InteropCase):
    def oras(self, *argv):
        run(peer("oras"), *argv, "--plain-http", "--disable-path-validation", cwd=self.place)

    def file(self, name, data):
        (self.place / name).write_bytes(data)
        return name

    def test_bundle_attached_by_oras(self):
        for key, code, reason in (("good", ALLOWED, None), ("other", NONE_VALID, "bad-signature")):
            with self.subTest(key):
                reference, digest = self.push(f"oras-bundle-{key}")
                name = self.file("bundle.json", self.bundle(digest, key))
                self.oras("attach", "--artifact-type", signing.BUNDLE, reference, f"{name}:{signing.BUNDLE}")
                self.assert_verdict(reference, code, reason)

    def test_legacy_signature_pushed_by_oras(self):
        reference, digest = self.push("oras-legacy")
        said, signature = self.legacy_layer(digest)
        name = self.file("payload.json", said)
        annotations = self.file("annotations.json", json.dumps(
            {name: {signing.SIGNATURE_ANNOTATION: signature}}).encode())
        config = self.file("config.json", b"{}")
        self.oras("push", f"{self.plain.host}/oras-legacy:{signing.legacy_tag(digest)}",
                  "--config", f"{config}:{images.OCI_CONFIG}", "--annotation-file", annotations,
                  f"{name}:{signing.SIMPLE_SIGNING}")
        self.assert_verdict(reference, ALLOWED)

    def test_what_else_oras_attaches_is_no_signature(self):
        reference, _ = self.push("oras-notes")
        name = self.file("notes.txt", b"release notes")
        self.oras("attach", "--artifact-type", "text/plain", reference, f"{name}:text/plain")
        self.assert_verdict(reference, NO_SIGNATURE, "no-signature")


class Strays(InteropCase):
    """Whatever lies beside a good signature hides nothing, and makes nothing good."""

    def strays(self, repository, digest):
        """Things that people who may push can leave as referrers."""
        yield "foreign bundle", self.bundle(digest, "other"), signing.BUNDLE
        yield "no JSON", b"\x00\x01", signing.BUNDLE
        yield "empty object", b"{}", signing.BUNDLE
        yield "bundle of another version", self.bundle(digest).replace(b"v0.3", b"v0.9"), signing.BUNDLE
        yield "attestation", self.attestation(digest), signing.BUNDLE
        yield "notation", b"{}", NOTATION

    def attestation(self, digest):
        said = signing.statement(digest, "https://slsa.dev/provenance/v1")
        return signing.bundle(said, self.keys.sign("good", signing.pre_authentication(said)))

    def test_stray_referrer_hides_no_legacy_signature(self):
        for number, (name, data, media_type) in enumerate(self.strays("", "sha256:" + "0" * 64)):
            with self.subTest(name):
                repository = f"beside-legacy-{number}"
                reference, digest = self.push(repository)
                self.attach_legacy(repository, digest, [self.legacy_layer(digest)])
                self.attach_bundle(repository, data, media_type)
                self.assert_verdict(reference, ALLOWED)

    def test_stray_referrers_hide_no_bundle(self):
        reference, digest = self.push("beside-bundle")
        for _, data, media_type in self.strays("beside-bundle", digest):
            self.attach_bundle("beside-bundle", data, media_type)
        self.attach_bundle("beside-bundle", self.bundle(digest))
        self.assert_verdict(reference, ALLOWED)

    def test_stray_legacy_signature_hides_no_bundle(self):
        layers = {"foreign": lambda digest: self.legacy_layer(digest, "other"),
                  "no JSON": lambda digest: (b"\x00", "AAAA"),
                  "no base64": lambda digest: (signing.payload(digest), "?"),
                  "of another image": lambda digest: self.legacy_layer("sha256:" + "0" * 64)}
        for number, (name, layer) in enumerate(layers.items()):
            with self.subTest(name):
                repository = f"bundle-beside-{number}"
                reference, digest = self.push(repository)
                self.attach_legacy(repository, digest, [layer(digest)])
                self.attach_bundle(repository, self.bundle(digest))
                self.assert_verdict(reference, ALLOWED)

    def test_good_layer_behind_foreign_ones(self):
        reference, digest = self.push("many-layers")
        layers = [self.legacy_layer(digest, "other") for _ in range(20)]
        self.attach_legacy("many-layers", digest, [*layers, self.legacy_layer(digest)])
        self.assert_verdict(reference, ALLOWED)

    def test_good_bundle_behind_foreign_ones(self):
        reference, digest = self.push("many-bundles")
        for _ in range(20):
            self.attach_bundle("many-bundles", self.bundle(digest, "other"))
        self.attach_bundle("many-bundles", self.bundle(digest))
        self.assert_verdict(reference, ALLOWED)

    def test_strays_alone_are_refused(self):
        reference, digest = self.push("strays-alone")
        for _, data, media_type in self.strays("strays-alone", digest):
            self.attach_bundle("strays-alone", data, media_type)
        self.attach_legacy("strays-alone", digest, [self.legacy_layer(digest, "other")])
        code, record = self.sigward.verify(reference)
        self.assertEqual((code, record["decision"]), (NONE_VALID, "deny"), record)

    def test_bundle_whose_subject_is_another_image(self):
        """A referrer that the list names for this image although its manifest says another."""
        reference, digest = self.push("borrowed")
        document, blobs = signing.referrer({**self.subject, "digest": "sha256:" + "1" * 64},
                                           self.bundle(digest))
        for blob in blobs.values():
            self.plain.put_blob("borrowed", blob)
        self.plain.add_referrer("borrowed", digest, document)
        code, _ = self.sigward.verify(reference)
        self.assertIn(code, (NO_SIGNATURE, NONE_VALID))


if __name__ == "__main__":
    unittest.main()
