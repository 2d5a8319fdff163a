"""Killing any process at any moment refuses pulls and loses nothing."""
import os
import random
import signal
import threading
import time
import unittest

from bed import images
from bed.case import BedCase
from bed.process import freeze, wait_until

ROUNDS = 6


class Traffic:
    """Asks about a signed and an unsigned image all the time and notes the answers."""

    def __init__(self, sigward, signed, unsigned):
        self.allowed = self.refused = 0
        self.wrong = []
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(sigward, *image, may_pass))
                         for image, may_pass in ((signed, True), (unsigned, False)) for _ in range(2)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, sigward, reference, digest, may_pass):
        while not self._ending.is_set():
            done = sigward.ask(reference, digest)
            if done.returncode == 0:
                self.allowed += 1
                if not may_pass:
                    self.wrong.append(f"allowed without a signature: {done.stdout}")
            else:
                self.refused += 1
                if done.returncode != 1 or ": " not in done.stdout:
                    self.wrong.append(f"exit {done.returncode}: {done.stdout!r}")


class Kill(BedCase):
    NEEDS = ("plain", "containerd")

    def setUp(self):
        self.signed = self.push("signed", signed=True)
        self.unsigned = self.push("unsigned")

    def push(self, name, signed=False):
        image = images.build(f"{self.id()} {name}")
        reference = self.plain.push(name, "v1", image)
        if signed:
            self.cosign.sign_legacy(reference, "good")
        return reference, image.top

    def pulls_are_judged_again(self):
        """A new image, which nothing remembers, is judged by the whole chain of processes."""
        reference, _ = self.push(f"fresh{random.randrange(1 << 32)}", signed=True)
        wait_until(lambda: self.containerd.pull(reference).returncode == 0, 10, "a good pull is allowed")
        self.assert_refused(self.containerd.pull(self.unsigned[0]), "no-signature: ")

    def kill_again_and_again(self, name):
        with Traffic(self.sigward, self.signed, self.unsigned) as traffic:
            for _ in range(ROUNDS):
                time.sleep(random.uniform(0.05, 0.5))
                victim = self.sigward.wait_for_processes()[name]
                os.kill(victim, signal.SIGKILL)
                wait_until(lambda: self.sigward.processes().get(name, victim) != victim, 10,
                           f"{name} is started again")
            self.sigward.wait_for_processes()
        self.assertEqual(traffic.wrong, [])
        self.assertGreater(traffic.allowed, 0)
        self.pulls_are_judged_again()
        self.assertEqual(self.sigward.zombies(), [])

    def test_fetchd(self):
        self.kill_again_and_again("sigward-fetchd")

    def test_verifyd(self):
        self.kill_again_and_again("sigward-verifyd")

    def test_sigwardd(self):
        self.kill_again_and_again("sigwardd")

    def test_launcher_takes_all_with_it_and_a_new_start_knows_everything(self):
        self.assert_allowed(self.containerd.pull(self.signed[0]))
        generation = self.sigward.status()["policy"]["generation"]
        before = set(self.sigward.processes().values())
        with Traffic(self.sigward, self.signed, self.unsigned) as traffic:
            self.sigward.stop(signal.SIGKILL)
            wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in before), 5,
                       "the launcher's processes end with it")
            self.assert_refused(self.containerd.pull(self.signed[0]), "gate-unreachable: ")
            self.sigward.start()
            time.sleep(0.3)
        self.assertEqual(traffic.wrong, [])
        self.assertEqual(self.sigward.status()["policy"]["generation"], generation)
        self.pulls_are_judged_again()

    def test_evidence_on_disk_outlives_every_process(self):
        self.assert_allowed(self.containerd.pull(self.signed[0]))
        self.sigward.stop(signal.SIGKILL)
        self.plain.stop()
        self.addCleanup(self.plain.start)
        self.sigward.start()
        self.assert_allowed(self.sigward.ask(*self.signed))
        self.assert_answer(self.sigward.ask(*self.unsigned), "registry-unreachable: could not check .*")

    def test_worker_killed_in_the_middle_of_a_pull(self):
        """The worker is stopped first, so that the pull is surely waiting for it when it dies."""
        for name in ("sigward-fetchd", "sigward-verifyd", "sigwardd"):
            with self.subTest(name):
                reference, digest = self.push(f"middle-{name}", signed=True)
                victim = self.sigward.wait_for_processes()[name]
                freeze(victim)
                threading.Timer(0.5, os.kill, (victim, signal.SIGKILL)).start()
                started = time.monotonic()
                done = self.sigward.ask(reference, digest)
                self.assertLess(time.monotonic() - started, 9)
                self.assertIn(done.returncode, (0, 1))
                self.assertRegex(done.stdout, r"^(allowed|worker-failed|protocol|timeout|gate-unreachable): ")
                self.pulls_are_judged_again()


if __name__ == "__main__":
    unittest.main()
