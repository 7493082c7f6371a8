"""What a small command costs: the start of ``shihyo``, beside a Python that does nothing."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.harvest import Cost, cost
from benchmarks.report import Result, middle

ROUNDS = 9

_LIMIT = "`python -c pass`"
_ROOT = Path(__file__).parents[1]
#: a table that has 100 points at each level, so that the command succeeds
_TABLE = "全国地方公共団体コード,年月日,人数（人）\n121002,2024-01-01,1\n121002,2024-02-01,2\n"
#: other people's commands of the same sort, measured where they are installed
_PEERS = ("flask --version", "datasette --version")


def measure() -> Result:
    """Measure all commands, interleaved, and return the table of medians."""
    with tempfile.TemporaryDirectory(prefix="shihyo-start-") as folder:
        rounds = [_round(Path(folder)) for _ in range(ROUNDS)]
    return Result(
        "The start of a command",
        f"Small commands with the sample sources and an empty folder, each in a new process. {ROUNDS} interleaved "
        f"rounds, medians. Load of the machine at the end: {os.getloadavg()[0]:.1f}.",
        ("command", "seconds", "CPU s", "times Python"),
        tuple(_row(name, [one[name] for one in rounds], [one[_LIMIT] for one in rounds]) for name in rounds[0]),
    )


def _round(folder: Path) -> dict[str, Cost]:
    own = {"SHIHYO_HOME": str(folder / "home"), "SHIHYO_HARVEST_FILE": str(_ROOT / "harvest.yml")}
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SHIHYO_")} | own
    (folder / "table.csv").write_text(_TABLE, "utf-8")
    return {name: cost(command, environ) for name, command in _commands(folder).items()}


def _commands(folder: Path) -> dict[str, list[str]]:
    scripts = Path(sys.executable).parent
    shihyo = str(scripts / "shihyo")
    peers = {one: shutil.which(one.split()[0], path=scripts) for one in _PEERS}
    return {
        _LIMIT: [sys.executable, "-c", "pass"],
        "`shihyo --help`": [shihyo, "--help"],
        "`shihyo settings`": [shihyo, "settings"],
        "`shihyo check`": [shihyo, "check", "--bare", str(folder / "table.csv")],
        "`shihyo harvest status`": [shihyo, "harvest", "status"],
        **{f"`{one}`": [found, *one.split()[1:]] for one, found in peers.items() if found},
    }


def _row(name: str, costs: list[Cost], limits: list[Cost]) -> tuple[str, ...]:
    return (
        name,
        f"{middle([one.seconds for one in costs]):.2f}",
        f"{middle([one.cpu for one in costs]):.2f}",
        f"{middle([one.seconds / limit.seconds for one, limit in zip(costs, limits, strict=True)]):.1f}",
    )
