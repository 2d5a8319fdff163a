"""Signatures that come over an air gap, by each way and tool: no registry is there for the images' names."""
import os
import unittest

from bed import images
from bed.peers import peer
from bed.process import run, wait_until
from e2e.test_create import CreateCase

GONE = "gone.example"
FORMATS = ("legacy", "bundle")


class AirGap(CreateCase):
    """What is carried is made on the connected side, where the registry is, and goes with the test."""
    LAYOUTS = ("backup", "copy", "save-legacy", "save-bundle", "member")

    def sign(self, name, form, digest=None, **build):
        """Pushes an image and signs it, or DIGEST of it; returns it."""
        image = images.build(f"{type(self).__name__} {name}", runs=True, **build)
        self.plain.push(name, "v1", image)
        sign = self.cosign.sign_legacy if form == "legacy" else self.cosign.sign_bundle
        sign(f"{self.plain.host}/{name}@{digest or image.top}", "good")
        return image

    def carry(self, name, image):
        """Imports IMAGE alone, under a name whose registry does not exist; returns the name."""
        self.containerd.ctr("images", "import", "--base-name", f"{GONE}/{name}",
                            images.write_layout(image, self.place))
        return f"{GONE}/{name}:v1"

    def oras(self, *argv):
        run(peer("oras"), *argv, env={"HOME": str(self.place)})

    def save(self, name, folder):
        self.cosign.run("save", "--allow-http-registry", "--allow-insecure-registry", "--dir", folder,
                        f"{self.plain.host}/{name}:v1")

    def assert_runs(self, reference, name):
        self.assert_starts(self.containerd.run(reference, name, "--rm"))

    def test_a_backup_of_repositories_as_layout(self):
        for form in FORMATS:
            image = self.sign(f"backup-{form}", form)
            self.oras("backup", "--plain-http", "--include-referrers", "--output",
                      self.layouts / "backup", f"{self.plain.host}/backup-{form}")
            self.assert_runs(self.carry(f"backup-{form}", image), f"backup-{form}")

    def test_a_copy_with_its_referrers_as_layout(self):
        image = self.sign("copy", "bundle")
        self.oras("cp", "-r", "--from-plain-http", "--to-oci-layout", f"{self.plain.host}/copy:v1",
                  f"{self.layouts}/copy:v1")
        self.assert_runs(self.carry("copy", image), "copy")

    def test_a_signature_images_tag_copied_into_the_layout(self):
        image = self.sign("copy-tag", "legacy")
        tag = image.top.replace(":", "-") + ".sig"
        self.oras("cp", "--from-plain-http", "--to-oci-layout", f"{self.plain.host}/copy-tag:{tag}",
                  f"{self.layouts}/copy:{tag}")
        self.assert_runs(self.carry("copy-tag", image), "copy-tag")

    def test_what_cosign_saves_as_layout(self):
        for form in FORMATS:
            image = self.sign(f"save-{form}", form)
            self.save(f"save-{form}", self.layouts / f"save-{form}")
            self.assert_runs(self.carry(f"save-{form}", image), f"save-{form}")

    def test_an_index_of_which_this_nodes_manifest_is_signed_as_layout(self):
        image = images.build("AirGap member", platforms=("linux/amd64", "linux/arm64"), runs=True)
        self.sign("member", "bundle", image.platforms["linux/amd64"],
                  platforms=("linux/amd64", "linux/arm64"))
        self.oras("cp", "-r", "--from-plain-http", "--to-oci-layout", f"{self.plain.host}/member:v1",
                  f"{self.layouts}/member:v1")
        self.assert_runs(self.carry("member", image), "member")

    def test_a_pull_finds_a_signature_in_a_layout(self):
        image = self.sign("pull-source", "bundle")
        self.oras("cp", "-r", "--from-plain-http", "--to-oci-layout",
                  f"{self.plain.host}/pull-source:v1", f"{self.layouts}/copy:pull")
        self.assert_allowed(self.containerd.pull(self.plain.push("pull-mirror", "v1", image)))

    def test_a_backup_that_was_imported(self):
        for form in FORMATS:
            self.sign(f"import-{form}", form)
            archive = self.place / f"{form}.tar"
            self.oras("backup", "--plain-http", "--include-referrers", "--output", archive,
                      f"{self.plain.host}/import-{form}")
            self.containerd.ctr("images", "import", "--base-name", f"{GONE}/import-{form}", archive)
            self.assert_runs(f"{GONE}/import-{form}:v1", f"import-{form}")


class TenantsLayout(CreateCase):
    LAYOUTS = ("theirs",)

    def test_a_layout_that_is_not_roots_is_not_read(self):
        image = images.build("TenantsLayout", runs=True)
        self.plain.push("theirs", "v1", image)
        self.cosign.sign_bundle(f"{self.plain.host}/theirs@{image.top}", "good")
        layout = self.layouts / "theirs"
        run(peer("oras"), "cp", "-r", "--from-plain-http", "--to-oci-layout",
            f"{self.plain.host}/theirs:v1", f"{layout}:v1", env={"HOME": str(self.place)})
        os.chown(layout, 65534, 65534)
        self.containerd.ctr("images", "import", "--base-name", f"{GONE}/theirs",
                            images.write_layout(image, self.place))
        start = lambda name: self.containerd.run(f"{GONE}/theirs:v1", name, "--rm")
        self.assert_stopped(start("theirs"), rf"io-failed: could not check \S+: layout {layout}: {layout} is not owned by root")
        self.assertEqual(len(self.sigward.events("layout-unreadable")), 1)
        os.chown(layout, 0, 0)
        wait_until(lambda: start("ours").returncode == 0, 20, "the layout is root's again and is read")
        self.assertEqual(len(self.sigward.events("layout-readable")), 1)


del CreateCase  # has no tests of its own

if __name__ == "__main__":
    unittest.main()
