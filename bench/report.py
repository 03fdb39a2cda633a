# SPDX-License-Identifier: PostgreSQL
"""Runs the contests of rows/ and prints what came out, as Markdown."""

import argparse
import datetime
import importlib
import os
import subprocess
import sys
from pathlib import Path

import connectorx
import numpy
import pandas
import psycopg
import scipy
import sklearn
import threadpoolctl

from database import PARALLEL, Database

BENCH = Path(__file__).parent


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", type=lambda text: text.split(","))
    parser.add_argument("--save", action="store_true")
    return parser.parse_args()


def say(text):
    """Progress goes to the error output, so that the report can be piped."""
    print(f"  {text}", file=sys.stderr, flush=True)


def load_contests(database, only):
    """One contest from each file of rows/, or from those named."""
    names = sorted(path.stem for path in (BENCH / "rows").glob("*.py"))
    unknown = set(only or []) - set(names)
    if unknown:
        sys.exit(f"bench/rows has no {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return [importlib.import_module(f"rows.{name}").contest(database) for name in only or names]


def table(head, rows):
    """Lines of a Markdown table, a blank one after it."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines] + [""]


# --- The machine -----------------------------------------------------------


def cpu():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def memory_gigabytes():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def commit():
    answer = subprocess.run(
        ["git", "-C", BENCH, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or "unknown"


def blas():
    """The libraries behind numpy and scipy, which may be two."""
    pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    found = {f"{pool['internal_api']} {pool['version']} with {pool['num_threads']} threads" for pool in pools}
    return " and ".join(sorted(found)) or "no BLAS known"


def facts(database):
    """Where and on what this run was made."""
    server = database.execute("SHOW server_version").fetchone()[0]
    buffers = database.execute("SHOW shared_buffers").fetchone()[0]
    size = database.execute("SELECT pg_size_pretty(pg_table_size('bench_customers'))").fetchone()[0]
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    features = f"{len(database.numeric)} numbers, {len(database.categories)} categories"
    return [
        f"- {datetime.datetime.now():%Y-%m-%d %H:%M}, load {load} at the start",
        f"- {cpu()}, {os.cpu_count()} cores, {memory_gigabytes():.0f} GB",
        f"- PostgreSQL {server}, shared_buffers {buffers}, jit and fsync off,"
        f" max_parallel_workers_per_gather {PARALLEL} (0 where 1 process is said)",
        f"- cia {database.cia_version or 'not installed'}, commit {commit()}",
        f"- bench_customers: {database.rows:,} rows, {features}, {size}, in cache",
        f"- Python {sys.version.split()[0]}, scikit-learn {sklearn.__version__}, numpy {numpy.__version__},"
        f" scipy {scipy.__version__}, pandas {pandas.__version__}, connectorx {connectorx.__version__},"
        f" {blas()}",
        "",
    ]


# --- What came out ---------------------------------------------------------


def amount(value, unit):
    return f"{value:.3g} {unit}" if abs(value) < 1000 else f"{value:.0f} {unit}"


def claim_row(contest, claim):
    """One line of the main table; a dash and the reason where something was not measured."""
    above, below = contest.pick(claim.above), contest.pick(claim.below)
    unit = contest.unit if claim.difference else "×"
    budget = claim.budget.words(unit) if claim.budget else ""
    if above is None or below is None:
        missing = claim.above if above is None else claim.below
        return [claim.work, "–", "–", "–", budget, contest.why_missing(missing)]
    first, second = contest.median(above), contest.median(below)
    value = first - second if claim.difference else first / second
    shown = f"{value:.2f} {unit}"
    verdict = ("met" if claim.budget.met(value) else "missed") if claim.budget else ""
    return [claim.work, amount(first, contest.unit), amount(second, contest.unit), shown, budget, verdict]


def quality_row(quality):
    """One line of how good a model is, or of how much better it is than another."""
    if quality.interval is None:
        return [quality.model, quality.metric, f"{quality.value:.5f}", "", "", ""]
    low, high = quality.interval
    shown = f"{low:+.5f} to {high:+.5f}"
    return [quality.model, quality.metric, f"{quality.value:+.5f}", shown, quality.words(), quality.verdict()]


def sample_row(contest, name):
    values = contest.samples[name]
    spread = f"{amount(min(values), contest.unit)} – {amount(max(values), contest.unit)}"
    return [contest.title, name, amount(contest.median(name), contest.unit), spread, str(len(values))]


def results(contests):
    """The three tables: ratios, how good the models are, and all that was measured; and what could not run."""
    ratios = [claim_row(contest, claim) for contest in contests for claim in contest.claims]
    quality = [quality_row(quality) for contest in contests for quality in contest.quality()]
    samples = [sample_row(contest, name) for contest in contests for name in contest.samples]
    failures = [[contest.title, name, why] for contest in contests for name, why in contest.failures.items()]
    lines = ["## Ratios", ""]
    lines += table(["work", "first", "second", "ratio", "budget", "verdict"], ratios)
    if failures:
        lines += ["## Not run", ""] + table(["contest", "what", "why"], failures)
    if quality:
        lines += ["## On rows the model has not seen", ""] + table(["model", "metric", "value", "95 %", "budget", "verdict"], quality)
    return lines + ["## Measured", ""] + table(["contest", "what", "median", "range", "runs"], samples)


def warm_up(database):
    """Bring table and catalogs into memory, for both parallel settings."""
    for parallel in (0, PARALLEL):
        database.seconds(database.reading, parallel)


def main():
    asked = arguments()
    database = Database()
    warm_up(database)
    lines = ["# bench", ""] + facts(database)
    contests = load_contests(database, asked.only)
    for contest in contests:
        contest.run(asked.rounds, (psycopg.Error,), say)
    lines += results(contests)
    print("\n".join(lines))
    if asked.save:
        folder = BENCH / "results"
        folder.mkdir(exist_ok=True)
        (folder / f"{datetime.date.today()}.md").write_text("\n".join(lines))


main()
