"""Coverage-guided fuzzing with atheris (`pip install 'regsync[fuzz]'`), from the corpus on, for as long as there is time:

    python -m tests.fuzz.campaign manifest 300 --keep

An input that breaks the target is written into `corpus/TARGET/`, so that `make test` tries it from then on, and the run ends.
With `--keep`, some of the inputs that reached new code are written there as well, small and large ones.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

import click

CORPUS = Path(__file__).with_name("corpus")
KEPT = 40
"""At most so many new inputs of one campaign are kept."""


def fuzz(name: str, folder: str, seconds: int) -> None:
    """In a process of its own: libFuzzer ends it. Only what is imported here is watched by it."""
    import atheris

    with atheris.instrument_imports(include=["regsync", "yaml"]):
        from tests.fuzz.targets import JSON, TARGETS
    from tests.fuzz.mutations import altered

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        """Half of the time the value of a document is altered; bytes alone would rarely get past the JSON reader."""
        chance = Random(seed)
        return bytes(altered(chance, [data]) if chance.randrange(2) else atheris.Mutate(data, most))[:most]

    limits = ["-max_len=40000", "-timeout=20", "-rss_limit_mb=4096"]
    broken = f"-artifact_prefix={CORPUS / name}/"
    atheris.Setup(
        [sys.argv[0], folder, f"-max_total_time={seconds}", broken, *limits],
        TARGETS[name],
        **({"custom_mutator": mutate} if name in JSON else {}),
    )
    atheris.Fuzz()


def start(name: str, seconds: int, *, keep: bool) -> int:
    """Fuzz in a copy of the corpus. The exit code of libFuzzer."""
    from tests.fuzz.targets import corpus

    with tempfile.TemporaryDirectory() as folder:
        for content in corpus(name):
            (Path(folder) / _name_of(content)).write_bytes(content)
        known = {path.name for path in Path(folder).iterdir()}
        command = [sys.executable, "-m", "tests.fuzz.campaign", name, str(seconds), "--inside", folder]
        ended = subprocess.run(command, check=False)
        new = [path for path in Path(folder).iterdir() if path.name not in known]
        contents = [path.read_bytes() for path in sorted(new, key=lambda path: path.stat().st_size)]
        if keep:
            for content in contents[:: len(contents) // KEPT + 1]:
                (CORPUS / name / _name_of(content)).write_bytes(content)
        click.echo(f"{len(contents)} inputs reached new code")
    return ended.returncode


def _name_of(content: bytes) -> str:
    return f"found-{hashlib.sha256(content).hexdigest()[:12]}"


@click.command(help=__doc__)
@click.argument("name")
@click.argument("seconds", type=int)
@click.option("--keep", is_flag=True, help="Write inputs that reached new code into the corpus.")
@click.option("--inside", hidden=True, help="The folder in which the process that fuzzes works.")
def main(name: str, seconds: int, keep: bool, inside: str | None) -> None:
    if inside is None:
        sys.exit(start(name, seconds, keep=keep))
    os.environ.setdefault("WANDB_API_KEY", "0" * 44)
    fuzz(name, inside, seconds)


if __name__ == "__main__":
    main()
