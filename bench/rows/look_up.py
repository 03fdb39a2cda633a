# SPDX-License-Identifier: PostgreSQL
"""One row by primary key and its score, against the look-up alone, through pgbench.

The look-up that counts answers one float8, as the score does; one that answers the
whole row stands beside it.  One client draws the script of each transaction by lot, so
that all of them share whatever else the machine does, and the mean of the middle half
of its times is taken.  Where a commit is said, a transaction of its own goes first: what
a session remembers of a model's name has to be looked at again once somebody has
committed.
"""

import subprocess
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from contest import Budget, Claim, Contest, Entrant, Unavailable
from doubles import COLUMNS, FEW, TABLE, Doubles

SECONDS = 4
COMMIT = "SELECT pg_current_xact_id();"


def pgbench(scripts, protocol):
    """Runs the scripts for some seconds; microseconds of each transaction, by script."""
    with TemporaryDirectory() as folder:
        command = ["pgbench", "-n", "-M", protocol, "-T", str(SECONDS), "-l", f"--log-prefix={folder}/log"]
        for number, script in enumerate(scripts):
            path = Path(folder, f"{number}.sql")
            path.write_text(script)
            command += ["-f", path]
        try:
            subprocess.run(command, capture_output=True, text=True, check=True)
        except FileNotFoundError as error:
            raise Unavailable("pgbench not installed") from error
        except subprocess.CalledProcessError as error:
            raise Unavailable(error.stderr) from error
        taken = [[] for _ in scripts]
        for log in Path(folder).glob("log.*"):
            for line in log.read_text().splitlines():
                _, _, microseconds, script, *_ = line.split()
                taken[int(script)].append(int(microseconds))
    return taken


def middle_half(values):
    quarter = len(values) // 4
    return mean(sorted(values)[quarter : len(values) - quarter])


def name_of(work, protocol, before=""):
    return f"{'commit, ' if before else ''}{work}, {protocol}"


def contest(database):
    doubles = Doubles(database)

    def run(protocol, before):
        outputs = {
            "look-up": "c1",
            "look-up of all columns": "*",
            "score of 3 columns": doubles.score(FEW),
            "score of 24 columns": doubles.score(COLUMNS),
        }
        scripts = [
            f"\\set id random(1, {database.rows})\n{before}\nSELECT {output} FROM {TABLE} t WHERE id = :id;\n"
            for output in outputs.values()
        ]
        taken = pgbench(scripts, protocol)
        return {name_of(work, protocol, before): middle_half(values) for work, values in zip(outputs, taken)}

    entrants, claims = [], []
    for protocol in ("prepared", "simple"):
        for before in ("", COMMIT):
            entrants.append(Entrant(name_of("all", protocol, before), lambda p=protocol, b=before: run(p, b)))
            look_up, score = (name_of(work, protocol, before) for work in ("look-up", "score of 24 columns"))
            claims.append(Claim(f"{score} − {look_up}", score, look_up, Budget(10), difference=True))
        look_up, whole, few, score = (name_of(work, protocol) for work in (
            "look-up", "look-up of all columns", "score of 3 columns", "score of 24 columns"))
        rate = Budget(0.9, at_least=True)
        claims += [
            Claim(f"transactions per second: {score} / {look_up}", look_up, score, rate),
            Claim(f"transactions per second: {few} / {look_up}", look_up, few, rate),
            Claim(f"transactions per second: {score} / {whole}", whole, score),
        ]
    return Contest(title="look-up", unit="µs", entrants=entrants, claims=claims)
