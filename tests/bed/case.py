"""The base of all tests on the bed: what a test file needs is started once, and ended with it."""
import os
import pathlib
import shutil
import tempfile
import unittest

from .containerd import Containerd
from .cri import Cri
from .docker import Docker
from .lying import LyingRegistry
from .network import OUTSIDE, Network
from .policies import key, policy
from .registry import Registry, write_hosts
from .sigward import Sigward
from .signing import Cosign, Keys
from .tls import Authority


class BedCase(unittest.TestCase):
    """Sets up cls.sigward and cls.keys; NEEDS names what else.

    plain, tls   docker-registry, over plain HTTP or TLS
    lying        the lying registry
    network      a Network, which sigward is in
    outside      another lying registry, over TLS at an address of that network
    containerd   a private containerd, made by CONTAINERD
    cri          and its CRI client
    docker       and a dockerd on it

    LAYOUTS names folders in cls.layouts in which the daemon looks for evidence.
    """
    NEEDS = ()
    LAYOUTS = ()
    CONTAINERD = Containerd

    @classmethod
    def setUpClass(cls):
        # A short path (sockets) whose parents are all root's: sigward refuses anything else. The worker
        # that reads hosts.toml is not root.
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="sigward-"))
        cls.place.chmod(0o755)
        cls.addClassCleanup(cls._remove)
        cls.hosts_dir = cls.place / "certs.d"
        cls.keys = Keys(cls.place / "keys")
        cls.authority = Authority(cls.place / "ca")
        cls.cosign = Cosign(cls.keys, cls.authority.certificate)
        for name in ("good", "other"):
            cls.keys.openssl(name, "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
            cls.cosign.take(name)
        cls.network = None
        if "network" in cls.NEEDS:
            cls.network = Network()
            cls.addClassCleanup(cls.network.close)
        cls._start_registries()
        cls.layouts = cls.place / "layouts"
        cls.sigward = Sigward(cls.place / "sigward", cls.hosts_dir, cls.place / "containerd", cls.network,
                              cls.registry_config(), cls.environment(),
                              [cls.layouts / name for name in cls.LAYOUTS])
        cls.sigward.compile(*cls.policies())
        cls.addClassCleanup(cls._check_for_sanitizer_reports)
        cls.addClassCleanup(cls.sigward.stop)
        cls.sigward.start()
        if "containerd" in cls.NEEDS:
            pause = {"pause": f"{cls.plain.host}/pause:v1"} if hasattr(cls, "plain") else {}
            cls.containerd = cls.CONTAINERD(cls.place / "containerd", cls.hosts_dir, cls.sigward.socket,
                                            network=cls.network, environment=cls.environment(), **pause)
            cls.addClassCleanup(cls.containerd.end)
        if "cri" in cls.NEEDS:
            cls.cri = Cri(cls.containerd)
            cls.addClassCleanup(cls.cri.close)

        if "docker" in cls.NEEDS:
            cls.docker = Docker(cls.place / "docker", cls.containerd, cls.plain.host)
            cls.addClassCleanup(cls.docker.stop)

    @classmethod
    def policies(cls):
        """What the daemon starts with: every image must be signed by "good"."""
        return [policy("require-signed", "**", key(cls.keys.public("good")))]

    @classmethod
    def registry_config(cls):
        """More of the section [registry] of sigward's configuration."""
        return {}

    @classmethod
    def environment(cls):
        """What sigward and containerd have in their environment besides."""
        return {}

    @classmethod
    def _start_registries(cls):
        makers = {"plain": lambda: Registry(cls.place / "plain"),
                  "tls": lambda: Registry(cls.place / "tls", cls.authority),
                  "lying": LyingRegistry,
                  "outside": lambda: LyingRegistry(cls.authority, address=OUTSIDE, network=cls.network)}
        for name, make in makers.items():
            if name in cls.NEEDS:
                registry = make()
                cls.addClassCleanup(registry.stop)
                write_hosts(cls.hosts_dir, registry.host, registry.hosts_toml())
                setattr(cls, name, registry)

    @classmethod
    def _check_for_sanitizer_reports(cls):
        """A build with sanitizers may report at a process' end, when no answer can show it."""
        reports = [line for line in cls.sigward.log().splitlines()
                   if "Sanitizer" in line or "runtime error:" in line]
        if reports:
            raise AssertionError("\n".join(reports))

    @classmethod
    def _remove(cls):
        if "SIGWARD_KEEP_BED" in os.environ:
            print(f"kept: {cls.place}")
        else:
            shutil.rmtree(cls.place, ignore_errors=True)

    # ---- assertions -----------------------------------------------------------------------------

    def assert_allowed(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def assert_refused(self, done, line):
        """LINE is a regular expression for the line that a user sees, from its start."""
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout + done.stderr, rf"rejected image \(exit code 1\): {line}")

    def assert_answer(self, done, line):
        """The same for an answer of sigward-image-verifier itself."""
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, rf"\A{line}\n?\Z")
