"""What was measured against what was promised: one line per row."""
import dataclasses
import math
import statistics

MILLISECOND = 1e-3


def percentile(values, share):
    """The smallest value that at least SHARE (0 to 1) of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def in_ms(seconds):
    return f"{seconds * 1e3:.2f} ms"


@dataclasses.dataclass
class Row:
    """One budget. VALUE and BUDGET have one unit, which FORMAT shows; without a budget it only informs."""
    name: str
    measured: str
    value: float
    budget: float | None
    format: str

    @property
    def ok(self):
        return self.budget is None or self.value <= self.budget

    def cells(self):
        verdict = "–" if self.budget is None else "ok" if self.ok else "over"
        budget = "none" if self.budget is None else "≤ " + self.format.format(self.budget)
        return self.name, self.measured, self.format.format(self.value), budget, verdict


def difference(name, base, with_sigward, budget_ms=None, note=""):
    """How much is added to BASE; both are seconds per run."""
    a, b = statistics.median(base), statistics.median(with_sigward)
    measured = f"{in_ms(a)} → {in_ms(b)}, {len(base)} pairs" + (f"; {note}" if note else "")
    return Row(name, measured, (b - a) * 1e3, budget_ms, "{:+.2f} ms")


def ratio(name, base, with_sigward, budget):
    a, b = statistics.median(base), statistics.median(with_sigward)
    return Row(name, f"{in_ms(a)} → {in_ms(b)}, {len(base)} pairs", b / a, budget, "{:.2f}")


def line(row):
    """The row as a line of a Markdown table."""
    return "| " + " | ".join(row.cells()) + " |"


HEAD = "| what | measured | figure | budget | |\n|---|---|---|---|---|"
