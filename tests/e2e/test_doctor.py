"""`sigward doctor` tries both gates of the real containerd with its canaries."""
import json
import os
import pathlib
import shutil
import unittest
import unittest.mock

import jsonschema

from bed.case import BedCase
from bed.peers import SOURCE

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


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

    def put_in_place_of_the_wrapper(self, text):
        """Puts a shell script of the wrapper's name in its place until the test ends."""
        runc = self.containerd.runtime_dir / "runc"
        wrapper = runc.readlink()
        fake = self.place / "sigward-runtime"
        fake.write_text(f"#!/bin/sh\n{text}\n")
        fake.chmod(0o755)

        def link_to(program):
            runc.unlink()
            runc.symlink_to(program)
        self.addCleanup(link_to, wrapper)
        link_to(fake)

    def test_both_gates_answer_rightly(self):
        before = len(self.sigward.decisions())
        state, found = self.doctor()
        self.assertEqual((state, self.canaries_of(found)), ("enforcing", {}), found)
        decisions = self.sigward.decisions()[before:]
        asked = [(d["origin"], d["decision"], d.get("reason")) for d in decisions]
        self.assertEqual(asked, [("pull", "deny", "denied"), ("pull", "allow", None),
                                 ("runtime", "deny", "image-unknown"), ("runtime", "allow", None)])
        self.assertEqual(decisions[3]["image"], decisions[1]["image"])
        self.assertEqual({d["container"]["namespace"] for d in decisions[2:]}, {"sigward-canary"})

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
        self.put_in_place_of_the_wrapper(
            'exec env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin runc "$@"')
        state, found = self.doctor()
        self.assertEqual(state, "fail-open")
        self.assertEqual(self.canaries_of(found), {"create-canary-started": "fail-open"}, found)

    def test_a_gate_that_refuses_every_create(self):
        """A program under the wrapper's name that says for all what the gate says of the unknown."""
        self.put_in_place_of_the_wrapper("""case "$*" in *--version) exit 0;; esac
echo '{"msg":"image-unknown: none"}' >"$4"; exit 1""")
        state, found = self.doctor()
        self.assertEqual(state, "partial")
        self.assertEqual(self.canaries_of(found), {"create-canary-not-passed": "partial"}, found)
        self.assertIn("image-unknown: none", found["create-canary-not-passed"]["text"])

    def test_a_node_that_has_crun_alone(self):
        """The wrapper is asked as crun then. Where crun is not installed, runc stands in for it."""
        folder = self.place / "crun-alone"
        folder.mkdir(mode=0o755)
        (folder / "crun").symlink_to(shutil.which("crun", path=SYSTEM_PATH) or shutil.which("runc", path=SYSTEM_PATH))
        (folder / "setpriv").symlink_to(shutil.which("setpriv"))  # which starts what the bed starts
        before = len(self.sigward.decisions())
        self.addCleanup(self.containerd.restart)
        with unittest.mock.patch.dict(os.environ, PATH=str(folder)):
            self.containerd.restart()
            state, found = self.doctor()
        self.assertEqual((state, self.canaries_of(found)), ("enforcing", {}), found)
        self.assertEqual([d["decision"] for d in self.sigward.decisions()[before:] if d["origin"] == "runtime"],
                         ["deny", "allow"])

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
