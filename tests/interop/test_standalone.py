"""`sigward verify --policy`: without a daemon, the same answers as with one."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import unittest

import jsonschema

from bed import access, images
from bed.peers import SOURCE, program
from bed.policies import key, no_match, node_policy, policy, static
from bed.process import Background, run, wait_until
from bed.registry import Registry, write_hosts
from bed.sigward import WORKERS, children, state

from .case import ALLOWED, COULD_NOT_TELL, NO_SIGNATURE, NONE_VALID, REFUSED, InteropCase

# What no two answers have in common.
OWN = ("id", "time", "elapsedMs")
NOBODY = 65534
USAGE = 2


def spoken(done):
    """Standard error without the workers' own log, which tells of registries over plain HTTP."""
    return "".join(line for line in done.stderr.splitlines(True) if not line.startswith('{"time":'))


def timeless(text):
    """TEXT without how long a connection took to fail, which libcurl tells."""
    return re.sub(r"after \d+ ms", "after … ms", text)


class Standalone(InteropCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # As they are installed, and so that every user can run them.
        cls.prefix = cls.place / "usr"
        for folder, names in (("bin", ("sigward",)), ("lib/sigward", (*WORKERS, "sigward-credentiald"))):
            (cls.prefix / folder).mkdir(parents=True)
            for name in names:
                shutil.copy(program(name), cls.prefix / folder / name)
        cls.temporary = cls.place / "tmp"
        cls.temporary.mkdir()
        cls.temporary.chmod(0o1777)
        cls.policy_folder = cls.place / "sigward/policies"

    @classmethod
    def policies(cls):
        host = cls.plain.host
        good = key(cls.keys.public("good"))
        cls.denied = images.build("denied")
        return [policy("require-signed", f"{host}/app/**", good),
                policy("trying", f"{host}/warned/**", good, mode="warn"),
                policy("unreachable", "127.0.0.1:1/**", good),
                policy("silent", "127.0.0.1:*/silent/**", good),
                policy("frozen", f"{host}/frozen/**", static("fail", "frozen")),
                node_policy(deny=[cls.denied.top]), no_match("deny")]

    def alone(self, *argv, policy_path=None, prefix=(), sigward=None, hosts=None, env=None):
        """`sigward verify --policy`; it does not know the daemon's socket."""
        return run(*prefix, sigward or self.prefix / "bin/sigward", "verify",
                   "--policy", policy_path or self.policy_folder,
                   *(hosts or ("--hosts-dir", self.hosts_dir)), *argv,
                   env={"SIGWARD_GATE_SOCKET": "/nowhere/gate.sock", "TMPDIR": str(self.temporary),
                        "HOME": "/nowhere", **(env or {})}, check=False)

    def assert_nothing_left(self):
        self.assertEqual(list(self.temporary.iterdir()), [])

    def cases(self):
        """Reference, exit code and reason of everything that can be told."""
        host = self.plain.host
        signed, _ = self.push("app/signed")
        self.cosign.sign_legacy(signed, "good")
        bundled, _ = self.push("app/bundled")
        self.cosign.sign_bundle(bundled, "good")
        foreign, _ = self.push("app/foreign")
        self.cosign.sign_legacy(foreign, "other")
        self.plain.push("app/denied", "v1", self.denied)
        return [(signed, ALLOWED, None), (f"{host}/app/signed:v1", ALLOWED, None),
                (bundled, ALLOWED, None), (f"{host}/app/bundled:v1", ALLOWED, None),
                (self.push("app/unsigned")[0], NO_SIGNATURE, "no-signature"),
                (foreign, NONE_VALID, "bad-signature"),
                (self.push("warned/app")[0], ALLOWED, None),
                (self.push("frozen/app")[0], REFUSED, "static-fail"),
                (self.push("elsewhere/app")[0], REFUSED, "no-matching-policy"),
                (f"{host}/app/denied:v1", REFUSED, "denied"),
                (f"{host}/app/unsigned:v2", COULD_NOT_TELL, "registry-not-found"),
                (f"{host}/app/nothing:v1", COULD_NOT_TELL, "registry-not-found"),
                ("127.0.0.1:1/app:v1", COULD_NOT_TELL, "registry-unreachable"),
                ("127.0.0.1:1/app@sha256:" + "0" * 64, COULD_NOT_TELL, "registry-unreachable")]

    def test_same_answers_as_the_daemon(self):
        schema = json.loads((SOURCE / "docs/schemas/decision.schema.json").read_text())
        for reference, code, reason in self.cases():
            with self.subTest(reference):
                daemon = self.sigward.cli("verify", reference, check=False)
                alone = self.alone(reference)
                self.assertEqual((alone.returncode, daemon.returncode), (code, code), alone.stderr)
                self.assertEqual(timeless(spoken(alone)), timeless(daemon.stderr))
                said, expected = json.loads(timeless(alone.stdout)), json.loads(timeless(daemon.stdout))
                jsonschema.validate(said, schema)
                self.assertEqual(said.get("reason"), reason)
                self.assertEqual({**said, **dict.fromkeys(OWN)}, {**expected, **dict.fromkeys(OWN)})
                as_json = self.alone("-o", "json", reference)
                self.assertEqual((as_json.returncode, spoken(as_json)), (code, ""))
                self.assertEqual({**json.loads(timeless(as_json.stdout)), **dict.fromkeys(OWN)},
                                 {**said, **dict.fromkeys(OWN)})
        self.assert_nothing_left()

    def test_a_registry_that_wants_a_password(self):
        """It is known from docker's config.json: named, or where docker and cosign keep it."""
        self.cosign.sign_legacy(self.push("app/private")[0], "good")
        private = Registry(self.place / "private", data=self.plain.data,
                           auth=access.basic_auth(access.htpasswd(self.place / "private-users")))
        self.addCleanup(private.stop)
        write_hosts(self.hosts_dir, private.host, private.hosts_toml())
        rule = self.place / "private.yaml"
        rule.write_text(json.dumps(policy("p", f"{private.host}/**", key(self.keys.public("good")))))
        home = self.place / "home"
        (home / ".docker").mkdir(parents=True)
        right = access.docker_config(home / ".docker/config.json", {private.host: access.USER})
        wrong = access.docker_config(self.place / "wrong.json", {private.host: "sigward:guessed"})
        for path in (right, wrong):
            path.chmod(0o644)
        reference = f"{private.host}/app/private:v1"
        as_nobody = ("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups")
        for prefix in ((), as_nobody):
            for options, env, code in (((), {}, COULD_NOT_TELL), (("--auth-file", right), {}, ALLOWED),
                                       (("--auth-file", wrong), {}, COULD_NOT_TELL), ((), {"HOME": str(home)}, ALLOWED),
                                       ((), {"DOCKER_CONFIG": str(home / ".docker")}, ALLOWED)):
                with self.subTest(prefix=prefix, options=options, env=env):
                    done = self.alone(*options, reference, policy_path=rule, prefix=prefix, env=env)
                    self.assertEqual(done.returncode, code, done.stderr)
                    if code == COULD_NOT_TELL:
                        self.assertEqual(json.loads(done.stdout)["reason"], "registry-unauthorized")
                    self.assertNotIn("guessed", done.stdout + done.stderr)
        self.assert_nothing_left()

    def test_every_form_of_a_policy(self):
        reference, _ = self.push("app/forms")
        self.cosign.sign_legacy(reference, "good")
        documents = self.place / "all.yaml"
        documents.write_text("\n---\n".join(p.read_text() for p in sorted(self.policy_folder.iterdir())))
        unsigned, _ = self.push("app/forms-unsigned")
        for form in (self.policy_folder, documents, self.sigward.policy_file):
            with self.subTest(form):
                self.assertEqual(self.alone(reference, policy_path=form).returncode, ALLOWED)
                self.assertEqual(self.alone(unsigned, policy_path=form).returncode, NO_SIGNATURE)

    def test_where_registries_are_told_of(self):
        """A host that only hosts.toml knows: without it, nothing could be resolved."""
        reference, _ = self.push("app/hosts")
        self.cosign.sign_legacy(reference, "good")
        reference = reference.replace(self.plain.host, "registry.invalid")
        rule = self.place / "hosts.yaml"
        rule.write_text(json.dumps(policy("p", "registry.invalid/**", key(self.keys.public("good")))))
        odd = self.place / 'hôsts "d"'
        (odd / "registry.invalid").mkdir(parents=True)
        (odd / "registry.invalid/hosts.toml").write_text(self.plain.hosts_toml())
        config = self.place / "node.toml"
        config.write_text(f"[policy]\nsource = 'file:///nowhere'\n[registry]\nhosts_dir = '{self.place}/plain-name'\n")
        (self.place / "plain-name").symlink_to(odd)
        for hosts, code in ((("--hosts-dir", odd), ALLOWED), (("--config", config), ALLOWED),
                            (("--hosts-dir", os.path.relpath(odd)), ALLOWED),
                            (("--hosts-dir", self.hosts_dir), COULD_NOT_TELL)):
            with self.subTest(hosts):
                done = self.alone(reference, policy_path=rule, hosts=hosts)
                self.assertEqual(done.returncode, code, done.stderr)

    def test_wrong_configuration(self):
        beyond = self.place / "certs-\U0001f511"
        beyond.mkdir()
        broken = self.place / "broken.toml"
        broken.write_text("[policy]\nsource = 'file:///nowhere'\n[registry]\nhosts = 1\n")
        for hosts, said in ((("--hosts-dir", beyond), "a path is not fit"),
                            (("--config", broken), f"{broken}:4: unknown key hosts in [registry]")):
            with self.subTest(hosts):
                done = self.alone("app", hosts=hosts)
                self.assertEqual((done.returncode, done.stdout), (USAGE, ""))
                self.assertIn(f"config-invalid: {said}", done.stderr)

    def test_several_images(self):
        signed, _ = self.push("app/one")
        self.cosign.sign_legacy(signed, "good")
        unsigned, _ = self.push("app/two")
        done = self.alone("-o", "json", signed, unsigned, signed)
        self.assertEqual(done.returncode, NO_SIGNATURE)
        self.assertEqual([json.loads(line)["decision"] for line in done.stdout.splitlines()],
                         ["allow", "deny", "allow"])

    def test_platform(self):
        """Only the manifest of another platform than this machine's is signed."""
        other = "arm64" if os.uname().machine == "x86_64" else "amd64"
        image = images.build(self.id(), platforms=("linux/amd64", "linux/arm64"))
        self.plain.push("app/platforms", "v1", image)
        member = image.platforms[f"linux/{other}"]
        self.cosign.sign_legacy(f"{self.plain.host}/app/platforms@{member}", "good")
        reference = f"{self.plain.host}/app/platforms:v1"
        self.assertEqual(self.alone(reference).returncode, NO_SIGNATURE)
        self.assertEqual(self.alone("--platform", f"linux/{other}", reference).returncode, ALLOWED)

    def test_as_another_user(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become somebody")
        reference, _ = self.push("app/nobody")
        self.cosign.sign_legacy(reference, "good")
        users = {"an ordinary user": ("--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"),
                 "root as a container has it": ("--bounding-set=-dac_read_search,-sys_admin",)}
        for name, options in users.items():
            with self.subTest(name):
                done = self.alone(reference, prefix=("setpriv", *options))
                self.assertEqual(done.returncode, ALLOWED, done.stderr)
        self.assert_nothing_left()

    def test_workers_that_are_not_there(self):
        lonely = self.place / "lonely/sigward"
        lonely.parent.mkdir()
        shutil.copy(program("sigward"), lonely)
        done = self.alone("app", sigward=lonely)
        self.assertEqual((done.returncode, done.stdout), (COULD_NOT_TELL, ""))
        self.assertIn("io-failed: sigward-fetchd and sigward-verifyd are neither in", done.stderr)

    def test_workers_that_do_not_work(self):
        reference, _ = self.push("app/broken")
        self.cosign.sign_legacy(reference, "good")
        for name in WORKERS:
            with self.subTest(name):
                broken = self.place / f"broken-{name}"
                shutil.copytree(self.prefix, broken)
                shutil.copy("/bin/false", broken / "lib/sigward" / name)
                done = self.alone("-o", "json", reference, sigward=broken / "bin/sigward")
                self.assertEqual(done.returncode, COULD_NOT_TELL, done.stdout)
                self.assertEqual(json.loads(done.stdout)["reason"], "worker-failed")

    def test_nothing_is_left_however_it_ends(self):
        """A registry that never answers holds it up until it is killed."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            reference = f"127.0.0.1:{silent.getsockname()[1]}/silent/app:v1"
            for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
                with self.subTest(how):
                    started = Background(
                        [self.prefix / "bin/sigward", "verify", "--policy", self.policy_folder, reference],
                        self.place / "silent.log", ready=lambda: True, env={"TMPDIR": str(self.temporary)})
                    workers = wait_until(lambda: self._workers(started.pid), 20, "both workers run")
                    self.assert_nothing_left()
                    started.send(how)
                    started.wait()
                    wait_until(lambda: all(state(worker) == "Z" for worker in workers), 20, "the workers are gone")
                    self.assert_nothing_left()

    def test_workers_do_not_see_the_environments_secrets(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            started = Background(
                [self.prefix / "bin/sigward", "verify", "--policy", self.policy_folder,
                 f"127.0.0.1:{silent.getsockname()[1]}/silent/app:v1"], self.place / "silent.log", ready=lambda: True,
                env={"TMPDIR": str(self.temporary), "CI_SECRET": "hush", "NO_PROXY": "example"})
            self.addCleanup(started.stop)
            for worker in wait_until(lambda: self._workers(started.pid), 20, "both workers run"):
                environment = pathlib.Path(f"/proc/{worker}/environ").read_bytes()
                self.assertNotIn(b"CI_SECRET", environment)
                self.assertIn(b"NO_PROXY=example", environment)

    @staticmethod
    def _workers(pid):
        found = {}
        for child in children(pid):
            with contextlib.suppress(OSError):
                found[pathlib.Path(os.readlink(f"/proc/{child}/exe")).name] = child
        return list(found.values()) if set(WORKERS) <= found.keys() else None

    def test_time_that_runs_out(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            done = self.alone("-o", "json", "--timeout", "1",
                              f"127.0.0.1:{silent.getsockname()[1]}/silent/app:v1")
        self.assertEqual((done.returncode, json.loads(done.stdout)["reason"]), (COULD_NOT_TELL, "timeout"))

    def test_temporary_folder_that_is_not_there(self):
        done = run(self.prefix / "bin/sigward", "verify", "--policy", self.policy_folder, "app",
                   env={"TMPDIR": "/nowhere"}, check=False)
        self.assertEqual(done.returncode, COULD_NOT_TELL)
        self.assertIn("io-failed: a folder for sockets, /nowhere/sigward.", done.stderr)

    def test_needs_no_grpc(self):
        libraries = subprocess.run(["ldd", program("sigward")], capture_output=True, text=True, check=True).stdout
        self.assertIn("libprotobuf", libraries)
        self.assertNotRegex(libraries, "grpc|curl")


if __name__ == "__main__":
    unittest.main()
