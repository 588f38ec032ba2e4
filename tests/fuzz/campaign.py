"""Coverage-guided fuzzing with atheris (`pip install atheris`), for when there is time: what it finds is kept in the corpus.

    python -m tests.fuzz.campaign manifest 300

runs that target for 300 seconds from its corpus. An input that breaks it is written down beside the corpus and the run ends;
put it into `corpus/TARGET/` with the fix, so that `make test` tries it from then on. New inputs that reached new code are
copied there as well: a choice of them, small and large.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

KEPT = 40
"""At most so many new inputs of one campaign are kept."""


def fuzz(name: str, folder: str, seconds: str) -> None:
    """In a process of its own: libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["regsync", "yaml"]):
        from tests.fuzz.targets import TARGETS

    arguments = [
        sys.argv[0],
        folder,
        f"-max_total_time={seconds}",
        "-max_len=40000",
        "-timeout=10",
        "-rss_limit_mb=4096",
    ]
    atheris.Setup([*arguments, "-print_final_stats=1"], TARGETS[name])
    atheris.Fuzz()


def main(name: str, seconds: str) -> int:
    """Fuzz in a copy of the corpus, then keep what is new."""
    kept = Path(__file__).with_name("corpus") / name
    with tempfile.TemporaryDirectory() as folder:
        for path in kept.iterdir():
            shutil.copy(path, folder)
        known = {path.name for path in kept.iterdir()}
        done = subprocess.run([sys.executable, "-m", __spec__.name, name, folder, seconds], check=False)
        found = sorted(
            (path for path in Path(folder).iterdir() if path.name not in known), key=lambda p: p.stat().st_size
        )
        for path in found[:: len(found) // KEPT + 1]:
            content = path.read_bytes()
            (kept / f"found-{hashlib.sha256(content).hexdigest()[:12]}").write_bytes(content)
        print(f"{len(found)} inputs reached new code; some of them are kept in {kept}")
    return done.returncode


if __name__ == "__main__":
    if len(sys.argv) == 4:
        os.environ.setdefault("WANDB_API_KEY", "0" * 44)
        fuzz(*sys.argv[1:])
    else:
        sys.exit(main(*sys.argv[1:]))
