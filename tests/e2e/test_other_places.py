"""Where a registry may point to: rows of docs/bad-input.md about redirects, token servers and certificates.

The questions are asked as containerd asks them, about a registry at an address that is not loopback, in a
network of its own, so that there are other places to lead to.
"""
import unittest

from bed import access, signing
from bed.cost import Cost
from bed.lying import LyingRegistry
from bed.lying_case import LyingCase
from bed.network import METADATA, OTHER
from bed.registry import write_hosts
from bed.tls import Authority

# What the operator has sigward show the registry, and nobody else.
HEADER = 'header = { Authorization = "Basic b3BlcmF0b3I6c2VjcmV0" }'


class OtherPlaces(LyingCase):
    NEEDS = ("network", "outside")

    @classmethod
    def registry(cls):
        return cls.outside

    @classmethod
    def registry_config(cls):
        return {"auth_file": str(access.docker_config(cls.place / "config.json", {cls.outside.host: access.USER}))}

    def another(self, address, *authorities):
        """A registry that redirects may lead to; returns it with the same image and signature in it."""
        other = LyingRegistry(*authorities, address=address, network=self.network)
        self.addCleanup(other.stop)
        repository = other.repository(self.name)
        repository.add_image("v1", self.image)
        said = signing.payload(self.image.top)
        self.attach(repository, self.image.top, [(said, self.signature(said))])
        return other

    def ask(self, reference=None):
        with Cost(self.sigward, self.outside) as cost:
            done = self.sigward.ask(reference or f"{self.outside.host}/{self.name}:v1", self.image.top)
        self.assert_bounded(cost)
        return done

    def question_is_refused(self):
        self.assert_answer(self.ask(), f"{self.REASONS[self._testMethodName]}: .*")
        self.assert_good_image_passes()

    def redirect_to(self, url, fault="redirect"):
        """Asks while everything about the signature is sent to URL, which is refused."""
        self.sign_legacy()
        self.repository.elsewhere = url
        self.repository.strike(fault)
        self.question_is_refused()

    def test_redirect_to_loopback(self):
        other = self.another("127.0.0.1", self.authority)
        self.redirect_to(other.url)
        self.assertEqual(other.requests, [])

    def test_redirect_to_loopback_by_name(self):
        other = self.another("127.0.0.1", self.authority)
        self.redirect_to(other.url.replace("127.0.0.1", "localhost"))
        self.assertEqual(other.requests, [])

    def test_redirect_to_link_local(self):
        other = self.another(METADATA, self.authority)
        self.redirect_to(other.url)
        self.assertEqual(other.requests, [])

    def test_redirect_to_plain_http(self):
        other = self.another(OTHER)
        self.redirect_to(other.url)
        self.assertEqual(other.requests, [])

    def test_redirect_to_a_file(self):
        self.redirect_to("file://")

    def test_certificate_that_changes_between_two_requests(self):
        """The names are answered by who the operator trusts, and the signature by somebody else."""
        stranger = Authority(self.place / "stranger")
        other = self.another(OTHER, self.authority, self.authority, self.authority, stranger)
        write_hosts(self.hosts_dir, other.host, other.hosts_toml())
        self.assert_answer(self.ask(f"{other.host}/{self.name}:v1"), f"{self.REASONS[self._testMethodName]}: .*")
        self.assertEqual(len(other.requests), 3)

    def test_token_server_on_loopback(self):
        other = self.another("127.0.0.1", self.authority)
        self.redirect_to(other.url, "token-realm")
        self.assertEqual(other.requests, [])

    def test_token_server_on_loopback_by_name(self):
        other = self.another("127.0.0.1", self.authority)
        self.redirect_to(other.url.replace("127.0.0.1", "localhost"), "token-realm")
        self.assertEqual(other.requests, [])

    def test_token_server_at_a_link_local_address(self):
        other = self.another(METADATA, self.authority)
        self.redirect_to(other.url, "token-realm")
        self.assertEqual(other.requests, [])

    def test_token_server_over_plain_http(self):
        other = self.another(OTHER)
        self.redirect_to(other.url, "token-realm")
        self.assertEqual(other.requests, [])

    def test_token_server_that_is_a_file(self):
        self.redirect_to("file://", "token-realm")

    def assert_asked_as_nobody(self, other):
        self.assertNotEqual(other.requests, [])
        for request in other.requests:
            self.assertNotIn("Authorization", request.headers)

    def test_token_server_at_another_host(self):
        """It is asked as nobody: sigward's password for the registry is not for it."""
        other = self.another(OTHER, self.authority)
        self.redirect_to(other.url, "token-realm")
        self.assert_asked_as_nobody(other)

    def test_redirect_to_another_host(self):
        """The signature is read there; the header that the operator gave the registry is not shown there."""
        write_hosts(self.hosts_dir, self.outside.host, self.outside.hosts_toml(HEADER))
        self.addCleanup(write_hosts, self.hosts_dir, self.outside.host, self.outside.hosts_toml())
        self.redirect_to_signature("redirect")
        for request in self.outside.requests_for(self.name):
            self.assertEqual(request.headers.get("Authorization"), "Basic b3BlcmF0b3I6c2VjcmV0")

    def test_redirect_to_another_host_after_a_password(self):
        """The same with a password of sigward's own."""
        self.redirect_to_signature("password-then-redirect")
        said = {request.headers.get("Authorization") for request in self.outside.requests_for(self.name)}
        self.assertEqual(said, {None, "Basic " + signing.text(access.USER.encode())})

    def redirect_to_signature(self, fault):
        other = self.another(OTHER, self.authority)
        self.sign_legacy()
        self.repository.elsewhere = other.url
        self.repository.strike(fault)
        self.assertEqual(self.REASONS[self._testMethodName], "allowed")
        self.assert_allowed(self.ask())
        self.assert_asked_as_nobody(other)


if __name__ == "__main__":
    unittest.main()
