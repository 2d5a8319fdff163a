"""The rows of the create gate: what each door adds, and what it answers under load."""
import collections
import os
import shutil
import time

from bed.peers import program

from . import programs
from .figures import MILLISECOND, Row, difference, percentile
from .node import busy

CREATE_PAIRS = 150
RUNTIME_PAIRS = 200
STATE_PAIRS = 200
WARM_UP = 10
AT_ONCE = 200
ROUNDS = 5
# What systemd gives a service: how far the wrapper has to look for the real runtime.
NODE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def cri_create(bed):
    """CreateContainer on two containerds, sigward registered with one and a plugin that answers at once
    with the other; no runtime door."""
    reference, _ = bed.add_image("cri", runs=True)
    taken = collections.defaultdict(list)
    nodes = [bed.other, bed.guarded]
    for node in nodes:
        node.pull(reference)
    before = len(bed.sigward.decisions())
    for number in range(WARM_UP + CREATE_PAIRS):
        for node in nodes if number % 2 else reversed(nodes):
            request = node.creation(reference)
            started = time.monotonic()
            made = node.cri.runtime.CreateContainer(request, timeout=60)
            seconds = time.monotonic() - started
            node.remove(made.container_id)
            if number >= WARM_UP:
                taken[node].append(seconds)
    return [difference("CRI CreateContainer, over a plugin that answers at once", taken[bed.other],
                       taken[bed.guarded], 1, note=_own_time(bed, "nri", before))]


def _own_time(bed, origin, before):
    """The daemon's own share, from the decisions since BEFORE."""
    own = [one["elapsedMs"] for one in bed.sigward.decisions()[before:] if one["origin"] == origin]
    return f"the daemon's own median {percentile(own, .5):.2f} ms"


def runtime_create(bed):
    """`runc create` as the shim calls it, every other one through sigward-runtime, and the whole
    `ctr run` around it."""
    reference, _ = bed.add_image("runtime", runs=True)
    folder = bed.place / "timed"
    wrapper = folder / "wrapper/runc"
    wrapper.parent.mkdir(parents=True)
    wrapper.symlink_to(program("sigward-runtime"))
    times = folder / "times"
    bare = shutil.which("runc", path=NODE_PATH)
    timed = programs.build("timed_runtime", folder, WRAPPED=wrapper, BARE=bare, TIMES=times,
                           SEARCH_PATH=f"{wrapper.parent}:{NODE_PATH}")
    containerd = bed.guarded.containerd
    place = containerd.runtime_dir / "runc"
    place.unlink()
    shutil.copy(timed, place)
    containerd.restart()
    bed.guarded.cri.wait()
    pulled = containerd.pull(reference)
    if pulled.returncode:
        raise RuntimeError(pulled.stderr)
    whole = collections.defaultdict(list)
    before = len(bed.sigward.decisions())
    for number in range(WARM_UP + RUNTIME_PAIRS):
        for kind in ("bare", "wrapped") if number % 2 else ("wrapped", "bare"):
            started = time.monotonic()
            done = containerd.run(reference, f"{kind}-{number}", "--rm")
            seconds = time.monotonic() - started
            if done.returncode:
                raise RuntimeError(done.stderr)
            if number >= WARM_UP:
                whole[kind].append(seconds)
    creates = collections.defaultdict(list)
    for line in times.read_text().splitlines():
        kind, nanoseconds = line.split()
        creates[kind].append(int(nanoseconds) / 1e9)
    containerd.restart(wrapped=False)
    bed.guarded.cri.wait()
    bed.wait_for_nri()
    return [difference("`runc create` through sigward-runtime, over the bare runc",
                       creates["bare"][WARM_UP:], creates["wrapped"][WARM_UP:], 1.5,
                       note=_own_time(bed, "runtime", before)),
            difference("the whole `ctr run --rm`, the same way", whole["bare"], whole["wrapped"]),
            _state(bed, bare, wrapper)]


def _state(bed, bare, wrapper):
    pairs = programs.build("pairs", bed.place)
    question = ("--root", bed.place / "no-containers", "state", "missing")
    path = f"{wrapper.parent}:{NODE_PATH}"
    base, wrapped = programs.alternate(pairs, STATE_PAIRS, (bare, *question), (wrapper, *question),
                                       exits=1, env={"PATH": path})
    return difference("`runc state` of a missing container, passed through", base, wrapped)


def many_at_once(bed):
    """The daemon's own time for the NRI question, as its decision records say it: 200 creates at once,
    twice as many computing processes as cores beside it."""
    reference, _ = bed.add_image("many", runs=True)
    node = bed.guarded
    node.pull(reference)
    gaps = bed.sigward.status()["nri"]["gaps"]
    before = len(bed.sigward.decisions())
    whole = []
    with busy(2 * os.cpu_count()):
        for _ in range(ROUNDS):
            started = time.monotonic()
            pending = [node.cri.runtime.CreateContainer.future(node.creation(reference), timeout=120)
                       for _ in range(AT_ONCE)]
            made = [one.result().container_id for one in pending]
            whole.append(time.monotonic() - started)
            node.remove(*made)
    answers = [one["elapsedMs"] for one in bed.sigward.decisions()[before:]
               if one["origin"] == "nri" and one["decision"] == "allow"]
    if len(answers) != ROUNDS * AT_ONCE or bed.sigward.status()["nri"]["gaps"] != gaps:
        raise RuntimeError(f"{len(answers)} of {ROUNDS * AT_ONCE} creates were answered in time")
    seconds = [one * MILLISECOND for one in answers]
    return [Row(f"NRI answer, {AT_ONCE} creates at once, all cores stressed, p99.9",
                f"median {percentile(answers, .5):.2f} ms, p99 {percentile(answers, .99):.2f} ms, "
                f"{len(answers)} answers; {AT_ONCE} creates take containerd {percentile(whole, .5):.1f} s",
                percentile(seconds, .999), 1, "{:.3f} s")]
