"""Signatures that lie in another repository than their image: `source` of a policy's authority."""
import unittest

from bed import images, signing
from bed.case import BedCase
from bed.policies import key, policy
from bed.process import wait_until
from bed.registry import Registry, write_hosts


class Source(BedCase):
    NEEDS = ("plain", "lying", "containerd")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vault = Registry(cls.place / "vault")
        cls.addClassCleanup(cls.vault.stop)
        write_hosts(cls.hosts_dir, cls.vault.host, cls.vault.hosts_toml())

    def by(self, name, repository=None, prefix=None, **more):
        source = {**({"oci": repository} if repository else {}), **({"tagPrefix": prefix} if prefix else {})}
        return key(self.keys.public(name), name=name, source=source, **more)

    def use(self, *authorities, **more):
        self.sigward.use(policy("signed-elsewhere", "**", *authorities, **more))

    def push(self, name, **build):
        image = images.build(f"{self.id()} {name}", **build)
        reference = self.plain.push(name, "v1", image)
        return reference, f"{self.plain.host}/{name}@{image.top}", image

    def assert_soon_allowed(self, reference):
        """That nothing was there is remembered for a moment."""
        wait_until(lambda: self.containerd.pull(reference).returncode == 0, 10, "the signature is seen")

    def test_both_formats_by_cosign_in_another_registry(self):
        signatures = f"{self.vault.host}/signatures"
        self.use(self.by("good", signatures))
        for sign in (self.cosign.sign_legacy, self.cosign.sign_bundle):
            with self.subTest(sign.__name__):
                name = sign.__name__.replace("_", "-")
                reference, pinned, image = self.push(name)
                self.assert_refused(self.containerd.pull(reference),
                                    f"no-signature: no signature found for .*@{image.top} ")
                sign(pinned, "good", repository=signatures)
                self.assertIsNone(self.plain.manifest(name, signing.legacy_tag(image.top)))
                self.assert_soon_allowed(reference)

    def test_a_prefix_of_the_tags(self):
        signatures = f"{self.vault.host}/prefixed"
        self.use(self.by("good", signatures, "rel-"))
        reference, pinned, image = self.push("prefixed")
        said = signing.payload(image.top)
        signature = signing.text(self.keys.sign("good", said))
        self.cosign.attach_legacy(pinned, said, signature, repository=signatures)
        self.assert_refused(self.containerd.pull(reference), "no-signature: ")
        self.cosign.attach_legacy(pinned, said, signature, "--attachment-tag-prefix", "rel-",
                                  repository=signatures)
        self.assertIsNotNone(self.vault.manifest("prefixed", "rel-" + signing.legacy_tag(image.top)))
        self.assert_soon_allowed(reference)

    def test_a_prefix_beside_the_image(self):
        self.use(self.by("good", prefix="rel-"))
        reference, pinned, image = self.push("own-prefix")
        said = signing.payload(image.top)
        self.cosign.attach_legacy(pinned, said, signing.text(self.keys.sign("good", said)),
                                  "--attachment-tag-prefix", "rel-")
        self.assert_allowed(self.containerd.pull(reference))

    def test_only_this_nodes_manifest_is_signed(self):
        signatures = f"{self.vault.host}/members"
        self.use(self.by("good", signatures))
        reference, _, image = self.push("members", platforms=("linux/amd64", "linux/arm64"))
        self.assert_refused(self.containerd.pull(reference), "no-signature: ")
        member = f"{self.plain.host}/members@{image.platforms['linux/amd64']}"
        self.cosign.sign_bundle(member, "good", repository=signatures)
        self.assert_soon_allowed(reference)

    def test_what_a_tenant_pushes_beside_its_image_changes_nothing(self):
        signatures = f"{self.vault.host}/of-the-platform"
        self.use(self.by("good", signatures))
        reference, pinned, image = self.push("tenant")
        self.cosign.sign_legacy(pinned, "other")
        self.cosign.sign_bundle(pinned, "other")
        self.assert_refused(self.containerd.pull(reference), "no-signature: ")
        # Nor does another image's good signature under this one's tag.
        _, elsewhere, other = self.push("tenant-other")
        self.cosign.sign_legacy(elsewhere, "good", repository=signatures)
        stolen = self.vault.manifest("of-the-platform", signing.legacy_tag(other.top))
        self.vault.put_manifest("of-the-platform", signing.legacy_tag(image.top), stolen[1])
        self.assert_refused(self.containerd.pull(reference), "digest-mismatch: ")
        self.cosign.sign_bundle(pinned, "good", repository=signatures)
        self.assert_allowed(self.containerd.pull(reference))

    def test_a_source_that_cannot_be_read_is_no_verdict(self):
        source = self.lying.repository("signatures")
        self.use(self.by("good", f"{self.lying.host}/signatures"))
        reference, pinned, image = self.push("unread")
        self.cosign.sign_legacy(pinned, "other")
        for fault, reason in (("server-error", "registry-error"), ("hang-up", "registry-unreachable"),
                              ("unauthorized", "registry-unauthorized")):
            with self.subTest(fault):
                source.strike(fault)
                self.assert_refused(self.containerd.pull(reference), f"{reason}: could not check ")
                code, record = self.sigward.verify(pinned)
                self.assertEqual((code, record["decision"]), (1, "undetermined"), record)
        source.strike()
        self.assert_refused(self.containerd.pull(reference), "no-signature: ")
        said = signing.payload(image.top)
        source.add_evidence(signing.legacy_tag(image.top), signing.legacy_image(
            [(said, signing.text(self.keys.sign("good", said)))]))
        self.assert_soon_allowed(reference)

    def test_two_authorities_with_two_sources(self):
        first, second = f"{self.vault.host}/first", f"{self.vault.host}/second"
        self.use(self.by("good", first), self.by("other", second))
        for name, signer, place, allowed in (("of-first", "good", first, True),
                                             ("of-second", "other", second, True),
                                             ("in-the-others", "other", first, True),
                                             ("beside", "good", None, False)):
            with self.subTest(name):
                reference, pinned, _ = self.push(name)
                self.cosign.sign_bundle(pinned, signer, repository=place)
                if allowed:
                    self.assert_allowed(self.containerd.pull(reference))
                else:
                    self.assert_refused(self.containerd.pull(reference), "no-signature: ")

    def test_the_record_says_where(self):
        signatures = f"{self.vault.host}/recorded"
        self.use(self.by("other"), self.by("good", signatures, "rel-"))
        _, pinned, image = self.push("recorded")
        code, record = self.sigward.verify(pinned)
        self.assertEqual(code, 10, record)
        beside, elsewhere = record["policies"][0]["authorities"]
        self.assertNotIn("source", beside)
        self.assertEqual(elsewhere["source"], {"repository": signatures, "tagPrefix": "rel-"})
        self.assertEqual(elsewhere["detail"], f"no signature found in {signatures}")
        shown = self.sigward.cli("verify", pinned, check=False).stderr
        self.assertIn(f"- good in {signatures} with tags rel-…: no-signature", shown)

    def test_mode_warn(self):
        self.use(self.by("good", f"{self.vault.host}/warned"), mode="warn")
        reference, pinned, _ = self.push("warned")
        done = self.sigward.ask(reference, pinned.partition("@")[2])
        self.assert_allowed(done)
        self.assertIn("no-signature", done.stdout)
        self.assert_allowed(self.containerd.pull(reference))


if __name__ == "__main__":
    unittest.main()
