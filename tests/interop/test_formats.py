"""Every format in every carrier that a registry has for it: tags, referrers by the API and by the tag that
stands in for it, beside each other and beside other people's signatures. Signed by cosign and notation."""
import json
import unittest

from bed import images, signing
from bed.peers import peer
from bed.process import run

from .case import ALLOWED, NO_SIGNATURE, NONE_VALID, InteropCase

COSIGN_REFERRER = "application/vnd.dev.cosign.artifact.sig.v1+json"


class Versions(InteropCase):
    """Bundles made by hand: cosign writes version 0.3 only."""

    def attach_version(self, repository, digest, version, key="good", layer=None, **more):
        said = signing.statement(digest)
        signature = self.keys.sign(key, signing.pre_authentication(said))
        self.attach_bundle(repository, signing.bundle(said, signature, version=version, **more),
                           layer or signing.bundle_type(version))

    def test_bundles_of_every_version(self):
        for version in ("0.1", "0.2", "0.3"):
            for key, code, reason in (("good", ALLOWED, None), ("other", NONE_VALID, "bad-signature")):
                with self.subTest(version=version, key=key):
                    name = f"v{version}-{key}"
                    reference, digest = self.push(name)
                    self.attach_version(name, digest, version, key, entries=[signing.log_entry(version)])
                    self.assert_verdict(reference, code, reason)

    def test_each_version_keeps_its_rules_whatever_its_layer_says(self):
        cases = (("0.1", "0.3", "0.1", ALLOWED), ("0.3", "0.1", "0.3", ALLOWED),
                 ("0.3", "0.1", "0.1", NONE_VALID), ("0.2", "0.1", "0.1", NONE_VALID),
                 ("0.1", "0.3", "0.3", NONE_VALID))
        for number, (version, layer, entry, code) in enumerate(cases):
            with self.subTest(version=version, layer=layer, entry=entry):
                name = f"claim-{number}"
                reference, digest = self.push(name)
                self.attach_version(name, digest, version, layer=signing.bundle_type(layer),
                                    entries=[signing.log_entry(entry)])
                self.assert_verdict(reference, code, None if code == ALLOWED else "malformed")


class Carriers(InteropCase):
    NEEDS = ("plain", "lying")

    def listed(self, repository, digest):
        """What the tag that stands in for the referrers API lists."""
        found = self.plain.manifest(repository, digest.replace(":", "-"))
        return json.loads(found[1])["manifests"] if found else []

    def to_api(self, repository, digest, name=None):
        """Moves an image and what refers to it to a registry that has the referrers API; its reference."""
        target = self.lying.repository(name or repository)
        for entry in [{"digest": digest}, *self.listed(repository, digest)]:
            media_type, data = self.plain.manifest(repository, entry["digest"])
            target.manifests[entry["digest"]] = (media_type, data)
            document = json.loads(data)
            for blob in [document["config"], *document["layers"]]:
                status, _, content = self.plain.call("GET", f"/v2/{repository}/blobs/{blob['digest']}")
                assert status == 200, blob
                target.blobs[blob["digest"]] = content
            if "mediaType" in entry:
                artifact_type = document.get("artifactType", document["config"]["mediaType"])
                target.referrers[digest].append({**entry, "artifactType": artifact_type})
        return f"{self.lying.host}/{name or repository}@{digest}"

    def notation(self, *argv):
        home = {"HOME": str(self.place), "XDG_CONFIG_HOME": str(self.place / "config")}
        run(peer("notation"), *argv, env=home)

    def sign_by_notation(self, reference):
        if not (self.place / "config").exists():
            self.notation("cert", "generate-test", "--default", "neighbour.example")
        self.notation("sign", "--insecure-registry", "--key", "neighbour.example", reference)

    def assert_in_both(self, repository, digest, code, reason=None):
        """The same answer from the tag that stands in and from the API."""
        self.assert_verdict(f"{self.plain.host}/{repository}@{digest}", code, reason)
        self.assert_verdict(self.to_api(repository, digest), code, reason)

    def test_a_bundle_by_cosign(self):
        reference, digest = self.push("bundle")
        self.cosign.sign_bundle(reference, "good")
        [entry] = self.listed("bundle", digest)
        self.assertEqual(entry["artifactType"], images.OCI_EMPTY, "the tag's list is wrong, and is read")
        self.assert_in_both("bundle", digest, ALLOWED)

    def test_a_legacy_signature_by_cosign_that_is_a_referrer(self):
        for key, code, reason in (("good", ALLOWED, None), ("other", NONE_VALID, "bad-signature")):
            with self.subTest(key):
                name = f"referrer-{key}"
                reference, digest = self.push(name)
                self.cosign.sign_referrer(reference, key)
                [entry] = self.listed(name, digest)
                self.assertEqual(entry["artifactType"], COSIGN_REFERRER)
                self.assert_in_both(name, digest, code, reason)

    def test_a_legacy_signature_for_another_image_that_is_a_referrer(self):
        reference, digest = self.push("borrowed-referrer")
        self.cosign.sign_referrer(reference, "good")
        [entry] = self.listed("borrowed-referrer", digest)
        document = json.loads(self.plain.manifest("borrowed-referrer", entry["digest"])[1])
        other, other_digest = self.push("borrowed-referrer", platforms=("linux/arm64",))
        self.plain.add_referrer("borrowed-referrer", other_digest, {**document, "subject": self.subject})
        self.assert_verdict(other, NONE_VALID, "digest-mismatch")

    def test_notation_beside(self):
        """Neighbours of another kind are no signature of ours, and hide none."""
        reference, digest = self.push("notation")
        self.sign_by_notation(reference)
        self.assert_in_both("notation", digest, NO_SIGNATURE, "no-signature")
        for sign in ("sign_legacy", "sign_bundle", "sign_referrer"):
            with self.subTest(sign):
                name = sign.replace("_", "-")
                reference, digest = self.push(name)
                self.sign_by_notation(reference)
                getattr(self.cosign, sign)(reference, "good")
                self.sign_by_notation(reference)
                self.assert_verdict(reference, ALLOWED)

    def test_every_carrier_at_once(self):
        """Three carriers hold signatures by another key, and each in turn the good one."""
        signs = ("sign_legacy", "sign_bundle", "sign_referrer")
        for good in signs:
            with self.subTest(good):
                reference, _ = self.push(f"at-once-{good[5:]}")
                for sign in signs:
                    getattr(self.cosign, sign)(reference, "other")
                self.assert_verdict(reference, NONE_VALID, "bad-signature")
                getattr(self.cosign, good)(reference, "good")
                self.assert_verdict(reference, ALLOWED)

    def test_the_api_and_the_tag_that_stood_in_for_it(self):
        """A registry that got the API, with what was pushed before behind the tag."""
        reference, digest = self.push("late")
        self.cosign.sign_bundle(reference, "good")
        listed = self.to_api("late", digest)
        lying = self.lying.repository("late")
        index = self.plain.manifest("late", digest.replace(":", "-"))
        lying.manifests[images.digest(index[1])] = index
        lying.tags[digest.replace(":", "-")] = images.digest(index[1])
        self.assert_verdict(listed, ALLOWED)

        again, digest = self.push("late", platforms=("linux/arm64",))
        self.cosign.sign_bundle(again, "good")
        unlisted = self.to_api("late", digest)
        index = self.plain.manifest("late", digest.replace(":", "-"))
        lying.manifests[images.digest(index[1])] = index
        lying.tags[digest.replace(":", "-")] = images.digest(index[1])
        lying.referrers[digest].clear()
        self.assert_verdict(unlisted, ALLOWED)


if __name__ == "__main__":
    unittest.main()
