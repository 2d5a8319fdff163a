"""What happens at create when something is gone, hangs, restarts or is asked by many at once."""
import concurrent.futures
import json
import os
import resource
import shutil
import signal
import time
import unittest

from bed.containerd import Containerd
from bed.policies import key, node_policy, policy, static
from bed.process import freeze, wait_until
from e2e.test_create import CreateCase


class Faults(CreateCase):
    def setUp(self):
        self.addCleanup(self.sigward.wait_for_processes)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.signed = cls.add_image("signed", signed=True)
        cls.unsigned = cls.add_image("unsigned")
        for namespace in (None, "k8s.io"):
            for reference in (cls.signed, cls.unsigned):
                cls.containerd.pull_locally(reference, namespace)

    def start(self, name, reference=None):
        self.addCleanup(self.containerd.remove, name)
        return self.containerd.run(reference or self.signed, name, "-d", command=("/bin/sleep", "3600"))

    def assert_lives(self, name):
        """Who runs goes on, and can be looked into and ended."""
        self.assertIn(name, self.containerd.tasks())
        self.containerd.ctr("task", "exec", "--exec-id", f"x{time.monotonic_ns()}", name, "/bin/true")

    def test_without_the_daemon_nothing_starts_and_what_runs_goes_on(self):
        self.assert_starts(self.start("before"))
        self.sigward.stop()
        try:
            began = time.monotonic()
            self.assert_stopped(self.start("without"), "gate-unreachable: ")
            self.assertLess(time.monotonic() - began, 25)
            self.assert_lives("before")
            self.containerd.ctr("task", "kill", "-s", "KILL", "before")
            wait_until(lambda: "STOPPED" in self.containerd.ctr("task", "ls").stdout, 10, "it ends")
            self.containerd.ctr("task", "rm", "before")
        finally:
            self.sigward.start()
        self.assert_starts(self.start("after"))

    def test_a_daemon_that_hangs_lets_nothing_start(self):
        broker = self.sigward.wait_for_processes()["sigwardd"]
        freeze(broker)
        try:
            self.assert_stopped(self.start("hung"), "timeout: |gate-unreachable: |protocol: ")
        finally:
            os.kill(broker, signal.SIGCONT)
        self.assert_starts(self.start("unhung"))

    def test_a_daemon_killed_while_it_is_asked_delays_the_create(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(self.start, f"killed{i}") for i in range(4)]
            for _ in range(3):
                os.kill(self.sigward.wait_for_processes()["sigwardd"], signal.SIGKILL)
                time.sleep(0.1)
            for one in asked:
                done = one.result()
                if done.returncode:
                    self.assertRegex(done.stderr, r"OCI runtime create failed: [a-z-]+: ")
        self.sigward.wait_for_processes()
        self.assert_starts(self.start("afterwards"))

    def test_killed_workers_come_back(self):
        for worker in ("sigward-verifyd", "sigward-fetchd"):
            os.kill(self.sigward.wait_for_processes()[worker], signal.SIGKILL)
            self.sigward.wait_for_processes()
            self.assert_starts(self.start(f"after-{worker}"))

    def test_containerd_restarted(self):
        self.assert_starts(self.start("through"))
        self.containerd.restart()
        self.assert_lives("through")
        self.assert_starts(self.start("restarted"))
        self.assert_stopped(self.start("restarted-unsigned", self.unsigned), "no-signature: ")
        wait_until(lambda: self.sigward.status()["nri"]["registered"], 10, "the NRI door is back")

    def test_many_at_once_half_of_them_unsigned(self):
        def one(i):
            reference = self.signed if i % 2 else self.unsigned
            return i, self.containerd.run(reference, f"many{i}", "--rm")
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for i, done in pool.map(one, range(200)):
                with self.subTest(i):
                    if i % 2:
                        self.assert_starts(done)
                    else:
                        self.assert_stopped(done, "no-signature: ")
        # As many descriptors as the most questions at once need, whatever it was started with.
        soft, hard = resource.prlimit(self.sigward.processes()["sigwardd"], resource.RLIMIT_NOFILE)
        self.assertGreaterEqual(soft, min(hard, 8192))

    def test_images_from_before_the_daemon_are_prepared(self):
        before = self.sigward.status()["preparation"]["prepared"]
        self.sigward.stop()
        references = [self.add_image(f"before{i}", signed=True) for i in range(20)]
        for reference in references:
            self.containerd.pull_locally(reference)
        self.sigward.start()
        wait_until(lambda: self.sigward.status()["preparation"]["prepared"] >= before + 20, 20,
                   "twenty images are judged before anybody asks")
        self.plain.stop()
        try:
            self.assert_starts(self.start("prepared", references[-1]))
        finally:
            self.plain.start()

    def test_prefetch_by_hand(self):
        reference = self.add_image("prefetched", signed=True)
        done = self.sigward.cli("prefetch", reference)
        self.assertEqual(json.loads(done.stdout)["origin"], "prefetch")

    def test_the_registry_is_gone(self):
        self.plain.stop()
        try:
            self.assert_starts(self.start("offline"))
            self.assert_stopped(self.start("offline-unsigned", self.unsigned), "no-signature: ")
        finally:
            self.plain.start()

    def test_the_daemons_state_removed_while_containers_run(self):
        self.assert_starts(self.start("stateful"))
        shutil.rmtree(self.sigward.folder / "state/evidence")
        self.assert_lives("stateful")
        self.assert_starts(self.start("stateless"))

    def test_a_new_policy_is_asked_and_what_runs_is_reported_or_stopped(self):
        self.assert_starts(self.start("policed"))
        other = [policy("other-key", "**", key(self.keys.public("other")))]
        try:
            self.sigward.use(*other)
            self.assert_stopped(self.start("refused"), "bad-signature: |no-signature: ")
            audit = self.sigward.audit()
            mine = [c for c in audit if c["container"]["id"] == "policed"]
            self.assertEqual([c["decision"] for c in mine], ["deny"])
            self.assertIn("policed", self.containerd.tasks())
            self.sigward.use(*other, node_policy(stopRunning=True))
            wait_until(lambda: "RUNNING" not in self.state_of("policed"), 20, "it is stopped")
        finally:
            self.sigward.use(*self.policies())
        self.assert_starts(self.start("again"))

    def test_what_could_not_be_told_is_not_stopped(self):
        """The registry is away when a policy comes that the image would satisfy."""
        reference = self.add_image("untold", signed=True)
        try:
            self.sigward.use(policy("lax", "**", static("pass")))
            self.containerd.pull_locally(reference)
            self.assert_starts(self.start("untold", reference))
            self.plain.stop()
            self.sigward.use(*self.policies(), node_policy(stopRunning=True))
            mine = [c for c in self.sigward.audit() if c["container"]["id"] == "untold"]
            self.assertEqual([c["decision"] for c in mine], ["undetermined"])
            self.assertIn("RUNNING", self.state_of("untold"))
        finally:
            self.plain.start()
            self.sigward.use(*self.policies())

    def test_deny_list_and_floor(self):
        try:
            self.sigward.use(*self.policies(), node_policy(deny=[self.digest_of(self.signed)]))
            self.assert_stopped(self.start("listed"), "denied: ")
            self.sigward.use(*self.policies(), node_policy(floor=[self.digest_of(self.unsigned)]))
            self.assert_starts(self.start("floored", self.unsigned))
        finally:
            self.sigward.use(*self.policies())

    # ---- parts ----------------------------------------------------------------------------------

    def state_of(self, name):
        lines = self.containerd.ctr("task", "ls").stdout.splitlines()
        return next((line for line in lines if line.split()[0] == name), "")

    def digest_of(self, reference):
        lines = self.containerd.ctr("-n", "k8s.io", "images", "ls").stdout.splitlines()
        lines += self.containerd.ctr("images", "ls").stdout.splitlines()
        return next(line.split()[2] for line in lines if line.split()[0] == reference)


class OlderPod(CreateCase):
    def test_a_pod_from_before_the_drop_in_passes_by_and_that_is_said(self):
        """Its shim keeps the PATH it was started with: the NRI door alone sees its new containers."""
        unsigned = self.pulled("older", "k8s.io")
        self.containerd.restart(wrapped=False)
        self.cri.wait()
        pod = self.new_pod()
        self.containerd.restart(wrapped=True)
        self.cri.wait()
        wait_until(lambda: self.sigward.status()["nri"]["registered"], 10, "the NRI door is there")
        self.assert_pod_refuses(pod.start(unsigned), "no-signature: ")
        newer = self.new_pod()
        self.assert_pod_refuses(newer.start(unsigned), "no-signature: ")


class LinkedContainerd(Containerd):
    """Its state lies behind a symbolic link. NRI is off: the runtime door judges alone."""
    def _config(self):
        (self.folder / "linked").mkdir()
        self.state.symlink_to("linked")
        return super()._config().replace("disable = false", "disable = true")


class LinkedState(CreateCase):
    CONTAINERD = LinkedContainerd

    def test_image_volumes_are_judged_as_containerd_spells_them(self):
        """config.json names a volume by the link, mountinfo by where it leads."""
        runs, volume = (self.add_image(name, signed=True) for name in ("linked", "linked-volume"))
        unsigned = self.add_image("linked-unsigned")
        for reference in (runs, volume, unsigned):
            self.containerd.pull_locally(reference, "k8s.io")
        pod = self.new_pod()

        def mount(reference):
            image = self.cri.messages.ImageSpec(image=reference)
            return ({"container_path": "/mnt", "image": image, "readonly": True},)
        self.assert_pod_starts(pod.start(runs, mounts=mount(volume)))
        self.assert_pod_refuses(pod.start(runs, mounts=mount(unsigned)), "no-signature: .*linked-unsigned")


if __name__ == "__main__":
    unittest.main()
