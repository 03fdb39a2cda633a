# SPDX-License-Identifier: PostgreSQL
"""Exact least squares of polynomial designs, in rational arithmetic.

Run in this folder:  python3 polynomials.py      (no package beyond Python's own)

reads   polynomials.csv            problem, y, x
        polynomials_certified.csv  problem, power, coefficient, error as NIST certifies them
writes  polynomials_exact.csv      problem, power, coefficient, error, and the two of the
                                   design as a computer has it: every power rounded to float8
fails   if a certified value is off by more than its 15 digits

filip and wampler1-5 are NIST's Statistical Reference Datasets (www.itl.nist.gov/div898/strd, public
domain): Filip is of degree 10, Wampler's are of degree 5.  eighths and hundredths are made here: degree
10 on x = 5 .. 14.875 and on 2 .. 3.99, with the condition numbers 3e9 and 1e11 (columns scaled to
length 1).  The two solutions differ by what rounding the columns costs, which nobody can make good
who is given float8.
"""

import csv
import sys
from decimal import Decimal, getcontext
from fractions import Fraction
from itertools import groupby

DEGREE = {"filip": 10, "eighths": 10, "hundredths": 10}
getcontext().prec = 60


def draw(i, k):
    """The whole numbers of regression_data.R."""
    return ((i * i) % 1000003 * (7919 * k + 13) + i * (104729 * k + 7) + 31 * k) % 1000003


def made(problem, values):
    """y = sum (x/2)^k and an error up to 1000, in four decimals."""
    for i, x in enumerate(values):
        error = Fraction(draw(i + 1, 3) % 2001 - 1000)
        y = sum((x / 2) ** k for k in range(11)) + error
        yield problem, Fraction(round(y * 10000), 10000), x


def root(fraction):
    return (Decimal(fraction.numerator) / Decimal(fraction.denominator)).sqrt()


def solve(rows, y):
    """Coefficients and standard errors by Gauss-Jordan on the normal equations."""
    cols = len(rows[0])
    system = [
        [sum(r[i] * r[j] for r in rows) for j in range(cols)]
        + [sum(r[i] * v for r, v in zip(rows, y))]
        + [Fraction(i == j) for j in range(cols)]
        for i in range(cols)
    ]
    for i in range(cols):
        pivot = system[i][i]
        system[i] = [v / pivot for v in system[i]]
        for r in range(cols):
            if r != i:
                factor = system[r][i]
                system[r] = [a - factor * b for a, b in zip(system[r], system[i])]
    beta = [row[cols] for row in system]
    residuals = (v - sum(a * b for a, b in zip(r, beta)) for r, v in zip(rows, y))
    variance = sum(e * e for e in residuals) / (len(rows) - cols)
    errors = [root(variance * system[i][cols + 1 + i]) for i in range(cols)]
    return beta, errors


def off(got, wanted):
    got, wanted = float(got), float(wanted)
    return abs(got - wanted) / abs(wanted) if wanted else abs(got)


def main():
    with open("polynomials.csv", newline="") as file:
        rows = [(r["problem"], Fraction(r["y"]), Fraction(r["x"])) for r in csv.DictReader(file)]
    expected = list(made("eighths", [Fraction(i, 8) for i in range(40, 120)]))
    expected += made("hundredths", [Fraction(i, 100) for i in range(200, 400)])
    if [r for r in rows if r[0] in ("eighths", "hundredths")] != expected:
        sys.exit("polynomials.csv does not hold the problems that are made here")
    with open("polynomials_certified.csv", newline="") as file:
        certified = {(r["problem"], int(r["power"])): r for r in csv.DictReader(file)}
    worst = 0
    with open("polynomials_exact.csv", "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["problem", "power", "coefficient", "error", "rounded_coefficient", "rounded_error"])
        for problem, group in groupby(rows, key=lambda r: r[0]):
            _, y, x = zip(*group)
            design = [[v**k for k in range(DEGREE.get(problem, 5) + 1)] for v in x]
            exact = solve(design, y)
            rounded = solve(
                [[Fraction(float(v)) for v in row] for row in design],
                [Fraction(float(v)) for v in y],
            )
            for power, values in enumerate(zip(*exact, *rounded)):
                out.writerow([problem, power] + [repr(float(v)) for v in values])
                known = certified.get((problem, power))
                if known:
                    worst = max(worst, off(values[0], known["coefficient"]), off(values[1], known["error"]))
    print(f"largest relative difference from NIST's certified values: {worst:.1e}")
    if worst > 1e-14:
        sys.exit("a certified value is not what the data give")


if __name__ == "__main__":
    main()
