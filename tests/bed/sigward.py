"""sigwardd with its workers, started by hand in a folder of its own."""
import contextlib
import json
import os
import pathlib
import signal

from . import policies
from .peers import program
from .process import Background, run, wait_until

WORKERS = ("sigward-fetchd", "sigward-verifyd")


class Sigward:
    def __init__(self, folder, hosts_dir, containerd=None, network=None, registry=None, environment=None,
                 layouts=()):
        """CONTAINERD is the folder of a Containerd, there or still to come. With a NETWORK it has no
        other. REGISTRY is more of the configuration's section of that name. LAYOUTS are folders, there
        or still to come."""
        containerd = containerd or folder / "containerd"
        self.folder = folder
        self.socket = folder / "run/gate.sock"
        self.policy_file = folder / "policy.json"
        self._config = folder / "config.toml"
        self._policy_folder = folder / "policies"
        self.env = {"SIGWARD_GATE_SOCKET": str(self.socket)}
        self._within = network.command if network else ()
        self._process = None
        for part in ("run", "state"):
            (folder / part).mkdir(parents=True, mode=0o755)
        self._config.write_text(f"""[gate]
socket = "{self.socket}"
[containerd]
address = "{containerd}/containerd.sock"
state = "{containerd}/state"
[nri]
socket = "{containerd}/nri.sock"
[policy]
source = "file://{self.policy_file}"
[state]
dir = "{folder}/state"
[registry]
hosts_dir = "{hosts_dir}"
{"".join(f"{key} = {json.dumps(value)}" + chr(10) for key, value in (registry or {}).items())}
[evidence]
layouts = {json.dumps([str(layout) for layout in layouts])}
""")
        self._environment = environment or {}

    # ---- life -----------------------------------------------------------------------------------

    def start(self):
        self._process = Background([*self._within, program("sigwardd"), "--config", self._config],
                                   self.folder / "sigwardd.log", ready=self.ready, env=self._environment)
        self.wait_for_processes()

    def stop(self, how=signal.SIGTERM):
        if self._process:
            self._process.stop(how)

    def ready(self):
        return self.cli("status", check=False).returncode == 0

    @property
    def pid(self):
        """The program that was started: it launches all others."""
        return self._process.pid

    def processes(self):
        """Pid by name of the processes of sigward that stay: launcher, sigwardd and the workers."""
        found = {"launcher": self.pid}
        for child in children(self.pid):
            with contextlib.suppress(OSError):  # it may end while it is looked at
                found[pathlib.Path(os.readlink(f"/proc/{child}/exe")).name] = child
        return found

    def wait_for_processes(self, seconds=10):
        """Waits until all processes live and answer; returns them."""
        wait_until(lambda: {"sigwardd", *WORKERS} <= self.processes().keys() and self.ready(), seconds,
                   "all processes of sigward are there")
        return self.processes()

    def zombies(self):
        return [p for pid in [self.pid, *children(self.pid)] for p in children(pid)
                if state(p) == "Z"]

    # ---- policy ---------------------------------------------------------------------------------

    def compile(self, *documents):
        """Compiles the documents into the file that the daemon reads."""
        policies.write(self._policy_folder, documents)
        self.cli("policy", "compile", self._policy_folder, "--output", self.policy_file)

    def reload(self):
        """Asks for a reload and waits until it is done, for better or worse."""
        before = len(self.events("policy-active", "policy-not-taken"))
        self._process.send(signal.SIGHUP)
        wait_until(lambda: len(self.events("policy-active", "policy-not-taken")) > before, 10,
                   "the policy is reloaded")

    def use(self, *documents):
        self.compile(*documents)
        self.reload()

    # ---- questions ------------------------------------------------------------------------------

    def cli(self, *argv, gate=None, **more):
        env = {"SIGWARD_GATE_SOCKET": str(gate)} if gate else self.env
        return run(program("sigward"), *argv, env=env, **more)

    def status(self):
        return json.loads(self.cli("status", "-o", "json").stdout)

    def audit(self):
        """What runs, each container with its decision."""
        return json.loads(self.cli("audit", "-o", "json").stdout)["containers"]

    def verify(self, reference):
        """`sigward verify`: the exit code and the JSON on stdout."""
        done = self.cli("verify", reference, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else {}

    def ask(self, reference, digest, **more):
        """sigward-image-verifier as containerd calls it; returns the CompletedProcess."""
        said = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 1}
        return run(program("sigward-image-verifier"), "-name", reference, "-digest", digest,
                   "-stdin-media-type", "application/vnd.oci.descriptor.v1+json",
                   env=self.env, stdin=json.dumps(said), check=False, **more)

    # ---- what it said ---------------------------------------------------------------------------

    def log(self):
        return self._process.text() if self._process else ""

    def events(self, *names):
        """The log's lines with one of these events, oldest first."""
        lines = []
        for line in self.log().splitlines():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue
            if entry.get("event") in names:
                lines.append(entry)
        return lines

    def decisions(self):
        return self.events("decision")


def children(pid):
    try:
        return [int(p) for t in os.listdir(f"/proc/{pid}/task")
                for p in pathlib.Path(f"/proc/{pid}/task/{t}/children").read_text().split()]
    except OSError:
        return []


def state(pid):
    """The letter of the process's state; Z, as for one that only waits to be buried, when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


def descriptors(pid):
    """How many descriptors the process holds."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads(pid):
    """How many threads the process has."""
    return len(os.listdir(f"/proc/{pid}/task"))


def memory_kib(pid):
    """Memory of the process' own in KiB: what it shares with others (libraries) comes and goes with them."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines()
               if line.startswith(("RssAnon:", "RssShmem:")))
