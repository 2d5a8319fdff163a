"""`sigward doctor` and `sigward setup` on the real containerd."""
import itertools
import json
import os
import pathlib
import re
import shutil
import tempfile
import unittest

import jsonschema

from bed.peers import SOURCE, peer, program
from bed.process import Background, run

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BAD_SETTINGS = {
    "use_local_image_pull = true": "local-image-pull",
    "disable_snapshot_annotations = false": "local-image-pull-implied",
    "discard_unpacked_layers = true": "local-image-pull-implied",
    "max_concurrent_downloads = 5": "local-image-pull-implied",
    "image_pull_with_sync_fs = true": "local-image-pull-implied",
}


class Node(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="sigward-"))
        self.place.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        self.config = self.place / "config.toml"
        self.verifiers = self.place / "verifiers"
        self.runtimes = self.place / "runtimes"
        for folder in (self.verifiers, self.runtimes):
            folder.mkdir()
        (self.verifiers / "sigward").symlink_to(program("sigward-image-verifier"))
        for name in ("runc", "crun"):
            (self.runtimes / name).symlink_to(program("sigward-runtime"))

    def containerd(self, path, images="", more=""):
        """Starts a containerd with this PATH and configuration."""
        state = self.place / "containerd"
        self.config.write_text(f"""version = 3
root = "{state}/root"
state = "{state}/state"
[grpc]
  address = "{state}/containerd.sock"
[ttrpc]
  address = "{state}/containerd.sock.ttrpc"
[plugins."io.containerd.nri.v1.nri"]
  disable = true
[plugins."io.containerd.cri.v1.images"]
  {images}
[plugins."io.containerd.cri.v1.runtime"]
  disable_apparmor = true
{more}
""")
        started = Background([peer("containerd"), "-c", self.config], self.place / "containerd.log",
                             env={"PATH": path}, ready=(state / "containerd.sock").exists)
        self.addCleanup(started.stop)
        return started

    def verifier_table(self):
        return f'[plugins."io.containerd.image-verifier.v1.bindir"]\n  bin_dir = "{self.verifiers}"'

    def doctor(self, containerd):
        """The report and its ids with their severity."""
        done = run(program("sigward"), "doctor", "--no-canary", "-o", "json", "--containerd-pid", containerd.pid,
                   "--runtime-folder", self.runtimes, "--config", self.place / "no.toml", check=False,
                   env={"SIGWARD_GATE_SOCKET": str(self.place / "no.sock")})
        report = json.loads(done.stdout)
        jsonschema.validate(report, json.loads((SOURCE / "docs/schemas/doctor.schema.json").read_text()))
        self.assertEqual(done.returncode, 1)
        return report["state"], {f["id"]: f["severity"] for f in report["findings"]}

    def test_a_node_that_is_set_up(self):
        containerd = self.containerd(f"{self.runtimes}:{peer('ctr').parent}:{os.environ['PATH']}",
                                     more=self.verifier_table())
        state, found = self.doctor(containerd)
        self.assertEqual(state, "enforcing", found)
        self.assertEqual({i for i, s in found.items() if s != "note"} - {"docker-classic-store"}, {"daemon-not-running"})

    def test_a_node_that_is_not(self):
        state, found = self.doctor(self.containerd(f"{peer('ctr').parent}:{os.environ['PATH']}"))
        self.assertEqual(state, "fail-open")
        self.assertEqual(found["containerd-path"], "fail-open")
        self.assertEqual(found["bin-dir-missing"], "partial")

    def test_settings_that_open_the_pull_gate(self):
        path = f"{self.runtimes}:{peer('ctr').parent}:{os.environ['PATH']}"
        for setting, expected in BAD_SETTINGS.items():
            with self.subTest(setting):
                containerd = self.containerd(path, images=setting, more=self.verifier_table())
                state, found = self.doctor(containerd)
                containerd.stop()
                self.assertEqual((state, found.get(expected)), ("partial", "partial"), found)

    def test_runtime_handlers_that_go_past_the_wrapper(self):
        handler = "plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes"
        more = (f"{self.verifier_table()}\n[{handler}.kata]\n  runtime_type = 'io.containerd.kata.v2'\n"
                f"[{handler}.own]\n  runtime_type = 'io.containerd.runc.v2'\n"
                f"[{handler}.own.options]\n  BinaryName = '/usr/sbin/runc'\n"
                f"[{handler}.ours]\n  runtime_type = 'io.containerd.runc.v2'\n"
                f"[{handler}.ours.options]\n  BinaryName = '{self.runtimes}/runc'\n")
        containerd = self.containerd(f"{self.runtimes}:{os.environ['PATH']}", more=more)
        done = run(program("sigward"), "doctor", "--no-canary", "--containerd-pid", containerd.pid,
                   "--runtime-folder", self.runtimes, check=False).stdout
        self.assertIn("runtime handler kata is of type io.containerd.kata.v2", done)
        self.assertIn("runtime handler own runs /usr/sbin/runc itself", done)
        self.assertNotIn("handler ours", done)
        self.assertTrue(done.startswith("this node is fail-open"), done)

    def test_nothing_runs_of_the_container_that_must_pass(self):
        """The gate allows it whatever lies in its bundle, so no runtime may make anything of it. crun is tried
        where it is installed."""
        canary = (SOURCE / "policy/canary.h").read_text()
        bundle, log, state, ran = (self.place / part for part in ("bundle", "log.json", "runtimes-state", "ran"))
        (bundle / "rootfs").mkdir(parents=True)
        (bundle / "config.json").write_text(re.search(r'kCanaryConfigThatPasses =\s+R"\((.*)\)";', canary)[1])
        for name in ("init", "bin/sh", "sbin/init"):
            program = bundle / "rootfs" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(f"#!/bin/sh\ntouch {ran}\n")
            program.chmod(0o755)
        runtimes = {name: shutil.which(name, path=SYSTEM_PATH) for name in ("runc", "crun")}
        self.assertTrue(runtimes["runc"])
        for name, command in itertools.product(filter(runtimes.get, runtimes), ("create", "run")):
            with self.subTest(f"{name} {command}"):
                log.unlink(missing_ok=True)
                done = run(runtimes[name], "--root", state, "--log", log, "--log-format", "json", command,
                           "--bundle", bundle, "c1", check=False)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(log.read_text(), "process property must not be empty|no .linux. block specified")
                self.assertFalse(list(state.glob("*")))
                self.assertFalse(ran.exists())

    def test_containerd_takes_what_setup_writes_and_undo_brings_back_what_was(self):
        root = self.place / "root"
        for folder in ("usr/lib/systemd/system", "usr/lib/sigward/runtime", "etc/containerd"):
            (root / folder).mkdir(parents=True)
        (root / "usr/lib/systemd/system/containerd.service").write_text("[Service]\nExecStart=/usr/bin/containerd\n")
        shutil.copy(program("sigward-runtime"), root / "usr/lib/sigward/sigward-runtime")
        for name in ("runc", "crun"):
            (root / "usr/lib/sigward/runtime" / name).symlink_to("../sigward-runtime")
        config = root / "etc/containerd/config.toml"
        # Plugins' settings of an administrator, whose version is what this containerd writes itself.
        before = run(peer("containerd"), "config", "default").stdout
        before = before[:before.index("  [plugins.'io.containerd.image-verifier")]
        config.write_text(before)
        files = {p for p in root.rglob("*") if not p.is_dir()}
        setup = [program("sigward"), "setup", "--root", root]
        shown = run(*setup, check=False)
        self.assertEqual(shown.returncode, 1)
        self.assertIn("+Environment=\"PATH=/usr/lib/sigward/runtime:", shown.stdout)
        self.assertEqual({p for p in root.rglob("*") if not p.is_dir()}, files)
        run(*setup, "--yes")
        dumped = run(peer("containerd"), "-c", config, "config", "dump").stdout
        self.assertIn("bin_dir = '/usr/lib/sigward/image-verifier'", dumped)
        self.assertIn("nothing to do", run(*setup, "--yes").stderr)
        run(*setup, "--undo", "--yes")
        self.assertEqual(config.read_text(), before)
        self.assertEqual({p for p in root.rglob("*") if not p.is_dir()}, files)


if __name__ == "__main__":
    unittest.main()
