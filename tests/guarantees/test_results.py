"""Plans and receipts are written whole, where the user says, and over nothing that is needed."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor

from tests.guarantees.room import Room
from tests.guarantees.test_two_at_once import DETECTOR


def test_no_result_is_written_over_what_is_read(room: Room) -> None:
    room.world({"model": {"collections": {"c": {"type": "model", "versions": [f"{DETECTOR}:v0"]}}}})
    room.manifest({"registries": {"model": {"collections": {"c": {"type": "model", "aliases": {"a": "v0"}}}}}})
    plan = ["plan", "registry.yaml", "-o"]
    assert room.run(*plan, "plan.json").code == 0
    before = {name: (room.folder / name).read_bytes() for name in ("registry.yaml", "registry.db", "plan.json")}
    for command in (
        [*plan, "registry.yaml"],
        [*plan, "registry.db"],
        [*plan, "./registry.yaml"],
        ["apply", "plan.json", "--receipt", "plan.json"],
        ["apply", "plan.json", "--receipt", "registry.db"],
    ):
        ended = room.run(*command)
        assert ended.code == 1 and "this command reads it" in ended.err, (command, ended.err)
    for nowhere in (".", "/", "", "none/here.json", "/proc/regsync"):
        for command in ([*plan, nowhere], ["apply", "plan.json", "--receipt", nowhere]):
            ended = room.run(*command)
            assert ended.code == 1, command
            assert "error: cannot write" in ended.err or "Error: Invalid value" in ended.err, (command, ended.err)
    assert all((room.folder / name).read_bytes() == content for name, content in before.items())


def test_nothing_is_written_through_a_link(room: Room) -> None:
    room.world({"model": {}})
    room.manifest({"registries": {"new": {}}})
    (room.folder / "target.json").write_text("old")
    (room.folder / "link.json").symlink_to("target.json")
    ended = room.run("plan", "registry.yaml", "-o", "link.json")
    assert ended.code == 1
    assert "cannot write link.json: link.json is a symbolic link" in ended.err
    assert (room.folder / "link.json").is_symlink()
    assert (room.folder / "target.json").read_text() == "old"


def test_pipes_and_devices_stay_what_they_are(room: Room) -> None:
    room.world({"model": {}})
    room.manifest({"registries": {"new": {}}})
    pipe = room.folder / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_text)
        assert room.run("plan", "registry.yaml", "-o", "pipe").code == 0
        assert json.loads(read.result(timeout=60))["format"] == "regsync/plan/v1"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    null = room.folder / "null"
    try:
        os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        return  # Only root makes devices.
    assert room.run("plan", "registry.yaml", "-o", "null").code == 0
    assert stat.S_ISCHR(null.stat().st_mode)
