"""Registries that want to know who asks. containerd has its credential from who pulls; sigward has its own
from docker's config.json, a credential helper, or a credential provider as kubelet runs it.

All registries serve the same repositories, of which NAME/signed and NAME/unsigned are the registry NAME's.
"""
import os
import unittest
import urllib.parse

from bed import access, images
from bed.case import BedCase
from bed.nginx import Nginx
from bed.process import free_port
from bed.registry import Registry, host_section, write_hosts

# What `sigward verify` ends with when it could not tell.
COULD_NOT_TELL = 1
WRONG = "sigward:guessed"
# The registries. Each has images of its own: a signature that was verified once is remembered by digest.
NAMES = ("auth-file", "helper", "provider", "token", "wrong", "wrong-token", "unknown", "corrected",
         "mirror")


class Credentials(BedCase):
    NEEDS = ("tls", "containerd", "cri")

    @classmethod
    def _start_registries(cls):
        super()._start_registries()
        users = access.htpasswd(cls.place / "users")
        cls.token_server = access.TokenServer(cls.place / "tokens", cls.authority, users,
                                              [f"{name}/{kind}" for name in NAMES for kind in ("signed", "unsigned")])
        cls.addClassCleanup(cls.token_server.stop)
        cls.behind = {name: cls.start_registry(name, users) for name in NAMES}
        cls.mirror = cls.start_mirror(users)
        cls.digests = {name: cls.fill(name) for name in NAMES}
        cls.calls = cls.place / "provider-calls"
        cls.calls.touch()
        cls.calls.chmod(0o666)

    @classmethod
    def start_registry(cls, name, users):
        auth = cls.token_server.auth() if "token" in name else access.basic_auth(users)
        registry = Registry(cls.place / name, cls.authority, cls.tls.data, auth)
        cls.addClassCleanup(registry.stop)
        write_hosts(cls.hosts_dir, registry.host, registry.hosts_toml())
        return registry

    @classmethod
    def start_mirror(cls, users):
        """Another way to the open registry for what is asked of the registry "mirror"."""
        host, registry = f"127.0.0.1:{free_port()}", cls.behind["mirror"]
        server = Nginx(cls.place / "nginx", host, f"""
listen {host}; auth_basic "mirror"; auth_basic_user_file {users};
location / {{ proxy_pass {cls.tls.url}; proxy_set_header Authorization ""; proxy_set_header Host $http_host; }}""")
        cls.addClassCleanup(server.stop)
        write_hosts(cls.hosts_dir, registry.host, f'server = "{registry.url}"\n' + host_section(f"http://{host}")
                    + host_section(registry.url, f'ca = "{cls.authority.certificate}"'))
        return server

    @classmethod
    def fill(cls, name):
        """Pushes the registry's two images; returns the digest of the signed one."""
        signed = images.build(f"credentials {name} signed")
        cls.tls.push(f"{name}/signed", "v1", signed)
        cls.tls.push(f"{name}/unsigned", "v1", images.build(f"credentials {name} unsigned"))
        cls.cosign.sign_bundle(f"{cls.tls.host}/{name}/signed@{signed.top}", "good")
        return signed.top

    @classmethod
    def environment(cls):
        return {"PATH": f"{cls.place}/helpers:{os.environ['PATH']}"}

    @classmethod
    def registry_config(cls):
        host = {name: registry.host for name, registry in cls.behind.items()}
        access.credential_helper(cls.place / "helpers", "bed", {host["helper"]: access.USER})
        access.credential_provider(cls.place / "providers", "bed-provider", {host["provider"]: access.USER}, cls.calls)
        users = {host["auth-file"]: access.USER, host["token"]: access.USER, host["wrong"]: WRONG,
                 host["wrong-token"]: WRONG, host["corrected"]: WRONG, cls.mirror.host: access.USER, host["mirror"]: access.USER}
        return {
            "auth_file": str(access.docker_config(cls.place / "config.json", users,
                                                  credHelpers={host["helper"]: "bed"})),
            "credential_provider_config": str(access.provider_config(cls.place / "providers.yaml", "bed-provider",
                                                                     [host["provider"]])),
            "credential_provider_bin_dir": str(cls.place / "providers"),
            "token_hosts": [cls.token_server.host]}

    # ---- those that sigward has a credential for ------------------------------------------------

    def assert_judged_rightly(self, name):
        """A signed image is pulled, by ctr and by CRI, and an unsigned one refused as unsigned."""
        signed, unsigned = (f"{self.behind[name].host}/{name}/{kind}:v1" for kind in ("signed", "unsigned"))
        self.assert_allowed(self.containerd.pull(signed, user=access.USER))
        self.assertIsNone(self.cri.pull(signed, user=access.USER))
        self.assert_refused(self.containerd.pull(unsigned, user=access.USER), "no-signature: ")
        self.assertIn("no-signature: ", str(self.cri.pull(unsigned, user=access.USER)))

    def test_password_in_docker_config(self):
        self.assert_judged_rightly("auth-file")

    def test_credential_helper(self):
        self.assert_judged_rightly("helper")

    def test_credential_provider(self):
        """It is asked once: what it says holds for ten minutes."""
        self.assert_judged_rightly("provider")
        self.assertEqual(self.calls.read_text(), ".")

    def test_token_server(self):
        self.assert_judged_rightly("token")
        asked = [r for r in self.token_server.requests() if r.by_sigward and r.status == 200]
        scopes = [urllib.parse.parse_qs(r.path.partition("?")[2])["scope"][0] for r in asked]
        self.assertEqual(sorted(scopes), ["repository:token/signed:pull", "repository:token/unsigned:pull"])

    def test_mirror_with_a_password_of_its_own(self):
        """Each host is shown what is known for it by its own name, also where it stands for another."""
        self.assert_judged_rightly("mirror")
        asked = {r.user for r in self.mirror.requests() if r.by_sigward and r.status == 200}
        self.assertEqual(asked, {"sigward"})

    # ---- those that it has none for, or a wrong one ---------------------------------------------

    def assert_refused_everywhere(self, name):
        """Nobody knows whether the image is signed: undetermined, and told as such."""
        host = self.behind[name].host
        signed = f"{host}/{name}/signed:v1"
        line = "registry-unauthorized: could not check "
        self.assert_refused(self.containerd.pull(signed, user=access.USER), line)
        self.assertIn(line, str(self.cri.pull(signed, user=access.USER)))
        code, said = self.sigward.verify(f"{host}/{name}/signed@{self.digests[name]}")
        self.assertEqual((code, said["decision"], said["reason"]),
                         (COULD_NOT_TELL, "undetermined", "registry-unauthorized"), said)
        for secret in (WRONG.partition(":")[2], access.USER.partition(":")[2]):
            self.assertNotIn(secret, self.sigward.log())

    def test_wrong_password(self):
        self.assert_refused_everywhere("wrong")

    def test_wrong_password_for_tokens(self):
        self.assert_refused_everywhere("wrong-token")

    def test_no_credential(self):
        self.assert_refused_everywhere("unknown")

    def test_password_that_is_corrected(self):
        """The file is read again: what was wrong is not remembered."""
        registry = self.behind["corrected"]
        signed = f"{registry.host}/corrected/signed:v1"
        self.assert_refused(self.containerd.pull(signed, user=access.USER), "registry-unauthorized: ")
        path = self.place / "config.json"
        before = path.read_text()
        self.addCleanup(path.write_text, before)
        access.add_user(path, registry.host, access.USER)
        self.assert_allowed(self.containerd.pull(signed, user=access.USER))


COULD_NOT_TELL = 1

if __name__ == "__main__":
    unittest.main()
