"""`sigward doctor` tries both gates of the real containerd with its canaries."""
import json
import os
import pathlib
import unittest

import jsonschema

from bed.case import BedCase
from bed.peers import SOURCE


class Canaries(BedCase):
    NEEDS = ("plain", "containerd")

    def setUp(self):
        self.left_before = self._left()

    def doctor(self, *options):
        """The state and, by id, what was found, from the bed's containerd alone."""
        done = self.sigward.cli("doctor", "-o", "json", "--containerd-pid", self.containerd.pid,
                                "--runtime-folder", self.containerd.runtime_dir,
                                "--config", self.sigward.folder / "config.toml", *options, check=False)
        report = json.loads(done.stdout)
        jsonschema.validate(report, json.loads((SOURCE / "docs/schemas/doctor.schema.json").read_text()))
        self.assertEqual(self._left(), self.left_before)
        return report["state"], {f["id"]: f for f in report["findings"]}

    def canaries_of(self, found):
        return {i: f["severity"] for i, f in found.items() if "canary" in i}

    def _left(self):
        """What a canary could leave behind."""
        tasks = self.containerd.state / "io.containerd.runtime.v2.task"
        return ({p.name for p in tasks.iterdir()}, {p.name for p in pathlib.Path("/tmp").glob("sigward-doctor-*")},
                {n for n in os.listdir("/run/runc")} if os.path.isdir("/run/runc") else set())

    def test_both_gates_answer_rightly(self):
        before = len(self.sigward.decisions())
        state, found = self.doctor()
        self.assertEqual((state, self.canaries_of(found)), ("enforcing", {}), found)
        asked = [(d["origin"], d["decision"], d.get("reason")) for d in self.sigward.decisions()[before:]]
        self.assertEqual(asked, [("pull", "deny", "denied"), ("pull", "allow", None),
                                 ("runtime", "deny", "image-unknown")])

    def test_without_canaries_nobody_is_asked(self):
        before = len(self.sigward.decisions())
        state, found = self.doctor("--no-canary")
        self.assertEqual((state, self.canaries_of(found)), ("enforcing", {}), found)
        self.assertEqual(len(self.sigward.decisions()), before)

    def test_a_verifier_that_lets_everything_pass(self):
        self.addCleanup(self.containerd.verify_with_sigward)
        self.containerd.verify_with_script("cat >/dev/null; exit 0")
        state, found = self.doctor()
        self.assertEqual(state, "partial")
        self.assertEqual(self.canaries_of(found), {"pull-canary-not-refused": "partial"})

    def test_a_verifier_that_refuses_everything(self):
        self.addCleanup(self.containerd.verify_with_sigward)
        self.containerd.verify_with_script("echo denied: all; exit 1")
        state, found = self.doctor()
        self.assertEqual(state, "partial")
        self.assertEqual(self.canaries_of(found), {"pull-canary-not-passed": "partial"})

    def test_a_runtime_that_lets_everything_pass(self):
        """A program under the wrapper's name that hands everything to the real runtime."""
        folder = self.containerd.runtime_dir
        real = folder / "runc"
        wrapper = real.readlink()
        fake = self.place / "sigward-runtime"
        fake.write_text('#!/bin/sh\nexec env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin runc "$@"\n')
        fake.chmod(0o755)

        def back():
            real.unlink()
            real.symlink_to(wrapper)
        self.addCleanup(back)
        real.unlink()
        real.symlink_to(fake)
        state, found = self.doctor()
        self.assertEqual(state, "fail-open")
        self.assertEqual(self.canaries_of(found), {"create-canary-started": "fail-open"}, found)

    def test_a_bare_runtime_is_not_asked(self):
        self.containerd.restart(wrapped=False)
        self.addCleanup(self.containerd.restart)
        state, found = self.doctor()
        self.assertEqual((state, found["containerd-path"]["severity"]), ("fail-open", "fail-open"))
        self.assertEqual(self.canaries_of(found), {})

    def test_without_the_daemon_neither_gate_is_reached(self):
        self.sigward.stop()
        self.addCleanup(self.sigward.start)
        state, found = self.doctor()
        self.assertEqual(state, "partial")
        self.assertEqual(self.canaries_of(found), {"pull-canary-unanswered": "partial",
                                                   "create-canary-unanswered": "partial"})
        for finding in ("pull-canary-unanswered", "create-canary-unanswered"):
            self.assertIn("gate-unreachable: ", found[finding]["text"])
        self.assertIn("daemon-not-running", found)


if __name__ == "__main__":
    unittest.main()
