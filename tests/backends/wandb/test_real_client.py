"""After an apply over HTTP and one on the file itself, the vendor's own client reads the same."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.backends.wandb.script import MANIFEST, SEED
from tests.backends.wandb.worlds import Work, local_apply, local_plan, served, write_world
from tests.interop.clients import Client


def as_the_client_reads_it(server: str, home: Path) -> Any:
    client = Client("newest", Path(sys.executable), server, home)
    done = client.attempt(["-m", "tests.backends.wandb.read_all"], "alice")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])["registries"]


def test_the_client_reads_the_same_after_both(tmp_path: Path) -> None:
    direct = write_world(tmp_path / "direct.db", SEED)
    over_http = tmp_path / "http.db"
    shutil.copy(direct, over_http)
    manifest = Work(tmp_path, "").manifest(MANIFEST)
    local = local_apply(direct, local_plan(direct, manifest), tmp_path / "local-state").receipt
    assert local is not None and local.verified
    with served(over_http) as server:
        work = Work(tmp_path, server)
        receipt = work.apply(work.plan(manifest)).receipt
        assert receipt is not None and receipt.verified
        after_http = as_the_client_reads_it(server, tmp_path)
    with served(direct) as server:
        assert as_the_client_reads_it(server, tmp_path) == after_http
    assert after_http.keys() == {"fresh", "model", "second name"}
    assert after_http["model"]["visibility"] == "restricted"
    production = [row for row in after_http["model"]["versions"] if "production" in row[1]]
    assert [row[2] for row in production] == ["acme-ml/fraud/detector:v3"]
