"""The rows of the pull gate: what a warm and a cold pull cost, requests and rounds, many questions at once."""
import collections
import math
import os
import statistics
import subprocess
import time

from bed import images, lying, signing
from bed.peers import BIN, peer, program
from bed.process import run
from bed.registry import write_hosts

from . import programs
from .figures import MILLISECOND, Row, difference, in_ms, percentile

PULL_PAIRS = 300
WARM_UP = 5
AT_ONCE = 100
ROUNDS = 30
COLD_PAIRS = 20
CROWD = 1000
CROWD_IMAGES = 50


def warm_pull(bed):
    """`ctr images pull` of an image that is there and whose signature is remembered; every other time the
    only program in bin_dir is one that returns 0."""
    reference, _ = bed.add_image("warm-pull")
    containerd = bed.guarded.containerd
    zero = programs.build("zero", bed.place)
    verifiers = {"zero": zero, "sigward": program("sigward-image-verifier")}
    taken = collections.defaultdict(list)
    for number in range(WARM_UP + PULL_PAIRS):
        for kind in ("zero", "sigward") if number % 2 else ("sigward", "zero"):
            containerd.verify_with(verifiers[kind])
            started = time.monotonic()
            done = containerd.pull(reference)
            seconds = time.monotonic() - started
            if done.returncode:
                raise RuntimeError(done.stderr)
            if number >= WARM_UP:
                taken[kind].append(seconds)
    return [difference("warm `ctr images pull`, over a static verifier that returns 0", taken["zero"],
                       taken["sigward"], 0.5)]


def at_once(bed):
    """Questions about an image whose signature is remembered, from as many threads at once."""
    reference, digest = bed.add_image("at-once")
    seconds = _ask(bed, AT_ONCE, 1 + ROUNDS, [(reference, digest)])[AT_ONCE:]
    return [Row(f"question, {AT_ONCE} at once, p99", f"median {in_ms(statistics.median(seconds))}, "
                f"{len(seconds)} questions", percentile(seconds, .99) * 1e3, 10, "{:.1f} ms")]


def _ask(bed, count, rounds, asked):
    """Seconds that each of COUNT questions at once took; all must be allowed."""
    lines = "".join(f"{reference} {digest}\n" for reference, digest in asked)
    said = run(BIN.parent / "bench/questions_at_once", bed.sigward.socket, count, rounds, stdin=lines, timeout=300)
    rows = [line.split() for line in said.stdout.splitlines()]
    if len(rows) != count * rounds or any(verdict != "allow" for _, verdict in rows):
        raise RuntimeError(f"not all of {count * rounds} questions were allowed")
    return [int(nanoseconds) / 1e9 for nanoseconds, _ in rows]


def cold(bed):
    """The first question about an image, as a process, and `cosign verify` of the same image by turns."""
    rows = []
    for kind, add in (("legacy", bed.add_image), ("bundle", bed.add_bundle_image)):
        signed = [add(f"cold-{kind}-{number}") for number in range(COLD_PAIRS)]
        before = len(bed.registry.requests())
        taken = collections.defaultdict(list)
        for number, (reference, digest) in enumerate(signed):
            for tool in (_ask_cold, _cosign) if number % 2 else (_cosign, _ask_cold):
                taken[tool].append(tool(bed, reference, digest))
        own = [r for r in bed.registry.requests()[before:] if r.by_sigward]
        ours, theirs = (statistics.median(taken[tool]) for tool in (_ask_cold, _cosign))
        rows += [Row(f"key signature, cold, {kind} ÷ `cosign verify`",
                     f"{in_ms(theirs)} → {in_ms(ours)}, {COLD_PAIRS} pairs", ours / theirs, 0.1, "{:.3f}"),
                 Row(f"requests for it, {kind}", f"{len(own)} for {COLD_PAIRS} images, by the registry's log",
                     len(own) / COLD_PAIRS, 5, "{:.1f}"),
                 _rounds(bed, kind)]
    return rows


def _ask_cold(bed, reference, digest):
    started = time.monotonic()
    done = subprocess.run(
        [program("sigward-image-verifier"), "-name", reference, "-digest", digest, "-stdin-media-type",
         "application/vnd.oci.descriptor.v1+json"],
        stdin=open(bed.descriptor_file(digest), "rb"), env=bed.sigward.env, capture_output=True, check=False)
    seconds = time.monotonic() - started
    if done.returncode:
        raise RuntimeError(done.stdout)
    return seconds


def _cosign(bed, reference, digest):
    tagged = reference.rpartition(":")[0] + "@" + digest
    argv = [peer("cosign"), "verify", "--key", bed.keys.folder / "good.pub", *signing.INSECURE,
            "--insecure-ignore-tlog", "--private-infrastructure", tagged]
    env = {**os.environ, "HOME": str(bed.keys.folder)}
    started = time.monotonic()
    done = subprocess.run([str(one) for one in argv], env=env, capture_output=True, check=False)
    seconds = time.monotonic() - started
    if done.returncode:
        raise RuntimeError(done.stderr)
    return seconds


def _rounds(bed, kind):
    """How often one request waits for another: the time of a question to a registry that answers late,
    in units of that lateness."""
    registry = lying.LyingRegistry()
    repository = registry.repository("rounds")
    image = images.build(f"rounds {kind}")
    repository.add_image("v1", image)
    if kind == "legacy":
        said = signing.payload(image.top)
        signature = signing.text(bed.keys.sign("good", said))
        repository.add_evidence(signing.legacy_tag(image.top), signing.legacy_image([(said, signature)]))
    else:
        repository.add_referrer(image.top, *bed.bundle_for(image))
    repository.strike("late")
    write_hosts(bed.hosts_dir, registry.host, registry.hosts_toml())
    try:
        seconds = _ask_cold(bed, f"{registry.host}/rounds:v1", image.top)
    finally:
        registry.stop()
    return Row(f"sequential round trips for it, {kind}",
               f"{seconds:.2f} s at a registry that answers {lying.LATE} s late",
               math.floor(seconds / lying.LATE), 2 if kind == "legacy" else 3, "{:.0f}")


def crowd(bed):
    """A thousand first questions at once about fifty images, and how often each object was fetched."""
    asked = [(bed.add_image if number % 2 else bed.add_bundle_image)(f"crowd-{number}")
             for number in range(CROWD_IMAGES)]
    before = len(bed.registry.requests())
    seconds = _ask(bed, CROWD, 1, asked)
    counts = collections.Counter((r.method, r.path) for r in bed.registry.requests()[before:] if r.by_sigward)
    return [Row(f"{CROWD} questions at once about {CROWD_IMAGES} images, most fetches of one object",
                f"all answered; median {seconds and percentile(seconds, .5):.2f} s, slowest {max(seconds):.2f} s, "
                f"{sum(counts.values())} requests", max(counts.values()), 1, "{:.0f}")]


def library(_):
    """What the library adds to one signature's arithmetic, and matching: medians of library_bench's CPU
    times, its repetitions interleaved."""
    said = run(BIN.parent / "bench/library_bench", "--benchmark_min_time=0.2", "--benchmark_repetitions=11",
               "--benchmark_enable_random_interleaving=true", "--benchmark_report_aggregates_only=true",
               "--benchmark_format=csv", timeout=300)
    medians = {}
    for line in said.stdout.splitlines():
        name, *cells = line.split(",")
        if name.strip('"').endswith("_median"):
            medians[name.strip('"').removesuffix("_median")] = float(cells[2]) * 1e-3
    raw = medians["RawVerify"]
    rows = [Row(f"library: {told} over the raw OpenSSL verify", f"{raw:.1f} µs → {medians[name]:.1f} µs",
                medians[name] - raw, 15, "{:+.1f} µs")
            for name, told in (("LegacySignature", "a legacy signature"), ("BundleSignature", "a bundle's"))]
    raw, whole = medians["KeylessRawChecks"], medians["KeylessBundle"]
    told = f"{raw:.0f} µs → {whole:.0f} µs; OpenSSL reads the certificate in {medians['ReadCertificate']:.0f} µs"
    rows.append(Row("library: a keyless bundle ÷ its raw OpenSSL checks", told,
                    whole / raw, 1.25, "{:.2f}"))
    return rows + [Row("match among 1,000 policies", "2,000 globs, one matches", medians["Match/1000"], 10,
                       "{:.1f} µs")]
