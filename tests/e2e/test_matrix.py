"""Older containerds: what each of them has, and that nothing unverified starts on any of them."""
import base64
import json
import shutil
import unittest

from bed import images
from bed.older_containerd import Containerd16, Containerd17, Containerd17WithNri
from bed.peers import program
from bed.process import run, wait_until
from e2e.test_create import REFUSED, CreateCase

NO_SIGNATURE = r"no-signature: no signature found for \S+/{}@sha256:\S+ \(policy require-signed\)"


class OlderCase(CreateCase):
    NEEDS = ("plain", "containerd", "cri", "docker")

    def run_once(self, reference, name, *options):
        return self.containerd.run(reference, name, "--rm", *options)

    def prepared(self):
        """How many images were judged ahead; 0 while some still wait."""
        preparation = self.sigward.status()["preparation"]
        return 0 if preparation["waiting"] else preparation["prepared"]

    def pod_with_signature(self, reference):
        """A pod whose annotation is the only place where REFERENCE's signature lies."""
        payload = self.cosign.run("generate", "--allow-http-registry", reference).stdout
        signature = base64.b64encode(self.keys.sign("good", payload.encode())).decode()
        return self.new_pod(**{"cosign.sigstore.dev/signature": signature})

    def older_pod(self):
        """A pod whose shim was started before sigward-runtime came into containerd's PATH."""
        self.containerd.restart(wrapped=False)
        self.cri.wait()
        pod = self.new_pod()
        self.containerd.restart()
        self.cri.wait()
        return pod

    def doctor(self):
        """The ids of what `sigward doctor` finds, with their severity, and the node's state."""
        done = run(program("sigward"), "doctor", "-o", "json", "--containerd-pid", self.containerd.pid,
                   "--runtime-folder", self.containerd.runtime_dir, check=False, env=self.sigward.env)
        report = json.loads(done.stdout)
        return report["state"], {f["id"]: f["severity"] for f in report["findings"]}

    def assert_registered(self):
        wait_until(lambda: self.sigward.status()["nri"]["registered"], 10, "the NRI door is there")


class RuntimeDoor:
    """The tests of the runtime door: the same on every version."""

    def test_no_pull_gate_and_doctor_says_so(self):
        self.assertRegex(self.containerd.ctr("version").stdout, rf"Server:\s+Version: +{self.VERSION}")
        reference = self.add_image("pulled")
        self.assert_allowed(self.containerd.pull(reference))
        self.assertIsNone(self.cri.pull(reference))
        state, found = self.doctor()
        self.assertEqual((state, found.get("no-image-verifier")), ("partial", "partial"), found)

    def test_ctr(self):
        self.assert_starts(self.run_once(self.pulled("ctr", signed=True), "ctr"))
        self.assert_stopped(self.run_once(self.pulled("ctr-unsigned"), "ctr-unsigned"),
                            NO_SIGNATURE.format("ctr-unsigned"))
        layout = images.write_layout(images.build("imported", runs=True), self.place)
        self.containerd.ctr("images", "import", "--base-name", "registry.example/imported", layout)
        self.assert_stopped(self.run_once("registry.example/imported:v1", "imported"), "no-signature: ")
        folder = self.place / "rootfs"
        (folder / "bin").mkdir(parents=True)
        shutil.copy("/bin/true", folder / "bin/true")
        self.assert_stopped(self.run_once(folder, "folder", "--rootfs"), "image-unknown: ")

    def test_record_that_was_changed_is_a_mismatch(self):
        signed, unsigned = self.pulled("record", signed=True), self.pulled("record-unsigned")
        self.containerd.ctr("container", "create", unsigned, "record", "/bin/true")
        self.containers.update(self.containerd.namespace, "record", image=signed)
        self.assert_stopped(self.containerd.ctr("task", "start", "record", check=False),
                            "rootfs-mismatch: .*no-signature: ")

    def test_cri(self):
        pod = self.new_pod()
        signed, unsigned = self.add_image("cri", signed=True), self.add_image("cri-unsigned")
        for reference in (signed, unsigned):
            self.assertIsNone(self.cri.pull(reference))
        self.assert_pod_starts(pod.start(signed))
        self.assert_pod_starts(pod.start(self.id_of(signed)))
        refused = REFUSED + NO_SIGNATURE.format("cri-unsigned")
        self.assert_pod_refuses(pod.start(unsigned), refused)
        self.assert_pod_refuses(pod.start(unsigned, said=signed), "rootfs-mismatch: |no-signature: ")
        self.assert_pod_refuses(pod.start(self.id_of(unsigned)), refused)

    def test_cri_pause_container(self):
        pause = f"{self.plain.host}/pause:v1"
        self.containerd.ctr("-n", "k8s.io", "images", "tag", "--force",
                            self.pulled("pause-unsigned", "k8s.io"), pause)
        try:
            self.assertRegex(self.cri.pod(), REFUSED + "no-signature: ")
        finally:
            self.containerd.pull_locally(pause, "k8s.io")

    def test_cri_has_no_image_volumes(self):
        """CRI does not know the field and finds no path to mount."""
        spec = self.cri.messages.ImageSpec(image=self.pulled("volume", "k8s.io", signed=True))
        volume = {"container_path": "/mnt", "image": spec, "readonly": True}
        _, refused = self.new_pod().start(self.pulled("mounts", "k8s.io", signed=True), mounts=(volume,))
        self.assertRegex(refused, "failed to generate spec")

    def test_what_is_lost_without_nri(self):
        """Signatures in a pod's annotations, and the pods that are older than sigward."""
        unsigned = self.pulled("lost", "k8s.io")
        self.assert_pod_refuses(self.pod_with_signature(unsigned).start(unsigned), REFUSED + "no-signature: ")
        self.assert_pod_starts(self.older_pod().start(unsigned))
        self.assertEqual(self.doctor()[1].get("shim-path"), "partial")

    def test_docker(self):
        self.assert_starts(self.docker.run(self.add_image("docker", signed=True)))
        self.assert_stopped(self.docker.run(self.add_image("docker-unsigned")),
                            NO_SIGNATURE.format("docker-unsigned"))

    def test_an_image_that_appears_is_judged_ahead(self):
        """The daemon hears containerd's events: the create needs no registry any more."""
        wait_until(lambda: self.sigward.status()["containerd"]["listening"], 10, "containerd is heard")
        self.containerd.pull_locally(f"{self.plain.host}/pause:v1")
        before = wait_until(self.prepared, 10, "an image is judged")
        reference = self.pulled("ahead", signed=True)
        wait_until(lambda: self.prepared() > before, 10, "the next one is judged")
        self.plain.stop()
        try:
            self.assert_starts(self.run_once(reference, "ahead"))
        finally:
            self.plain.start()

    def test_what_runs_is_reported_and_survives_a_restart_of_containerd(self):
        reference, name = self.pulled("lasting", signed=True), "lasting"
        self.addCleanup(self.containerd.remove, name)
        self.assert_starts(self.containerd.run(reference, name, "-d", command=("/bin/sleep", "3600")))
        self.containerd.restart()
        self.cri.wait()
        self.containerd.ctr("task", "exec", "--exec-id", "look", name, "/bin/true")
        audit = wait_until(self.sigward.audit, 10, "containerd is heard again")
        self.assertIn((name, "allow"), [(c["container"]["id"], c["decision"]) for c in audit])
        self.assert_starts(self.run_once(reference, "after"))

    def id_of(self, reference):
        spec = self.cri.messages.ImageSpec(image=reference)
        return self.cri.images.ImageStatus(self.cri.messages.ImageStatusRequest(image=spec)).image.id


class On16(RuntimeDoor, OlderCase):
    CONTAINERD = Containerd16
    VERSION = r"1\.6\."

    def test_no_nri(self):
        status = self.sigward.status()["nri"]
        self.assertEqual((status["registered"], status["questions"]), (False, 0))
        self.assertIn("nri-off", self.doctor()[1])


class On17(RuntimeDoor, OlderCase):
    CONTAINERD = Containerd17
    VERSION = r"1\.7\."

    def test_nri_is_off_as_delivered(self):
        self.assertFalse(self.sigward.status()["nri"]["registered"])
        self.assertIn("nri-off", self.doctor()[1])


class On17WithNri(OlderCase):
    NEEDS = ("plain", "containerd", "cri")
    CONTAINERD = Containerd17WithNri

    def setUp(self):
        self.assert_registered()

    def test_the_nri_door_refuses_before_the_runtime(self):
        pod = self.new_pod()
        self.assert_pod_starts(pod.start(self.pulled("nri", "k8s.io", signed=True)))
        container, refused = pod.start(self.pulled("nri-unsigned", "k8s.io"))
        self.assertIsNone(container)
        self.assertRegex(refused, NO_SIGNATURE.format("nri-unsigned"))
        self.assertNotRegex(refused, REFUSED)
        self.assertNotIn("nri-off", self.doctor()[1])

    def test_what_only_nri_brings(self):
        annotated, unsigned = self.pulled("annotated", "k8s.io"), self.pulled("older", "k8s.io")
        self.assert_pod_starts(self.pod_with_signature(annotated).start(annotated))
        pod = self.older_pod()
        self.assert_registered()
        self.assert_pod_refuses(pod.start(unsigned), NO_SIGNATURE.format("older"))


if __name__ == "__main__":
    unittest.main()
