"""Where everything lies: the programs under test and the peers that scripts/peers brought."""
import os
import pathlib

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SIGWARD_BIN_DIR", SOURCE / "build/release/bin"))
PEERS = pathlib.Path(os.environ.get("SIGWARD_PEERS_DIR", SOURCE / "build/peers"))


def program(name):
    """A program of sigward itself."""
    return _existing(BIN / name, "build it first, or set SIGWARD_BIN_DIR")


def peer(name, suite=""):
    """A program that scripts/peers brought; the one of an older Debian SUITE, where named."""
    places = [PEERS / suite / "usr" / folder / name for folder in ("bin", "sbin")]
    return _existing(next((p for p in places if p.exists()), places[0]), "run scripts/peers first")


def _existing(path, otherwise):
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: {otherwise}")
    return path


def proto(ending):
    """The .proto file of a peer whose path ends so."""
    return next(PEERS.rglob(ending))
