"""sigward-runtime in front of the runc that is installed: no daemon, no containerd, only the two of them."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from bed.process import wait_until

WRAPPER = pathlib.Path(os.environ["SIGWARD_BIN_DIR"]) / "sigward-runtime"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RUNC = shutil.which("runc", path=SYSTEM_PATH)
BUSYBOX = "/bin/busybox"
# GateAnswer {verdict: allow, line: "ok"}.
ALLOW = b"\x08\x03\x1a\x02ok"


class Gate:
    """Answers every question at PATH with the same bytes; `visits` counts them."""

    def __init__(self, path, answer):
        self.visits = 0
        self._answer = answer
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                _, descriptors, _, _ = socket.recv_fds(connection, 65536, 16)
                self.visits += 1
                for descriptor in descriptors:
                    os.close(descriptor)
                connection.send(self._answer)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()


@unittest.skipUnless(RUNC, "runc is not installed")
class RuntimeWrapper(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="sigward-"))
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        self.door = self.place / "door"
        self.door.mkdir()
        for name in ("runc", "crun"):
            (self.door / name).symlink_to(WRAPPER)
        self.socket = self.place / "gate" / "gate.sock"

    def runc(self, *arguments, wrapped=True, cwd=None, stdout=subprocess.PIPE):
        """Runs runc as containerd's shim would: by its bare name in PATH."""
        path = f"{self.door}:{SYSTEM_PATH}" if wrapped else SYSTEM_PATH
        return subprocess.run(["/usr/bin/env", "runc", *map(str, arguments)], stdout=stdout,
                              stderr=subprocess.PIPE if stdout == subprocess.PIPE else stdout, text=True,
                              timeout=60, cwd=cwd or self.place,
                              env={"PATH": path, "SIGWARD_GATE_SOCKET": str(self.socket)})

    def assert_same(self, *arguments):
        def shown(done):
            # runc's log lines carry the time.
            lines = [line.split(" level=", 1)[-1] for line in done.stderr.splitlines()]
            return done.returncode, done.stdout, lines
        bare, wrapped = self.runc(*arguments, wrapped=False), self.runc(*arguments)
        self.assertEqual(shown(bare), shown(wrapped), arguments)
        return bare

    def assert_refused(self, done, reason, log):
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.startswith(f"{reason}: "), done.stderr)
        line = json.loads(log.read_text())
        self.assertEqual((line["level"], line["msg"]), ("error", done.stderr.rstrip("\n")))
        log.unlink()

    def test_what_starts_nothing_is_the_same_without_a_daemon(self):
        root = ("--root", self.place / "root")
        for arguments in (["--version"], ["features"], ["--help"], [], ["help"], ["help", "create"], ["spec", "--help"]):
            self.assertEqual(self.assert_same(*arguments).returncode, 0, arguments)
        for arguments in (["state", "none"], ["kill", "none", "KILL"], ["delete", "none"], ["start", "none"],
                          ["exec", "none", "true"], ["ps", "none"], ["pause", "none"], ["events", "--stats", "none"],
                          ["checkpoint", "none"], ["update", "--memory", "1", "none"], ["state"], ["kill"]):
            self.assertNotEqual(self.assert_same(*root, *arguments).returncode, 0, arguments)
        for arguments in (["list"], ["list", "--format", "json"], ["-q", "state", "none"], ["delete", "--force", "none"]):
            self.assert_same(*root, *arguments)
        self.assert_same("-root", self.place / "root", "--", "state", "none")
        self.assert_same("--log-format=json", "--log", self.place / "log", *root, "state", "none")

    def test_what_could_start_something_is_refused(self):
        log = self.place / "log.json"
        head = ("--root", self.place / "root", "--log", log, "--log-format", "json")
        for tail, reason in ((["restore", "x"], "checkpoint-unverified"), (["launch", "x"], "invalid-arguments"),
                             (["init"], "invalid-arguments"), (["create", "--config", "/x", "x"], "invalid-arguments"),
                             (["--root", "/r", "run", "x"], "invalid-arguments"), (["create"], "invalid-arguments"),
                             (["create", "x"], "io-failed")):
            self.assert_refused(self.runc(*head, *tail), reason, log)
        (self.place / "config.json").write_text("{}")
        begin = time.monotonic()
        self.assert_refused(self.runc(*head, "create", "x"), "gate-unreachable", log)
        self.assertLess(time.monotonic() - begin, 5, "there is not even a folder of the gate's")
        self.assertFalse((self.place / "root").exists(), "runc was never executed")

    def bundle(self):
        bundle = self.place / "bundle"
        (bundle / "rootfs" / "bin").mkdir(parents=True)
        shutil.copy(BUSYBOX, bundle / "rootfs" / "bin" / "busybox")
        self.assertEqual(self.runc("spec", "--bundle", bundle).returncode, 0)
        config = json.loads((bundle / "config.json").read_text())
        config["process"].update(terminal=False, args=["/bin/busybox", "sleep", "60"])
        config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "network"]
        config["linux"]["cgroupsPath"] = f"/{self.place.name}"
        (bundle / "config.json").write_text(json.dumps(config))
        return bundle

    @unittest.skipUnless(os.path.exists(BUSYBOX), "busybox is not installed")
    def test_a_container_lives_through_the_wrapper(self):
        bundle, name = self.bundle(), self.place.name
        root = ("--root", self.place / "root")
        self.socket.parent.mkdir()
        gate = Gate(self.socket, ALLOW)
        try:
            done = self.runc(*root, "create", "--bundle", bundle, "--pid-file", self.place / "pid", name,
                             stdout=subprocess.DEVNULL)
        finally:
            gate.close()
        self.addCleanup(self.runc, *root, "delete", "--force", name, wrapped=False)
        self.assertEqual((done.returncode, gate.visits), (0, 1))
        # From here on nobody answers at the gate.
        state = json.loads(self.runc(*root, "state", name).stdout)
        self.assertEqual((state["status"], state["bundle"]), ("created", str(bundle)))
        self.assertEqual(state["pid"], int((self.place / "pid").read_text()))
        self.assertEqual(self.runc(*root, "start", name).returncode, 0)
        self.assertEqual(self.runc(*root, "exec", name, "/bin/busybox", "echo", "inside").stdout, "inside\n")
        self.assertEqual(self.runc(*root, "kill", name, "KILL").returncode, 0)
        wait_until(lambda: '"stopped"' in self.runc(*root, "state", name).stdout, 10, "the container ended")
        self.assertEqual(self.runc(*root, "delete", name).returncode, 0)


if __name__ == "__main__":
    unittest.main()
