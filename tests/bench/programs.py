"""The small static C programs of this folder, and what they measure."""
import pathlib

from bed.process import run

_HERE = pathlib.Path(__file__).resolve().parent


def build(name, folder, **defines):
    """Builds NAME.c statically into FOLDER; DEFINES are texts that it is given."""
    program = folder / name.replace("_", "-")
    run("cc", "-O2", "-static", "-Wall", "-Werror", "-o", program,
        *(f'-D{key}="{value}"' for key, value in defines.items()), _HERE / f"{name}.c")
    return program


def alternate(pairs, count, first, second, exits, stdin="/dev/null", env=None):
    """Seconds that FIRST and SECOND took, COUNT times each; both must exit with EXITS."""
    done = run(pairs, count, stdin, *first, "--", *second, env=env, timeout=300)
    rows = [[int(word) for word in line.split()] for line in done.stdout.splitlines()]
    odd = {(row[1], row[3]) for row in rows} - {(exits, exits)}
    if odd or len(rows) != count:
        raise RuntimeError(f"{first[0]} or {second[0]} did not exit with {exits}: {odd}")
    return [row[0] / 1e9 for row in rows], [row[2] / 1e9 for row in rows]
