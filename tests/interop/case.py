"""The base of the interop tests: a registry, sigward and `sigward verify`; no containerd."""
from bed import images, signing
from bed.case import BedCase

ALLOWED, NO_SIGNATURE, NONE_VALID, REFUSED, COULD_NOT_TELL = 0, 10, 12, 13, 1


class InteropCase(BedCase):
    NEEDS = ("plain",)

    def push(self, repository, **build):
        """Pushes an image that no other test has; returns (pinned reference, digest)."""
        image = images.build(f"{self.id()} {repository}", **build)
        self.plain.push(repository, "v1", image)
        self.subject = images.descriptor(image.manifests[image.top][1], image.manifests[image.top][0])
        return f"{self.plain.host}/{repository}@{image.top}", image.top

    def attach_legacy(self, repository, digest, layers):
        """LAYERS are pairs of payload and the annotation's text."""
        self.plain.push(repository, signing.legacy_tag(digest), signing.legacy_image(layers))

    def attach_bundle(self, repository, data, media_type=signing.BUNDLE):
        """A referrer of the image that was pushed last."""
        signing.attach_bundle(self.plain, repository, self.subject, data, media_type)

    def legacy_layer(self, digest, key="good", hash_name="sha256"):
        said = signing.payload(digest)
        return said, signing.text(self.keys.sign(key, said, hash_name))

    def bundle(self, digest, key="good", hash_name="sha256"):
        said = signing.statement(digest)
        return signing.bundle(said, self.keys.sign(key, signing.pre_authentication(said), hash_name))

    def assert_verdict(self, reference, code, reason=None):
        """`sigward verify` ends with CODE, and its JSON says the same."""
        done, record = self.sigward.verify(reference)
        self.assertEqual(done, code, record)
        self.assertEqual(record["decision"], {ALLOWED: "allow", COULD_NOT_TELL: "undetermined"}.get(code, "deny"))
        self.assertEqual(record.get("reason"), reason, record)
