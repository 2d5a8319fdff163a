"""The rows of the daemon itself and of the pull's program: start, memory, boot, image verifier."""
import json
import pathlib
import statistics
import time

from bed.peers import program
from bed.process import Background, run, wait_until
from bed.sigward import children

from . import programs
from .figures import Row, in_ms, ratio

VERIFIER_PAIRS = 500
BOOT_IMAGES = 110
STARTS = 11
IDLE_SECONDS = 5
PSS_BUDGET_MIB = 25


def verifier(bed):
    """sigward-image-verifier asking about an image whose signature is remembered, over a program that
    returns 0."""
    reference, digest = bed.add_image("verifier")
    done = bed.sigward.ask(reference, digest)
    if done.returncode:
        raise RuntimeError(done.stdout)
    pairs, zero = (programs.build(name, bed.place) for name in ("pairs", "zero"))
    ask = (program("sigward-image-verifier"), "-name", reference, "-digest", digest, "-stdin-media-type",
           "application/vnd.oci.descriptor.v1+json")
    base, asking = programs.alternate(pairs, VERIFIER_PAIRS, (zero,), ask, exits=0,
                                      stdin=bed.descriptor_file(digest), env=bed.sigward.env)
    return [ratio("sigward-image-verifier, warm ÷ a static program that returns 0", base, asking, 1.5)]


def start(bed):
    """From the launcher's exec to the daemon's "ready", with a policy, without state."""
    taken = []
    config = bed.sigward.folder / "config.toml"
    bed.sigward.stop()
    for number in range(STARTS):
        log = bed.place / f"start-{number}.log"
        started = time.monotonic()
        process = Background([program("sigwardd"), "--config", config], log, ready=lambda: True)
        wait_until(lambda: '"event":"ready"' in log.read_text(), 10, "ready", every=0.001)
        taken.append(time.monotonic() - started)
        process.stop()
    bed.sigward.start()
    bed.wait_for_nri()
    return [Row("start to ready", f"median of {STARTS}, slowest {in_ms(max(taken))}",
                statistics.median(taken) * 1e3, 100, "{:.0f} ms")]


def memory(bed, when):
    """PSS of the launcher, sigwardd and both workers, with the child that sigward-verifyd keeps ready."""
    time.sleep(IDLE_SECONDS)
    sizes = {name: _pss_mib(pid) for name, pid in bed.sigward.processes().items()}
    sizes["its child"] = sum(_pss_mib(pid) for pid in children(bed.sigward.processes()["sigward-verifyd"]))
    told = ", ".join(f"{name} {size:.1f}" for name, size in sizes.items())
    return [Row(f"idle PSS of all processes, {when}", told, sum(sizes.values()), PSS_BUDGET_MIB,
                "{:.1f} MiB")]


def _pss_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no Pss of {pid}")


def boot(bed):
    """110 images with evidence on disk and the registry away: from the daemon's start until all have
    been judged in the background, and until a create of each has been answered."""
    references = [bed.add_image(f"boot-{number}")[0] for number in range(BOOT_IMAGES)]
    for reference in references:
        bed.guarded.pull(reference)
    bed.registry.stop()
    try:
        return [_boot_creates(bed, references), _boot_background(bed)]
    finally:
        bed.registry.start()


def _restart(bed):
    bed.sigward.stop()
    started = time.monotonic()
    bed.sigward.start()
    return started


def _boot_background(bed):
    started = _restart(bed)

    def prepared():
        progress = bed.sigward.status()["preparation"]
        return progress["prepared"] >= BOOT_IMAGES and progress["waiting"] == 0
    wait_until(prepared, 60, "all images are prepared", every=0.1)
    return Row(f"boot: {BOOT_IMAGES} images judged in the background", "from start to nothing waiting",
               time.monotonic() - started, 5, "{:.1f} s")


def _boot_creates(bed, references):
    node = bed.guarded
    started = _restart(bed)
    bed.wait_for_nri()
    registered = time.monotonic() - started
    pending = [node.cri.runtime.CreateContainer.future(node.creation(reference), timeout=60)
               for reference in references]
    made = [one.result().container_id for one in pending]
    seconds = time.monotonic() - started
    answers = [one for one in bed.sigward.decisions()
               if one["origin"] == "nri" and one["image"] in set(references)]
    node.remove(*made)
    if len(answers) < BOOT_IMAGES or any(one["decision"] != "allow" for one in answers):
        raise RuntimeError(f"{len(answers)} answers for {BOOT_IMAGES} images: {json.dumps(answers[-1:])}")
    slowest = max(one["elapsedMs"] for one in answers[-BOOT_IMAGES:])
    return Row(f"boot: {BOOT_IMAGES} different containers created at once, from disk evidence",
               f"registered after {registered:.2f} s; slowest answer {slowest:.0f} ms; containerd's own "
               "work included", seconds, 5, "{:.1f} s")
