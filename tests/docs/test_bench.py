"""`make bench`: a table that was saved is the same when it is read again, and two of them can be compared."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from benchmarks import limits, promoting, table, worlds
from benchmarks.measuring import machine
from benchmarks.proxy import Proxy, far_away
from tests.interop.worlds import make_world, serving

ROOT = Path(__file__).parents[2]


def results(seconds: float) -> table.Results:
    found = table.Results(machine())
    found.add(table.Figure(what="plan", who="regsync", size=1000, seconds=seconds, megabytes=40, requests=3))
    found.add(table.Figure(what="plan", who="terraform", size=1000, skipped="not installed"))
    found.at_least("faster than terraform", 60, 50)
    found.at_most("start-up", 1.5, 1.3)
    return found


def compare(*files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "--compare", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def test_what_is_saved_is_read_again_and_compared(tmp_path: Path) -> None:
    before, after = results(2.0), results(1.0)
    before.save(tmp_path / "before.json")
    after.save(tmp_path / "after.json")
    assert table.load(tmp_path / "before.json") == before
    done = compare(tmp_path / "before.json", tmp_path / "after.json")
    assert done.returncode == 0, done.stderr
    (row,) = [line for line in done.stdout.splitlines() if "seconds" in line]
    assert [part.strip() for part in row.strip("│").split("│")][-3:] == ["2.00", "1.00", "0.50"]
    assert "terraform" not in done.stdout


def test_a_file_that_is_no_table_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"apiVersion": "regsync/plan/v1"}')
    for file in (tmp_path / "plan.json", tmp_path / "none.json"):
        done = compare(file)
        assert done.returncode == 1
        assert file.name in done.stderr
        assert "Traceback" not in done.stderr


def bench(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks", *arguments]


def test_where_the_table_cannot_be_saved_nothing_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "table.json", tmp_path):
        command = bench("--only", "planning", "100", "--save", str(place))
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith(f"make bench: {tmp_path}") and "hint: SAVE=FILE" in done.stderr
        assert "measuring" not in done.stderr and "Traceback" not in done.stderr


def test_a_run_that_is_stopped_keeps_what_it_has_measured(tmp_path: Path) -> None:
    saved = tmp_path / "table.json"
    command = bench("--only", "planning", "100", "--save", str(saved))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "measuring: start-up\n"
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 1
    assert rest.startswith(f"stopped; what was measured until then is in {saved}")
    assert table.load(saved).figures == []


def test_requests_are_computed_on_a_straight_line() -> None:
    found = table.Results(machine())
    for size in (1_000, 3_000):
        for work in limits.WORKS:
            requests = 10 + size // (10 if work.startswith("plan and apply") else 100)
            found.add(table.Figure(what=limits.COUNTED + work, who="regsync", size=size, requests=requests))
    rows = [row.strip("|").split("|") for row in limits.projection(found).splitlines()]
    (row,) = [[cell.strip() for cell in row] for row in rows if row[0].strip() == limits.ALL.name and " 10,000 " in row]
    assert row[2:] == ["1,010", "17 min", "3.4 min", "20 s", "67 s", "33 s", ""]


def test_nothing_is_computed_from_one_size() -> None:
    assert limits.projection(results(2.0)) == ""


def test_the_table_for_the_documentation_names_what_was_left_out_and_which_goals_are_met() -> None:
    shown = table.markdown(results(2.0))
    assert "| plan | terraform | 1,000 | left out: not installed |" in shown
    assert [line.rpartition("|")[0].rpartition("|")[2].strip() for line in shown.splitlines() if "×" in line] == [
        "yes",
        "no",
    ]


@pytest.mark.parametrize("linking", [False, True])
def test_the_manifest_of_promotions_differs_from_the_world_in_just_those_lines(linking: bool) -> None:
    wanted = promoting.moves(120, 1_000, linking=linking)
    before, after = worlds.manifest(1_000).splitlines(), promoting.manifest(wanted, 1_000).splitlines()
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == len({(move.collection, move.alias) for move in wanted}) == 120
    assert sum(line.endswith(worlds.SPARE) for line in changed) == (60 if linking else 0)


def test_the_proxy_hands_on_what_is_asked_and_answered_and_counts(tmp_path: Path) -> None:
    make_world(tmp_path / "registry.db")
    with serving(tmp_path / "registry.db") as url, far_away(url, 0) as proxy:
        direct, through = (
            httpx.post(f"{each}/graphql", json={"query": "{ viewer { id } }"}) for each in (url, proxy.url)
        )
        assert through.json() == direct.json()
        assert through.status_code == direct.status_code == 401
    assert proxy.requests == proxy.in_turn == 1


def test_requests_in_turn_are_the_longest_chain_of_which_each_waits_for_the_one_before() -> None:
    proxy = Proxy("http://127.0.0.1:1")
    for began, ended in [(0, 2), (2, 9), (3, 4), (3, 5), (4, 6), (9, 10)]:
        proxy.note(began, ended)
    assert (proxy.requests, proxy.in_turn) == (6, 4)
