"""Registries behind hosts.toml: mirrors that lack things, fail, want a certificate or a header, or lie
below another path, and addresses of IPv6. containerd and sigward read the same file."""
import unittest

from bed import images
from bed.case import BedCase
from bed.nginx import Nginx
from bed.process import free_port
from bed.registry import host_section, hosts_toml, write_hosts

WITHOUT_SIGNATURES = "location ~ sha256- { return 404; } location ~ /referrers/ { return 404; }"


class Mirrors(BedCase):
    """Each test pulls from a name of its own; "tls" is the registry behind it, which nginx stands before."""
    NEEDS = ("tls", "containerd", "cri")

    def setUp(self):
        self.name = self._testMethodName.removeprefix("test_")
        self.host = f"{self.name.replace('_', '-')}.example"

    def nginx(self, location, before="", address="127.0.0.1", tls=False):
        """nginx with one LOCATION; BEFORE is what else its server has."""
        host = f"{address}:{free_port()}"
        if tls:
            certificate, key = self.authority.issue("nginx")
            before = f"ssl_certificate {certificate}; ssl_certificate_key {key}; {before}"
        server = Nginx(self.place / self.name, host, f"listen {host}{' ssl' if tls else ''}; {before} {location}")
        self.addCleanup(server.stop)
        return server

    def to_registry(self, path="/", target="/"):
        """A location that hands everything on to the registry."""
        return (f"location {path} {{ proxy_pass {self.tls.url}{target}; proxy_set_header Host $http_host; "
                f"proxy_set_header User-Agent nginx; }}")

    def use(self, *sections, server=None):
        write_hosts(self.hosts_dir, self.host, f'server = "{server or self.tls.url}"\n' + "".join(sections))

    def registry_itself(self):
        return host_section(self.tls.url, f'ca = "{self.authority.certificate}"')

    def push(self, signed):
        """Pushes an image to the registry; returns its reference under the test's own name."""
        kind = "signed" if signed else "unsigned"
        image = images.build(f"{self.name} {kind}")
        self.tls.push(f"{self.name}/{kind}", "v1", image)
        if signed:
            self.cosign.sign_bundle(f"{self.tls.host}/{self.name}/{kind}@{image.top}", "good")
        return f"{self.host}/{self.name}/{kind}:v1"

    def assert_judged_rightly(self):
        """A signed image is pulled, by ctr and by CRI, and an unsigned one refused as unsigned."""
        signed, unsigned = self.push(True), self.push(False)
        self.assert_allowed(self.containerd.pull(signed))
        self.assertIsNone(self.cri.pull(signed))
        self.assert_refused(self.containerd.pull(unsigned), "no-signature: ")
        self.assertIn("no-signature: ", str(self.cri.pull(unsigned)))

    def asked_by_sigward(self, server):
        return [r for r in server.requests() if r.by_sigward and f"/{self.name}/" in r.path]

    def test_mirror_that_has_everything(self):
        mirror = self.nginx(self.to_registry())
        self.use(host_section(f"http://{mirror.host}"), self.registry_itself())
        signed = self.push(True)
        self.assert_allowed(self.containerd.pull(signed))
        asked = self.asked_by_sigward(mirror)
        self.assertTrue(asked)
        self.assertTrue(all(r.path.endswith(f"?ns={self.host}") for r in asked), asked)
        self.assert_judged_rightly()

    def test_mirror_that_has_no_signatures(self):
        """What the mirror lacks is asked of the registry before an image counts as unsigned."""
        mirror = self.nginx(self.to_registry(), WITHOUT_SIGNATURES)
        self.use(host_section(f"http://{mirror.host}"), self.registry_itself())
        self.assert_judged_rightly()
        self.assertIn(404, {r.status for r in self.asked_by_sigward(mirror)})

    def test_mirror_that_fails(self):
        mirror = self.nginx("location / { return 503; }")
        self.use(host_section(f"http://{mirror.host}"), self.registry_itself())
        self.assert_judged_rightly()
        self.assertIn(503, {r.status for r in self.asked_by_sigward(mirror)})

    def test_mirror_that_is_down(self):
        self.use(host_section(f"http://127.0.0.1:{free_port()}"), self.registry_itself())
        self.assert_judged_rightly()

    def test_registry_that_is_down_behind_a_mirror_without_signatures(self):
        """Nobody is left to say that there is none."""
        mirror = self.nginx(self.to_registry(), WITHOUT_SIGNATURES)
        self.use(host_section(f"http://{mirror.host}"), server=f"http://127.0.0.1:{free_port()}")
        self.assert_refused(self.containerd.pull(self.push(True)), "registry-unreachable: ")

    def test_client_certificate(self):
        certificate, key = self.authority.issue("client")
        server = self.nginx(self.to_registry(), f"ssl_client_certificate {self.authority.certificate}; "
                            "ssl_verify_client on;", tls=True)
        url, ca = f"https://{server.host}", f'ca = "{self.authority.certificate}"'
        self.use(host_section(url, ca, f'client = [["{certificate}", "{key}"]]'), server=url)
        self.assert_judged_rightly()
        self.use(host_section(url, ca), server=url)
        self.assert_refused_by_sigward(self.push(True), "registry-error: ")

    def test_header(self):
        server = self.nginx(self.to_registry(), 'if ($http_x_pass != "let me in") { return 403; }')
        url = f"http://{server.host}"
        self.use(host_section(url, 'header = { X-Pass = "let me in" }'), server=url)
        self.assert_judged_rightly()
        self.use(host_section(url), server=url)
        self.assert_refused_by_sigward(self.push(True), "registry-forbidden: ")

    def assert_refused_by_sigward(self, reference, line):
        """Where containerd itself gets nothing any more, sigward is asked alone, as containerd would."""
        image = images.build(f"{self.name} never seen")
        self.assert_answer(self.sigward.ask(reference, image.top), f"{line}.*")

    def test_path_of_its_own(self):
        server = self.nginx(self.to_registry("/mirror/of/it/", "/v2/"))
        url = f"http://{server.host}/mirror/of/it"
        self.use(host_section(url, "override_path = true"), self.registry_itself())
        self.assert_judged_rightly()
        self.assertIn(200, {r.status for r in self.asked_by_sigward(server)})

    def test_address_of_ipv6(self):
        server = self.nginx(self.to_registry(), address="[::1]")
        self.host = server.host
        write_hosts(self.hosts_dir, self.host.replace("]:", "]_") + "_", f'server = "http://{self.host}"\n'
                    + host_section(f"http://{self.host}"))
        self.assert_judged_rightly()
        self.assertIn(200, {r.status for r in self.asked_by_sigward(server)})

    def test_default_for_every_registry(self):
        mirror = self.nginx(self.to_registry())
        write_hosts(self.hosts_dir, "_default", hosts_toml(f"http://{mirror.host}"))
        self.assert_judged_rightly()
        self.assertIn(200, {r.status for r in self.asked_by_sigward(mirror)})


if __name__ == "__main__":
    unittest.main()
