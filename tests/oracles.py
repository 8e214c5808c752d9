"""Definitions over all 2^n masks, as slow and as literal as in the papers.

Nothing here is shared with the package. A function on n features is a table of its 2^n values: entry
Σ_{i∈S} 2^i is the value of the mask that keeps exactly S. Sets are tuples in ascending order.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations
from math import comb, factorial, log2

import numpy as np

# B_0, B_1, … with B_1 = −1/2, as printed in tables.
BERNOULLI = [1, Fraction(-1, 2), Fraction(1, 6), 0, Fraction(-1, 30), 0, Fraction(1, 42), 0]


def all_masks(n):
    """Return the 2^n masks in the order of a table, shape (2^n, n)."""
    return np.array([[bool(number >> i & 1) for i in range(n)] for number in range(2**n)])


def subsets_of(features, sizes=None):
    features = tuple(features)
    sizes = range(len(features) + 1) if sizes is None else sizes
    for size in sizes:
        yield from combinations(features, size)


def players(table):
    return int(log2(len(table)))


def value_at(table, features):
    return table[sum(2**i for i in features)]


def rest_of(n, features):
    return tuple(i for i in range(n) if i not in features)


def derivative(table, features, at):
    """Discrete derivative Δ_S f(T) = Σ_{L⊆S} (−1)^{|S|−|L|} f(T ∪ L)."""
    return sum(
        (-1) ** (len(features) - len(part)) * value_at(table, at + part) for part in subsets_of(features)
    )


def fourier(table):
    n = players(table)
    out = {}
    for chosen in subsets_of(range(n)):
        signs = [(-1) ** sum(number >> i & 1 for i in chosen) for number in range(2**n)]
        out[chosen] = sum(sign * value for sign, value in zip(signs, table, strict=True)) / 2**n
    return out


def moebius(table):
    return {s: derivative(table, s, ()) for s in subsets_of(range(players(table)))}


def shapley_value(table):
    """Mean marginal contribution over all orders in which the features can arrive."""
    n = players(table)
    out = {(i,): 0.0 for i in range(n)}
    for arrival in permutations(range(n)):
        for place, i in enumerate(arrival):
            out[i,] = out[i,] + derivative(table, (i,), arrival[:place]) / factorial(n)
    return {(): value_at(table, ())} | out


def banzhaf_value(table):
    n = players(table)
    out = {(): sum(table) / 2**n}
    for i in range(n):
        out[i,] = sum(derivative(table, (i,), at) for at in subsets_of(rest_of(n, (i,)))) / 2 ** (n - 1)
    return out


def sii(table, order):
    n = players(table)
    out = {}
    for s in subsets_of(range(n), range(order + 1)):
        out[s] = sum(
            factorial(len(at)) * factorial(n - len(at) - len(s)) * derivative(table, s, at)
            for at in subsets_of(rest_of(n, s))
        ) / factorial(n - len(s) + 1)
    return out


def bii(table, order):
    n = players(table)
    return {
        s: sum(derivative(table, s, at) for at in subsets_of(rest_of(n, s))) / 2 ** (n - len(s))
        for s in subsets_of(range(n), range(order + 1))
    }


def k_sii(table, order):
    """Bord & von Luxburg's recursion: order k spreads the SII of order k over all smaller sets."""
    n = players(table)
    interaction = sii(table, order)
    values = {(): value_at(table, ())}
    for k in range(1, order + 1):
        for s in subsets_of(range(n), range(1, k)):
            above = [tuple(sorted(s + more)) for more in combinations(rest_of(n, s), k - len(s))]
            values[s] = values[s] + float(BERNOULLI[k - len(s)]) * sum(interaction[t] for t in above)
        values |= {s: interaction[s] for s in combinations(range(n), k)}
    return values


def stii(table, order):
    n = players(table)
    out = {s: derivative(table, s, ()) for s in subsets_of(range(n), range(order))}
    for s in combinations(range(n), order):
        out[s] = sum(derivative(table, s, at) / comb(n - 1, len(at)) for at in subsets_of(rest_of(n, s)))
        out[s] = out[s] * order / n
    return out


def _indicators(n, columns):
    """Π_{i∈S} m_i for every mask (rows) and every set (columns)."""
    masks = all_masks(n)
    return np.array([[float(all(mask[i] for i in s)) for s in columns] for mask in masks])


def fbii(table, order):
    """Best approximation Σ_{|S| ≤ ℓ} b_S Π_{i∈S} m_i, all masks counting the same."""
    n = players(table)
    columns = list(subsets_of(range(n), range(order + 1)))
    solution = np.linalg.lstsq(_indicators(n, columns), np.asarray(table), rcond=None)[0]
    return dict(zip(columns, solution, strict=True))


def fsii(table, order):
    """Best approximation under the Shapley kernel, exact at the empty and at the full mask."""
    n = players(table)
    table = np.asarray(table)
    columns = list(subsets_of(range(n), range(order + 1)))
    matrix = _indicators(n, columns)
    sizes = all_masks(n).sum(axis=1)
    inner = (sizes > 0) & (sizes < n)
    kernel = np.array([(n - 1) / (comb(n, k) * k * (n - k)) for k in sizes[inner].tolist()])
    ends = matrix[~inner]
    weighted = matrix[inner].T * kernel
    zeros = np.zeros((len(ends), len(ends)))
    system = np.block([[weighted @ matrix[inner], ends.T], [ends, zeros]])
    right = np.concatenate([weighted @ table[inner], table[~inner]])
    solution = np.linalg.solve(system, right)[: len(columns)]
    return dict(zip(columns, solution, strict=True))


def index(symbol, table, order):
    """Return ``{set: value}`` of an index for all sets of at most ``order`` features, with the empty set."""
    if symbol == "SV":
        return shapley_value(table)
    if symbol == "BV":
        return banzhaf_value(table)
    if symbol in ("Fourier", "Moebius"):
        every = {"Fourier": fourier, "Moebius": moebius}[symbol](table)
        return {s: v for s, v in every.items() if len(s) <= order}
    definitions = {"SII": sii, "BII": bii, "k-SII": k_sii, "STII": stii, "FSII": fsii, "FBII": fbii}
    return definitions[symbol](table, order)


def symmetric_faithful(sizes_to_value, order, kernel):
    """FSII or FBII of a function g(|m|) on s features, exactly, in rational arithmetic.

    By symmetry all sets of one size share their value x_j, so the least-squares problem has ℓ + 1 unknowns:
    minimise Σ_k C(s, k) μ(k) (g(k) − Σ_j C(k, j) x_j)², where the sizes with μ = ∞ are constraints.

    Parameters
    ----------
    sizes_to_value : list of int, length s + 1
    order : int
    kernel : {"shapley", "uniform"}

    Returns
    -------
    list of Fraction, the values of sets of 0, 1, …, ℓ features
    """
    s = len(sizes_to_value) - 1
    inner = range(1, s) if kernel == "shapley" else range(s + 1)
    weight = {k: Fraction(s - 1, k * (s - k)) if kernel == "shapley" else comb(s, k) for k in inner}
    rows = {k: [comb(k, j) for j in range(order + 1)] for k in range(s + 1)}
    bounds = [k for k in range(s + 1) if k not in weight]
    system, right = [], []
    for j in range(order + 1):
        system.append(
            [sum(w * rows[k][j] * rows[k][i] for k, w in weight.items()) for i in range(order + 1)]
            + [rows[k][j] for k in bounds]
        )
        right.append(sum(w * rows[k][j] * sizes_to_value[k] for k, w in weight.items()))
    for k in bounds:
        system.append(rows[k] + [0] * len(bounds))
        right.append(sizes_to_value[k])
    return _solve_rational(system, right)[: order + 1]


def _solve_rational(system, right):
    rows = [[Fraction(v) for v in row] + [Fraction(r)] for row, r in zip(system, right, strict=True)]
    for at in range(len(rows)):
        pivot = next(k for k in range(at, len(rows)) if rows[k][at] != 0)
        rows[at], rows[pivot] = rows[pivot], rows[at]
        rows[at] = [v / rows[at][at] for v in rows[at]]
        for k in range(len(rows)):
            if k != at and rows[k][at] != 0:
                factor = rows[k][at]
                rows[k] = [v - factor * w for v, w in zip(rows[k], rows[at], strict=True)]
    return [row[-1] for row in rows]
