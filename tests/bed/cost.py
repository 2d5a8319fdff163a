"""What questions cost: requests and bytes as registries saw them, time, and the workers' peak memory."""
import contextlib
import pathlib
import re
import threading
import time

from .sigward import WORKERS, children

_LOOK_EVERY = 0.005


class Cost:
    """Use as a context manager; what it says is true after its end."""

    def __init__(self, sigward, *registries):
        self._sigward = sigward
        self._workers = self._pids()
        self._registries = registries
        #: Requests by sigward, and bytes that were sent in answer to them.
        self.requests = self.bytes = 0
        self.seconds = 0.0
        #: By how much each worker's memory was larger than before, at most, in KiB. sigward-verifyd's is
        #: that of the largest of its children.
        self.memory_kib = {}

    def __enter__(self):
        for pid in self._workers.values():
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # forgets the peak
        self._requests_before, self._bytes_before = self._seen()
        self._memory_before = {name: peak_kib(pid) for name, pid in self._workers.items()}
        self._children_kib = 0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._watch_children, daemon=True)
        self._watch.start()
        self._started = time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self._started
        self._over.set()
        self._watch.join()
        requests, sent = self._seen()
        self.requests, self.bytes = requests - self._requests_before, sent - self._bytes_before
        # sigward-fetchd is another process now where hosts.toml names what the old one could not read.
        for name, pid in self._pids().items():
            peak = max(peak_kib(pid), self._children_kib if name == "sigward-verifyd" else 0)
            self.memory_kib[name] = peak - self._memory_before[name]

    def __str__(self):
        return f"{self.requests} requests, {self.bytes >> 10} KiB, {self.seconds:.1f} s, KiB of memory: {self.memory_kib}"

    def _pids(self):
        return {name: pid for name, pid in self._sigward.wait_for_processes().items() if name in WORKERS}

    def _seen(self):
        return (sum(r.by_sigward for registry in self._registries for r in registry.requests),
                sum(registry.bytes_sent for registry in self._registries))

    def _watch_children(self):
        while not self._over.wait(_LOOK_EVERY):
            for child in children(self._workers["sigward-verifyd"]):
                with contextlib.suppress(OSError, TypeError):  # it may end while it is looked at
                    self._children_kib = max(self._children_kib, peak_kib(child))


def peak_kib(pid):
    """The most resident memory the process has had, in KiB."""
    return int(re.search(r"^VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1])
