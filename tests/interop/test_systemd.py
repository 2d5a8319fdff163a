"""What `cmake --install` puts down: systemd's own checkers find nothing wrong with it, and its programs work
with the sockets that systemd makes."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

from bed import policies
from bed.peers import BIN
from bed.policies import key, policy, static
from bed.process import Background, freeze, run

from .case import ALLOWED, NO_SIGNATURE, REFUSED, InteropCase

SERVICES = ("sigward.service", "sigward-fetchd.service", "sigward-verifyd.service", "sigward-credentiald.service")
SOCKETS = {"sigward-gate.socket": "/run/sigward/gate.sock", "sigward-fetchd.socket": "/run/sigward/fetchd.sock",
           "sigward-verifyd.socket": "/run/sigward/verifyd.sock",
           "sigward-credentiald.socket": "/run/sigward/credentiald.sock"}
# Who may ask at a socket that is not root's.
ASKERS = {"sigward-credentiald.socket": "sigward-fetchd"}
# What `systemd-analyze security` may say at most: 0 is a service that can do nothing, 10 one without any wall.
EXPOSURE = {"sigward.service": 1.3, "sigward-fetchd.service": 1.9, "sigward-verifyd.service": 0.7,
            "sigward-credentiald.service": 2.1}
UNITS = "usr/lib/systemd/system"
CONTAINERS_START_AFTER = {"containerd.service", "docker.service", "kubelet.service"}

FETCHD, STRANGER = 65529, 64012
# A CredentialQuestion for r.example, app, with 5 s.
ASK = """import socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
    s.connect(sys.argv[1])
    s.send(b"\\x0a\\x09r.example\\x12\\x03app\\x20\\x88\\x27")
    sys.stdout.buffer.write(s.recv(65536))
"""


def ask_for_credentials(path, user):
    """What sigward-credentiald answers USER; nothing where it does not."""
    return subprocess.run(["/usr/bin/python3", "-c", ASK, path], user=user, group=user, capture_output=True,
                          check=False, timeout=30).stdout


def install(folder):
    run("cmake", "--install", BIN.parent, env={"DESTDIR": str(folder)})


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # A short path (sockets) whose parents are all root's: sigward refuses anything else.
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="sigward-"))
        cls.root.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        install(cls.root)


class Tree(Installed):
    def test_what_containerd_finds(self):
        for link, target in {"image-verifier/sigward": "sigward-image-verifier", "runtime/runc": "sigward-runtime",
                             "runtime/crun": "sigward-runtime"}.items():
            path = self.root / "usr/lib/sigward" / link
            self.assertEqual(path.resolve(), self.root / "usr/lib/sigward" / target)
            self.assertTrue(os.access(path, os.X_OK), path)
            # Any other file there would be run too, or be taken for a runtime.
            self.assertLessEqual(set(os.listdir(path.parent)), {"sigward", "runc", "crun"})

    def test_nobody_else_may_write(self):
        for path in (self.root / "usr/lib/sigward").rglob("*"):
            mode = path.lstat().st_mode
            self.assertTrue(stat.S_ISLNK(mode) or not mode & 0o022, path)

    def test_programs_start(self):
        self.assertIn("sigward", run(self.root / "usr/bin/sigward", "--version").stdout)
        self.assertIn("sigwardd", run(self.root / "usr/lib/sigward/sigwardd", "--version").stdout)

    def test_a_configuration_is_never_overwritten(self):
        config = self.root / "etc/sigward/config.toml"
        before = config.read_text()
        self.addCleanup(config.write_text, before)
        config.write_text("[policy]\nsource = \"file:///mine\"\n")
        install(self.root)
        self.assertIn("mine", config.read_text())


class Units(Installed):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The targets that every unit refers to, and the one program of the system that a unit names.
        for unit in pathlib.Path("/usr/lib/systemd/system").iterdir():
            if not (cls.root / UNITS / unit.name).exists():
                kind = shutil.copytree if unit.is_dir() and not unit.is_symlink() else shutil.copy
                kind(unit, cls.root / UNITS / unit.name, **({"symlinks": True} if kind is shutil.copytree
                                                            else {"follow_symlinks": False}))
        (cls.root / "bin").mkdir(exist_ok=True)
        shutil.copy("/bin/kill", cls.root / "bin/kill")

    def verify(self, *units):
        return run("systemd-analyze", "verify", "--man=no", f"--root={self.root}", *units, check=False)

    def unit(self, name):
        """The settings of a unit as [(key, value)]."""
        return [tuple(line.split("=", 1)) for line in (self.root / UNITS / name).read_text().splitlines()
                if re.match(r"\w+=", line)]

    def test_systemd_finds_nothing_wrong(self):
        done = self.verify(*SERVICES, *SOCKETS)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_the_check_itself_sees_what_is_wrong(self):
        for wrong in ("Nonsense=yes\n", "ExecStartPre=/usr/lib/sigward/missing\n"):
            (self.root / UNITS / "broken.service").write_text(
                (self.root / UNITS / "sigward-verifyd.service").read_text().replace("[Service]\n", "[Service]\n" + wrong))
            self.assertNotEqual(self.verify("broken.service").stderr, "")

    def test_exposure(self):
        for name, bound in EXPOSURE.items():
            done = run("systemd-analyze", "security", "--offline=true", f"--root={self.root}", "--no-pager", name)
            exposure = float(re.search(rf"exposure level for {name}: ([\d.]+)", done.stdout)[1])
            self.assertLessEqual(exposure, bound, name)

    def test_sockets(self):
        for name, path in SOCKETS.items():
            settings = self.unit(name)
            for wanted in (("ListenSequentialPacket", path), ("SocketMode", "0600"), ("SocketUser", ASKERS.get(name, "root")),
                           ("RemoveOnStop", "no"), ("TriggerLimitIntervalSec", "0")):
                self.assertIn(wanted, settings, name)
            self.assertLessEqual(CONTAINERS_START_AFTER, set(dict(settings)["Before"].split()), name)

    def test_services_come_back_without_limit_and_wait_for_nobody(self):
        for name in SERVICES:
            settings = self.unit(name)
            self.assertIn(("Restart", "always"), settings, name)
            self.assertIn(("StartLimitIntervalSec", "0"), settings, name)
            waits = " ".join(v for k, v in settings if k in ("After", "Requires", "Wants", "BindsTo", "Requisite"))
            self.assertNotIn("containerd", waits)
            self.assertNotIn("docker", waits)

    def test_users(self):
        with tempfile.TemporaryDirectory() as root:
            conf = self.root / "usr/lib/sysusers.d/sigward.conf"
            run("systemd-sysusers", "--dry-run", f"--root={root}", conf)
            (pathlib.Path(root) / "etc").mkdir(exist_ok=True)
            run("systemd-sysusers", f"--root={root}", conf)
            users = (pathlib.Path(root) / "etc/passwd").read_text()
        # The numbers that the workers take when they are started as root.
        text = (pathlib.Path(__file__).parents[2] / "base/users.h").read_text()
        for name in ("fetchd", "verifyd"):
            number = re.search(rf"k{name.capitalize()}User = (\d+);", text)[1]
            self.assertIn(f"sigward-{name}:x:{number}:{number}:", users)

    def test_folders(self):
        with tempfile.TemporaryDirectory() as root:
            run("systemd-tmpfiles", "--create", f"--root={root}", self.root / "usr/lib/tmpfiles.d/sigward.conf")
            for path, mode in {"run/sigward": 0o755, "var/lib/sigward": 0o700}.items():
                status = (pathlib.Path(root) / path).stat()
                self.assertEqual((status.st_uid, stat.S_IMODE(status.st_mode)), (0, mode), path)


class Activation(InteropCase):
    """The installed programs behind sockets that systemd-socket-activate makes as systemd does: a service is
    started by the first question to its socket."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = cls.place / "root"
        install(cls.root)
        cls.folder = cls.root / "run/sigward"
        cls.folder.mkdir(parents=True, mode=0o755)
        cls.socket = cls.folder / "gate.sock"
        state = cls.root / "var/lib/sigward"
        state.mkdir(parents=True, mode=0o700)
        cls.config = cls.root / "etc/sigward/test.toml"
        cls.config.write_text(f'[policy]\nsource = "file://{cls.root}/etc/sigward/policy.json"\n'
                              f'[gate]\nsocket = "{cls.socket}"\n[nri]\nsocket = ""\n'
                              f'[registry]\nhosts_dir = "{cls.hosts_dir}"\n'
                              f'[containerd]\naddress = "{cls.root}/containerd.sock"\n[state]\ndir = "{state}"\n')
        policies.write(cls.root / "policies", [policy("signed", f"{cls.plain.host}/app/**", key(cls.keys.public("good"))),
                                               policy("frozen", "frozen.example/**", static("fail", "frozen"))])
        run(cls.root / "usr/bin/sigward", "policy", "compile", cls.root / "policies", "--output",
            cls.root / "etc/sigward/policy.json")

    def activate(self, socket, *argv):
        """Makes the socket; what argv names is started by the first connection."""
        waiting = Background(["systemd-socket-activate", "--seqpacket", f"--fdname={socket.stem}", "-l", socket, *argv],
                             self.root / f"{socket.stem}.log", ready=socket.exists)
        self.addCleanup(socket.unlink, missing_ok=True)
        self.addCleanup(waiting.stop)
        return waiting

    def sigwardd(self, socket=None):
        return self.activate(socket or self.socket, self.root / "usr/lib/sigward/sigwardd", "--activated",
                             "--config", self.config)

    def ask_installed(self, *argv):
        return run(self.root / "usr/bin/sigward", *argv, env={"SIGWARD_GATE_SOCKET": str(self.socket)}, check=False)

    def test_sigwardd_answers_the_question_that_started_it(self):
        waiting = self.sigwardd()
        status = self.ask_installed("status", "-o", "json")
        self.assertEqual(status.returncode, 0, status.stderr + waiting.text())
        self.assertEqual(json.loads(status.stdout)["pid"], waiting.pid)
        self.assertEqual(json.loads(status.stdout)["policy"]["state"], "active")
        self.assertEqual(self.ask_installed("verify", "frozen.example/app@sha256:" + "0" * 64).returncode, REFUSED)
        # It is the deciding process alone: the workers are units of their own.
        children = pathlib.Path(f"/proc/{waiting.pid}/task/{waiting.pid}/children")
        self.assertEqual(children.read_text().split(), [])
        self.assertFalse((self.folder / "verifyd.sock").exists())

    def test_a_question_starts_the_workers_too(self):
        self.activate(self.folder / "fetchd.sock", self.root / "usr/lib/sigward/sigward-fetchd",
                      "--config", self.config)
        self.activate(self.folder / "verifyd.sock", self.root / "usr/lib/sigward/sigward-verifyd")
        self.sigwardd()
        signed, _ = self.push("app/signed")
        self.cosign.sign_legacy(signed, "good")
        unsigned, _ = self.push("app/unsigned")
        for reference, code in ((signed, ALLOWED), (unsigned, NO_SIGNATURE)):
            done = self.ask_installed("verify", reference)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)

    def test_credentials_are_for_the_owner_of_the_socket(self):
        auth = self.root / "etc/sigward/auth.json"
        auth.write_text('{"auths": {"r.example": {"username": "somebody", "password": "secret"}}}')
        config = self.root / "etc/sigward/credentials.toml"
        config.write_text(f'[policy]\nsource = "file:///unread"\n[registry]\nauth_file = "{auth}"\n')
        path = self.folder / "credentiald.sock"
        self.activate(path, self.root / "usr/lib/sigward/sigward-credentiald", "--config", config)
        os.chown(path, FETCHD, 0)
        self.assertIn(b"secret", ask_for_credentials(path, FETCHD))
        # The mode keeps others out, and where it does not the process does.
        self.assertEqual(ask_for_credentials(path, STRANGER), b"")
        path.chmod(0o666)
        self.assertEqual(ask_for_credentials(path, STRANGER), b"")
        self.assertIn(b"secret", ask_for_credentials(path, FETCHD))

    def test_a_question_waits_for_a_daemon_that_is_not_ready(self):
        waiting = self.sigwardd()
        self.assertEqual(self.ask_installed("status").returncode, 0)
        freeze(waiting.pid)
        question = subprocess.Popen([self.root / "usr/bin/sigward", "status"], stdout=subprocess.DEVNULL,
                                    env={**os.environ, "SIGWARD_GATE_SOCKET": str(self.socket)})
        self.addCleanup(question.kill)
        with self.assertRaises(subprocess.TimeoutExpired):
            question.wait(0.3)
        waiting.send(signal.SIGCONT)
        self.assertEqual(question.wait(10), 0)

    def test_a_socket_in_another_place_is_refused(self):
        elsewhere = self.folder / "elsewhere.sock"
        waiting = self.sigwardd(elsewhere)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.connect(str(elsewhere))
            self.assertEqual(waiting.wait(), 2)
        self.assertIn(f"the socket that was handed over is {elsewhere}, but [gate] socket is {self.socket}",
                      waiting.text())

    def test_without_a_socket_it_does_not_become_the_launcher(self):
        done = run(self.root / "usr/lib/sigward/sigwardd", "--activated", "--config", self.config, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no socket was handed over", done.stderr)


if __name__ == "__main__":
    unittest.main()
