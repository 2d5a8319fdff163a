"""Indexes, platform manifests, docker's media types, and registries behind a mirror."""
import unittest

from bed import images
from bed.case import BedCase
from bed.lying import LyingRegistry
from bed.registry import hosts_toml, write_hosts
from bed.signing import legacy_image, legacy_tag, payload, text

BOTH = ("linux/amd64", "linux/arm64")


class Shapes(BedCase):
    NEEDS = ("plain", "lying", "containerd", "cri")

    def push(self, name, **build):
        image = images.build(f"{self.id()} {name}", **build)
        return self.plain.push(name, "v1", image), image

    def pinned(self, name, digest):
        return f"{self.plain.host}/{name}@{digest}"

    def test_signature_on_the_index(self):
        for name, docker in (("index", False), ("list", True)):
            with self.subTest(name):
                reference, image = self.push(name, platforms=BOTH, docker=docker)
                self.cosign.sign_legacy(self.pinned(name, image.top), "good")
                self.assert_allowed(self.containerd.pull(reference))

    def test_signature_on_this_nodes_manifest_alone(self):
        for name, docker, sign in (("member", False, self.cosign.sign_legacy),
                                   ("member-bundle", False, self.cosign.sign_bundle),
                                   ("list-member", True, self.cosign.sign_legacy)):
            with self.subTest(name):
                reference, image = self.push(name, platforms=BOTH, docker=docker)
                sign(self.pinned(name, image.platforms["linux/amd64"]), "good")
                self.assert_allowed(self.containerd.pull(reference))

    def test_signature_on_a_foreign_platforms_manifest_is_refused(self):
        reference, image = self.push("foreign", platforms=BOTH)
        self.cosign.sign_legacy(self.pinned("foreign", image.platforms["linux/arm64"]), "good")
        self.assert_refused(self.containerd.pull(reference), "no-signature: ")

    def test_unsigned_index_is_refused(self):
        for name, docker in (("unsigned-index", False), ("unsigned-list", True)):
            with self.subTest(name):
                reference, image = self.push(name, platforms=BOTH, docker=docker)
                self.assert_refused(self.containerd.pull(reference),
                                    f"no-signature: no signature found for .*@{image.top} ")

    def test_docker_manifest(self):
        reference, image = self.push("docker", docker=True)
        self.assert_refused(self.containerd.pull(reference), "no-signature: ")
        reference, image = self.push("docker-signed", docker=True)
        self.cosign.sign_bundle(self.pinned("docker-signed", image.top), "good")
        self.assert_allowed(self.containerd.pull(reference))
        self.assertIsNone(self.cri.pull(reference))

    def test_registry_behind_a_mirror(self):
        write_hosts(self.hosts_dir, "registry.example", hosts_toml(self.plain.url))
        self.push("mirrored")
        self.assert_refused(
            self.containerd.pull("registry.example/mirrored:v1"),
            r"no-signature: no signature found for registry\.example/mirrored@sha256:[0-9a-f]{64} "
            r"\(policy require-signed\)")
        _, image = self.push("mirrored-signed")
        self.cosign.sign_legacy(self.pinned("mirrored-signed", image.top), "good")
        self.assert_allowed(self.containerd.pull("registry.example/mirrored-signed:v1"))

    def test_few_requests_find_a_signature_and_then_it_is_remembered(self):
        image = images.build(self.id())
        repository = self.lying.repository("once")
        repository.add_image("v1", image)
        said = payload(image.top)
        signature = text(self.keys.sign("good", said))
        repository.add_evidence(legacy_tag(image.top), legacy_image([(said, signature)]))
        reference = f"{self.lying.host}/once:v1"
        self.assert_allowed(self.sigward.ask(reference, image.top))
        asked = self.lying.requests_for("once")
        self.assertLessEqual(len(asked), 5, asked)
        self.assert_allowed(self.sigward.ask(reference, image.top))
        self.assertEqual(self.lying.requests_for("once"), asked)

    def test_signature_that_only_the_second_host_has(self):
        image = images.build(self.id())
        first, second = self.lying, LyingRegistry()
        self.addCleanup(second.stop)
        for host in (first, second):
            host.repository("late").add_image("v1", image)
        said = payload(image.top)
        signature = text(self.keys.sign("good", said))
        second.repository("late").add_evidence(legacy_tag(image.top),
                                               legacy_image([(said, signature)]))
        write_hosts(self.hosts_dir, "two.example",
                    f'server = "{second.url}"\n[host."{first.url}"]\n'
                    '  capabilities = ["pull", "resolve"]\n')
        self.assert_allowed(self.containerd.pull("two.example/late:v1"))


if __name__ == "__main__":
    unittest.main()
