"""What the kernel says about each process of sigward that runs: its rights, its lists, its limits."""
import os
import pathlib
import shutil
import unittest

from bed import images
from bed.policies import key, policy
from bed.peers import program
from bed.process import wait_until
from bed.registry import hosts_toml, write_hosts
from bed.sigward import children

from .case import ALLOWED, COULD_NOT_TELL, InteropCase

VERIFYD_USER, FETCHD_USER = 65530, 65529
CAP_DAC_READ_SEARCH = 1 << 2
FILTER = 2  # SECCOMP_MODE_FILTER


def status(pid):
    """/proc/PID/status as {name: [words]}."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: rest.split() for name, rest in (line.split(":", 1) for line in lines)}


def limits(pid):
    """The hard limits of a process by their names in /proc/PID/limits."""
    lines = pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    return {line[:26].strip(): line[26:].split()[1] for line in lines}


def is_sealed():
    """Sanitizers need what the seals forbid: their builds run without."""
    text = program("sigward-verifyd").read_bytes()
    return b"__asan_init" not in text and b"__tsan_init" not in text


@unittest.skipUnless(is_sealed(), "built unsealed")
class Sealing(InteropCase):
    def setUp(self):
        super().setUp()
        self.processes = self.sigward.wait_for_processes()
        self.own_filters = int(status("self")["Seccomp_filters"][0])

    def ready_child(self):
        """The child of sigward-verifyd that waits for a question, sealed."""
        verifyd = self.processes["sigward-verifyd"]

        def sealed():
            return [c for c in children(verifyd) if int(status(c)["Seccomp_filters"][0]) >= self.own_filters + 2]
        wait_until(sealed, 10, "a child of sigward-verifyd is sealed")
        return sealed()[0]

    def assert_state(self, pid, filters, user, capabilities=0):
        said = status(pid)
        self.assertEqual(said["NoNewPrivs"], ["1"])
        self.assertEqual(said["Seccomp"], [str(FILTER)])
        self.assertEqual(int(said["Seccomp_filters"][0]), self.own_filters + filters)
        if os.geteuid() == 0 and user is not None:
            self.assertEqual(said["Uid"], [str(user)] * 4)
            self.assertEqual(said["Gid"], [str(user)] * 4)
            self.assertEqual(said["Groups"], [])
            for kind in ("CapEff", "CapPrm"):
                self.assertEqual(int(said[kind][0], 16), capabilities, kind)
            self.assertEqual(int(said["CapInh"][0], 16) | int(said["CapAmb"][0], 16), 0)

    def test_sigwardd(self):
        self.assert_state(self.processes["sigwardd"], 1, None)
        threads = os.listdir(f"/proc/{self.processes['sigwardd']}/task")
        self.assertGreater(len(threads), 1)
        for thread in threads:
            self.assert_state(thread, 1, None)

    def test_fetchd(self):
        fetchd = self.processes["sigward-fetchd"]
        self.assert_state(fetchd, 1, FETCHD_USER, CAP_DAC_READ_SEARCH)
        self.assertEqual(limits(fetchd)["Max core file size"], "0")

    def test_verifyd(self):
        verifyd = self.processes["sigward-verifyd"]
        self.assert_state(verifyd, 1, VERIFYD_USER)
        self.assertEqual(limits(verifyd)["Max core file size"], "0")

    def test_child_of_verifyd(self):
        child = self.ready_child()
        self.assert_state(child, 2, VERIFYD_USER)
        said = limits(child)
        for name in ("Max core file size", "Max processes", "Max file size"):
            self.assertEqual(said[name], "0", name)
        self.assertEqual(said["Max cpu time"], "2")
        self.assertEqual(said["Max open files"], "32")
        self.assertEqual(said["Max address space"], str(512 << 20))

    def test_sealed_they_work(self):
        signed, _ = self.push("app/sealed")
        self.cosign.sign_legacy(signed, "good")
        self.sigward.use(policy("signed", f"{self.plain.host}/app/**", key(self.keys.public("good"))))
        self.assert_verdict(signed, ALLOWED)
        self.assertEqual(self.sigward.events("process-ended", "verify-child-died"), [])

    def test_a_name_is_looked_up(self):
        code, record = self.sigward.verify(f"nobody-has-this.invalid/app@sha256:{'0' * 64}")
        self.assertEqual((code, record["reason"]), (COULD_NOT_TELL, "registry-unreachable"), record)
        self.assertEqual(self.sigward.events("process-ended"), [])


@unittest.skipUnless(is_sealed(), "built unsealed")
class Certificates(InteropCase):
    NEEDS = ("plain", "tls")

    def test_one_that_is_named_after_the_start_and_then_replaced(self):
        image = images.build(self.id())
        self.tls.push("app/late", "v1", image)
        self.cosign.sign_legacy(f"{self.tls.host}/app/late@{image.top}", "good")
        self.sigward.wait_for_processes()
        elsewhere = self.place / "late.crt"
        shutil.copy(self.authority.certificate, elsewhere)
        write_hosts(self.hosts_dir, "late.example", hosts_toml(self.tls.url, f'ca = "{elsewhere}"'))
        self.assert_verdict(f"late.example/app/late@{image.top}", ALLOWED)
        # As a certificate is renewed: another file in the place of the first.
        fresh = self.place / "fresh.crt"
        shutil.copy(self.authority.certificate, fresh)
        fresh.rename(elsewhere)
        self.assert_verdict(f"late.example/app/late@{image.top}", ALLOWED)
        self.assertEqual([e["program"] for e in self.sigward.events("process-ended") if e["signal"]], [])


if __name__ == "__main__":
    unittest.main()
