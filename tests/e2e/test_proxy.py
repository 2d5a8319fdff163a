"""Registries behind a proxy: HTTPS_PROXY and NO_PROXY, as sigward and containerd find them in their
environment. All of them live in a network where nothing is at a loopback address."""
import unittest

from bed import images
from bed.case import BedCase
from bed.network import OUTSIDE, OUTSIDE_6
from bed.lying import LyingRegistry
from bed.proxy import Proxy
from bed.registry import write_hosts
from bed import signing


class BehindAProxy(BedCase):
    NEEDS = ("network", "outside", "containerd")

    @classmethod
    def _start_registries(cls):
        super()._start_registries()
        cls.proxy = Proxy(cls.place / "proxy", cls.network)
        cls.addClassCleanup(cls.proxy.stop)
        cls.beside = LyingRegistry(cls.authority, address=OUTSIDE_6, network=cls.network)
        cls.addClassCleanup(cls.beside.stop)
        write_hosts(cls.hosts_dir, cls.beside.host.replace("]:", "]_") + "_", cls.beside.hosts_toml())

    @classmethod
    def environment(cls):
        return {"HTTPS_PROXY": cls.proxy.url, "NO_PROXY": f"beside.example,{OUTSIDE_6}"}

    def put(self, registry, name, signed):
        image = images.build(f"{self.id()} {name}")
        repository = registry.repository(name)
        repository.add_image("v1", image)
        if signed:
            said = signing.payload(image.top)
            repository.add_evidence(signing.legacy_tag(image.top), signing.legacy_image(
                [(said, signing.text(self.keys.sign("good", said)))]))
        return f"{registry.host}/{name}:v1", image.top

    def test_registry_is_asked_through_the_proxy(self):
        signed, digest = self.put(self.outside, "signed", True)
        unsigned, _ = self.put(self.outside, "unsigned", False)
        before = len(self.proxy.tunnels())
        self.assert_allowed(self.sigward.ask(signed, digest))
        tunnels = self.proxy.tunnels()[before:]
        self.assertEqual(set(tunnels), {self.outside.host})
        self.assert_allowed(self.containerd.pull(signed))
        self.assert_refused(self.containerd.pull(unsigned), "no-signature: ")

    def test_registry_that_needs_no_proxy_is_asked_itself(self):
        signed, digest = self.put(self.beside, "signed", True)
        before = self.proxy.tunnels()
        self.assert_allowed(self.sigward.ask(signed, digest))
        self.assertEqual(self.proxy.tunnels(), before)
        self.assertTrue(any(r.by_sigward for r in self.beside.requests_for("signed")))

    def test_proxy_that_is_gone(self):
        signed, digest = self.put(self.outside, "late", True)
        self.proxy.stop()
        self.addCleanup(self.proxy.start)
        self.assert_answer(self.sigward.ask(signed, digest), "registry-unreachable: .*")


if __name__ == "__main__":
    unittest.main()
