"""Keyless bundles beside sigstore-go's program: the same bundles, trusted root and identity."""
import statistics

from bed import conformance
from bed.peers import SOURCE, peer, program

from . import programs
from .figures import Row, in_ms

PAIRS = 150
PUBLIC_GOOD = SOURCE / "policy/sigstore/trusted_root.json"
BUNDLES = ("happy-path-v0.1", "happy-path-v0.3", "happy-path-intoto-in-dsse-v3", "rekor2-happy-path")


def sigstore_go(bed):
    """Both ways of counting: the whole process, and what is left of it when its start (the same program
    asked for its help) is taken away on both sides."""
    pairs = programs.build("pairs", bed.place)
    theirs, ours = peer("sigstore-go-verification"), program("sigward")
    starts = _medians(pairs, (theirs, "-help"), (ours, "verify-bundle", "--help"))
    rows = []
    for name in BUNDLES:
        root = conformance.beside(name, "trusted_root.json") or PUBLIC_GOOD
        whole = _medians(
            pairs,
            (theirs, "-trustedrootJSONpath", root, "-artifact", conformance.artifact(name), "-expectedIssuer",
             conformance.ISSUER, "-expectedSAN", conformance.IDENTITY, conformance.bundle(name)),
            (ours, *conformance.arguments(name), conformance.artifact(name)))
        left = [taken - start for taken, start in zip(whole, starts)]
        for told, (a, b) in (("whole process", whole), ("start subtracted", left)):
            rows.append(Row(f"`sigward verify-bundle` ÷ sigstore-go's program, {name}, {told}",
                            f"{in_ms(a)} → {in_ms(b)}, {PAIRS} pairs", b / a, None, "{:.2f}"))
    return rows


def _medians(pairs, first, second):
    return [statistics.median(taken) for taken in programs.alternate(pairs, PAIRS, first, second, exits=0)]
