"""Measures every row, or those of the functions that are named, and prints the table: exit 1 when one is
over its budget."""
import contextlib
import pathlib
import secrets
import shutil
import signal
import sys
import tempfile

from . import create, daemon, keyless, pull
from .figures import HEAD, line
from .node import Bed

ROWS = (
    lambda bed: daemon.start(bed),
    lambda bed: daemon.memory(bed, "after the start"),
    lambda bed: daemon.verifier(bed),
    lambda bed: pull.library(bed),
    lambda bed: keyless.sigstore_go(bed),
    lambda bed: pull.warm_pull(bed),
    lambda bed: pull.at_once(bed),
    lambda bed: pull.cold(bed),
    lambda bed: pull.crowd(bed),
    lambda bed: create.cri_create(bed),
    lambda bed: create.runtime_create(bed),
    lambda bed: create.many_at_once(bed),
    lambda bed: daemon.memory(bed, f"after {create.ROUNDS * create.AT_ONCE} creates under load"),
    lambda bed: daemon.boot(bed),
)


def interrupted(*_):
    raise KeyboardInterrupt


def wanted(names):
    """The rows of those functions, or all."""
    return [row for row in ROWS if not names or set(names) & set(row.__code__.co_names)]


def main():
    signal.signal(signal.SIGTERM, interrupted)
    over = 0
    with contextlib.ExitStack() as closing:
        # Its name becomes containerd's namespace, which may not have the "_" of mkdtemp's names anywhere.
        place = pathlib.Path(tempfile.gettempdir()) / f"sigward-bench-{secrets.token_hex(4)}"
        place.mkdir(mode=0o755)
        closing.callback(shutil.rmtree, place, ignore_errors=True)
        bed = Bed(place, closing)
        print(HEAD, flush=True)
        for measure in wanted(sys.argv[1:]):
            for row in measure(bed):
                print(line(row), flush=True)
                over += not row.ok
    print(f"\n{over} over budget" if over else "\nall within their budgets")
    return 1 if over else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted: everything is stopped and removed")
