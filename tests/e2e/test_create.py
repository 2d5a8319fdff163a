"""Nothing starts that was not verified: images that came past the pull gate meet the create gate."""
import base64
import json
import shutil
import unittest

from bed import images, signing
from bed.case import BedCase
from bed.containers import Containers

REFUSED = "OCI runtime create failed: "


class CreateCase(BedCase):
    NEEDS = ("plain", "containerd", "cri")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pause = cls.add_image("pause", signed=True)
        cls.containers = Containers(cls.containerd)
        cls.addClassCleanup(cls.containers.close)

    @classmethod
    def add_image(cls, name, signed=False, tag="v1", **build):
        """Pushes an image that runs; returns its reference."""
        image = images.build(f"{cls.__name__} {name} {tag}", runs=True, **build)
        reference = cls.plain.push(name, tag, image)
        if signed:
            cls.cosign.sign_legacy(f"{cls.plain.host}/{name}@{image.top}", "good")
        return reference

    def pulled(self, name, namespace=None, **build):
        """An image that its containerd has pulled, which asked nobody."""
        reference = self.add_image(name, **build)
        self.containerd.pull_locally(reference, namespace)
        return reference

    def new_pod(self, **annotations):
        pod = self.cri.pod(**annotations)
        self.assertNotIsInstance(pod, str, self.sigward.log()[-3000:])
        self.addCleanup(pod.remove)
        return pod

    def assert_starts(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + self.sigward.log()[-3000:])

    def assert_stopped(self, done, line):
        """LINE is a regular expression for what stands right behind the runtime's own words."""
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout + done.stderr, REFUSED + line)

    def assert_pod_starts(self, outcome):
        container, refused = outcome
        self.assertIsNone(refused, self.sigward.log()[-3000:])
        self.assertTrue(container)

    def assert_pod_refuses(self, outcome, line):
        container, refused = outcome
        self.assertIsNone(container)
        self.assertRegex(refused, line)


class Ctr(CreateCase):
    def test_signed_image_starts(self):
        reference = self.add_image("signed", signed=True)
        self.assert_allowed(self.containerd.pull(reference))
        self.assert_starts(self.containerd.run(reference, "signed", "--rm"))

    def test_signed_image_pulled_past_the_verifier_starts(self):
        reference = self.add_image("local-signed", signed=True)
        self.containerd.pull_locally(reference)
        self.assert_starts(self.containerd.run(reference, "local-signed", "--rm"))

    def test_unsigned_image_pulled_past_the_verifier_is_stopped(self):
        reference = self.add_image("local")
        self.containerd.pull_locally(reference)
        self.assert_stopped(self.containerd.run(reference, "local", "--rm"),
                            r"no-signature: no signature found for \S+/local@sha256:\S+ "
                            r"\(policy require-signed\)")

    def test_unsigned_image_that_was_imported_is_stopped(self):
        layout = images.write_layout(images.build("imported", runs=True), self.place)
        for flags, name in ((("--base-name", "registry.example/based"), "registry.example/based:v1"),
                            (("--index-name", "registry.example/index:v1"), "registry.example/index:v1")):
            with self.subTest(name):
                self.containerd.ctr("images", "import", *flags, layout)
                self.assert_stopped(self.containerd.run(name, "imported", "--rm"), "no-signature: ")

    def test_rootfs_that_is_no_image_is_stopped(self):
        folder = self.place / "rootfs"
        (folder / "bin").mkdir(parents=True)
        shutil.copy("/bin/true", folder / "bin/true")
        self.assert_stopped(self.containerd.run(folder, "folder", "--rm", "--rootfs"),
                            "image-unknown: ")

    def test_name_that_was_moved_before_the_create_is_judged_for_what_runs(self):
        signed, unsigned = self.add_image("moved", signed=True), self.add_image("moved", tag="v2")
        self.assert_allowed(self.containerd.pull(signed))
        self.containerd.pull_locally(unsigned)
        self.containerd.ctr("images", "tag", "--force", unsigned, signed)
        self.assert_stopped(self.containerd.run(signed, "moved", "--rm"), "no-signature: ")

    def test_name_that_was_moved_after_the_record_was_made_is_a_mismatch(self):
        signed = self.add_image("later", signed=True)
        unsigned = self.add_image("later-unsigned")
        self.assert_allowed(self.containerd.pull(signed))
        self.containerd.pull_locally(unsigned)
        self.containerd.ctr("container", "create", unsigned, "later", "/bin/true")
        self.containers.update(self.containerd.namespace, "later", image=signed)
        done = self.containerd.ctr("task", "start", "later", check=False)
        self.assert_stopped(done, "rootfs-mismatch: .*no-signature: ")

    def test_record_whose_snapshot_was_changed_is_a_mismatch(self):
        signed, unsigned = self.add_image("keyed", signed=True), self.add_image("keyed-unsigned")
        self.assert_allowed(self.containerd.pull(signed))
        self.containerd.pull_locally(unsigned)
        self.containerd.ctr("container", "create", signed, "keyed", "/bin/true")
        self.containerd.ctr("container", "create", unsigned, "keyed-other", "/bin/true")
        self.containers.update(self.containerd.namespace, "keyed", snapshot_key="keyed-other")
        self.assert_stopped(self.containerd.ctr("task", "start", "keyed", check=False),
                            "rootfs-mismatch: .*no-signature: ")

    def test_rootfs_that_is_not_the_records_snapshot_is_a_mismatch(self):
        """The record says one snapshot, something else is mounted over it when the task is made."""
        signed = self.add_image("covered", signed=True)
        self.assert_allowed(self.containerd.pull(signed))
        self.containerd.ctr("container", "create", signed, "covered", "/bin/true")
        folder = self.place / "covering"
        (folder / "bin").mkdir(parents=True)
        shutil.copy("/bin/true", folder / "bin/true")
        wrapper = self.containerd.runtime_dir / "runc"
        target = wrapper.readlink()
        wrapper.unlink()
        wrapper.write_text(f"""#!/bin/sh
case "$*" in *" create "*) mount --bind {folder} "$PWD/rootfs" ;; esac
exec {self.containerd.runtime_dir}/crun.d/runc "$@"
""")
        wrapper.chmod(0o755)
        (self.containerd.runtime_dir / "crun.d").mkdir()
        (self.containerd.runtime_dir / "crun.d/runc").symlink_to(target)
        try:
            self.assert_stopped(self.containerd.ctr("task", "start", "covered", check=False),
                                "rootfs-mismatch: ")
        finally:
            shutil.rmtree(self.containerd.runtime_dir / "crun.d")
            wrapper.unlink()
            wrapper.symlink_to(target)

    def test_snapshot_that_only_bears_the_signed_images_chain_is_a_mismatch(self):
        """Anybody who may use containerd can commit a snapshot under any name."""
        signed, unsigned = self.add_image("chained", signed=True), self.add_image("chained-unsigned")
        self.assert_allowed(self.containerd.pull(signed))
        self.containerd.pull_locally(unsigned)
        chains = {}
        for reference in (signed, unsigned):
            name = f"probe-{len(chains)}"
            self.containerd.ctr("container", "create", reference, name, "/bin/true")
            info = json.loads(self.containerd.ctr("snapshots", "info", name).stdout)
            chains[reference] = info["Parent"]
            self.containerd.ctr("container", "rm", name)
        self.containerd.ctr("snapshots", "rm", chains[signed])
        self.containerd.ctr("snapshots", "prepare", "forged", chains[unsigned])
        self.containerd.ctr("snapshots", "commit", chains[signed], "forged")
        self.assert_stopped(self.containerd.run(signed, "chained", "--rm"), "rootfs-mismatch: ")

    def test_two_images_with_one_chain_are_told_apart(self):
        signed = self.add_image("twin", signed=True)
        twin = images.build(f"{type(self).__name__} twin v1", runs=True, config={"User": "0"})
        self.plain.push("twin-unsigned", "v1", twin)
        unsigned = f"{self.plain.host}/twin-unsigned:v1"
        self.assert_allowed(self.containerd.pull(signed))
        self.containerd.pull_locally(unsigned)
        self.assert_starts(self.containerd.run(signed, "twin-a", "--rm"))
        self.assert_stopped(self.containerd.run(unsigned, "twin-b", "--rm"), "no-signature: .*twin-unsigned")

    def test_only_another_platforms_manifest_is_signed(self):
        image = images.build("platforms", platforms=("linux/amd64", "linux/arm64"), runs=True)
        reference = self.plain.push("platforms", "v1", image)
        self.cosign.sign_legacy(f"{self.plain.host}/platforms@{image.platforms['linux/arm64']}", "good")
        self.containerd.pull_locally(reference)
        self.assert_stopped(self.containerd.run(reference, "platforms", "--rm"), "no-signature: ")

    def test_signature_on_this_nodes_manifest_alone(self):
        image = images.build("member", platforms=("linux/amd64", "linux/arm64"), runs=True)
        reference = self.plain.push("member", "v1", image)
        self.cosign.sign_legacy(f"{self.plain.host}/member@{image.platforms['linux/amd64']}", "good")
        self.containerd.pull_locally(reference)
        self.assert_starts(self.containerd.run(reference, "member", "--rm"))

    def test_read_only_container_starts(self):
        reference = self.add_image("read-only", signed=True)
        self.assert_allowed(self.containerd.pull(reference))
        self.assert_starts(self.containerd.run(reference, "read-only", "--rm", "--read-only"))

    def test_native_snapshotter(self):
        signed, unsigned = self.add_image("native", signed=True), self.add_image("native-unsigned")
        for reference in (signed, unsigned):
            self.containerd.ctr("images", "pull", "--local", "--snapshotter", "native", "--hosts-dir",
                                self.hosts_dir, reference)
        self.assert_starts(self.containerd.run(signed, "native-a", "--rm", "--snapshotter", "native"))
        self.assert_stopped(self.containerd.run(unsigned, "native-b", "--rm", "--snapshotter", "native"),
                            "no-signature: ")

    def test_a_signature_that_was_imported_beside_its_image(self):
        """An air gap: image and signature come in one file, no registry is asked."""
        self.add_image("air", signed=True)
        image = images.build(f"{type(self).__name__} air v1", runs=True)
        tag = f"sha256-{image.top[7:]}.sig"
        media_type, manifest = self.plain.manifest("air", tag)
        signature = images.Image(manifests={image.top: (media_type, manifest)}, top=image.top)
        for part in (json.loads(manifest)["config"], *json.loads(manifest)["layers"]):
            signature.blobs[part["digest"]] = self.plain.call(
                "GET", f"/v2/air/blobs/{part['digest']}")[2]
        for part, ref, flags in ((image, "v1", ()), (signature, tag, ("--no-unpack",))):
            self.containerd.ctr("images", "import", *flags, "--base-name", "gone.example/air",
                                images.write_layout(part, self.place, ref))
        self.assert_starts(self.containerd.run("gone.example/air:v1", "air", "--rm"))


class Pods(CreateCase):
    def setUp(self):
        self.pod = self.new_pod()

    def unsigned(self, name):
        return self.pulled(name, "k8s.io")

    def signed(self, name):
        reference = self.add_image(name, signed=True)
        self.assertIsNone(self.cri.pull(reference))
        return reference

    def test_signed_image_starts(self):
        self.assert_pod_starts(self.pod.start(self.signed("pod-signed")))

    def test_unsigned_image_is_refused(self):
        reference = self.unsigned("pod-local")
        self.assert_pod_refuses(self.pod.start(reference), "no-signature: ")

    def test_image_pull_policies(self):
        """Always pulls again before each create; IfNotPresent and Never meet the create gate alone."""
        reference = self.signed("policies")
        self.assert_pod_starts(self.pod.start(reference))
        self.plain.push("policies", "v1", images.build("moved since", runs=True))
        with self.subTest("Always"):
            self.assertRegex(self.cri.pull(reference), "no-signature: ")
        with self.subTest("IfNotPresent, Never: what is here is what was verified"):
            self.assert_pod_starts(self.pod.start(reference))

    def test_image_that_is_named_by_its_id(self):
        for name, make in (("by-id", self.signed), ("by-id-unsigned", self.unsigned)):
            reference = make(name)
            status = self.cri.images.ImageStatus(self.cri.messages.ImageStatusRequest(
                image=self.cri.messages.ImageSpec(image=reference)))
            outcome = self.pod.start(status.image.id)
            if make == self.signed:
                self.assert_pod_starts(outcome)
            else:
                self.assert_pod_refuses(outcome, "no-signature: ")

    def test_image_as_the_user_wrote_it(self):
        reference = self.signed("spelled")
        bare = reference.removesuffix(":v1")
        self.assert_pod_starts(self.pod.start(reference, said=bare))

    def test_annotation_that_names_a_signed_image(self):
        signed, unsigned = self.signed("named"), self.unsigned("claimant")
        self.assert_pod_refuses(
            self.pod.start(unsigned, said=signed), "rootfs-mismatch: |no-signature: ")
        self.assert_pod_refuses(
            self.pod.start(unsigned, annotations={"io.kubernetes.cri.image-name": signed}),
            "rootfs-mismatch: |no-signature: ")

    def test_signature_in_the_pods_annotation(self):
        reference = self.unsigned("annotated")
        payload = self.cosign.run("generate", "--allow-http-registry", reference).stdout
        for key, allowed in (("other", False), ("good", True)):
            with self.subTest(key):
                signature = base64.b64encode(self.keys.sign(key, payload.encode())).decode()
                pod = self.new_pod(**{"cosign.sigstore.dev/signature": signature})
                if allowed:
                    self.assert_pod_starts(pod.start(reference))
                else:
                    self.assert_pod_refuses(pod.start(reference), "no-signature: ")

    def test_bundle_in_the_pods_annotation(self):
        reference = self.unsigned("annotated-bundle")
        digest = images.build(f"{type(self).__name__} annotated-bundle v1", runs=True).top
        statement = signing.statement(digest)
        for key, allowed in (("other", False), ("good", True)):
            with self.subTest(key):
                signature = self.keys.sign(key, signing.pre_authentication(statement))
                pod = self.new_pod(**{"cosign.sigstore.dev/signature":
                                      signing.bundle(statement, signature).decode()})
                if allowed:
                    self.assert_pod_starts(pod.start(reference))
                else:
                    self.assert_pod_refuses(pod.start(reference), "no-signature: ")

    def test_image_volumes_are_judged_too(self):
        runs, volume, bad = self.signed("runs"), self.signed("volume"), self.unsigned("volume-unsigned")
        spec = self.cri.messages.ImageSpec
        def mount(reference):
            return ({"container_path": "/mnt", "image": spec(image=reference), "readonly": True},)
        self.assert_pod_starts(self.pod.start(runs, mounts=mount(volume)))
        self.assert_pod_refuses(self.pod.start(runs, mounts=mount(bad)), "no-signature: .*volume-unsigned")

    def test_unsigned_pause_container_is_refused(self):
        self.plain.push("pause", "v1", images.build("another pause", runs=True))
        self.containerd.pull_locally(f"{self.plain.host}/pause:v1", "k8s.io")
        try:
            self.assertRegex(self.cri.pod(), "no-signature: ")
        finally:
            self.plain.push("pause", "v1", images.build(f"{type(self).__name__} pause v1", runs=True))
            self.containerd.pull_locally(f"{self.plain.host}/pause:v1", "k8s.io")


class Docker(CreateCase):
    NEEDS = ("plain", "containerd", "cri", "docker")

    def test_signed_image_starts(self):
        reference = self.add_image("docker-signed", signed=True)
        self.assert_starts(self.docker.run(reference))

    def test_unsigned_image_is_stopped_whatever_the_runtime_is_called(self):
        reference = self.add_image("docker-unsigned")
        for runtime in ((), ("--runtime", "runc"), ("--runtime", "io.containerd.runc.v2")):
            with self.subTest(runtime):
                self.assert_stopped(self.docker.run(reference, *runtime), "no-signature: ")

    def test_image_that_is_mounted_is_judged_too(self):
        signed = self.add_image("docker-mounts", signed=True)
        for name, allowed in (("docker-mounted-signed", True), ("docker-mounted", False)):
            reference = self.add_image(name, signed=allowed)
            self.docker("pull", reference)
            done = self.docker.run(signed, "--mount", f"type=image,source={reference},destination=/x")
            if allowed:
                self.assert_starts(done)
            else:
                self.assert_stopped(done, "no-signature: ")

    def test_commit_of_a_signed_container_is_stopped(self):
        reference = self.add_image("docker-base", signed=True)
        self.docker("create", "--name", "base", "--network", "none", reference)
        self.docker("commit", "base", "committed:v1")
        self.assert_stopped(self.docker.run("committed:v1"), "no-signature: ")

    def test_stop_pull_of_a_newer_image_and_start(self):
        reference = self.add_image("docker-old", signed=True)
        self.docker("run", "-d", "--name", "old", "--network", "none", reference, "/bin/sleep", "3600")
        self.docker("stop", "-t", "0", "old")
        newer = images.build("docker newer", runs=True)
        self.plain.push("docker-old", "v1", newer)
        self.docker("pull", reference)
        self.assertEqual(self.docker("start", "old", check=False).returncode, 0, self.sigward.log()[-3000:])

    def test_image_named_by_its_id(self):
        for name, signed in (("docker-id", True), ("docker-id-unsigned", False)):
            reference = self.add_image(name, signed=signed)
            self.docker("pull", reference)
            image = self.docker("image", "inspect", "--format", "{{.Id}}", reference).stdout.strip()
            for spelling in (image, image.removeprefix("sha256:")[:12]):
                with self.subTest(spelling):
                    done = self.docker.run(spelling)
                    if signed:
                        self.assert_starts(done)
                    else:
                        self.assert_stopped(done, "no-signature: ")

    def test_files_that_were_copied_in_are_noted(self):
        reference = self.add_image("docker-copy", signed=True)
        self.docker("create", "--name", "copied", "--network", "none", reference, "/bin/true")
        extra = self.place / "extra"
        extra.write_text("x")
        self.docker("cp", extra, "copied:/extra")
        self.docker("start", "copied")
        notes = [n for d in self.sigward.decisions() for n in d.get("notes", [])]
        self.assertTrue(any(n.startswith("rootfs-modified") for n in notes), notes)


if __name__ == "__main__":
    unittest.main()
