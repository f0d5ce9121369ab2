"""How far scores vary when votes hang together: cluster-robust (sandwich) covariance.

Votes on one prompt show the same images, and votes of one person have the same taste. A model that takes votes as independent
gives standard errors that are too small, the more so the more votes each prompt and person has. The sandwich takes only the
clusters as independent. With u_c the sum of the derivatives of the log-likelihood over the votes of cluster c, and A the
information,

    V = A⁻¹ (Σ_c ũ_c ũ_cᵀ) A⁻¹,    ũ_c = (I - A_c A⁻¹)⁻¹ u_c

The correction with A_c, the cluster's own information, undoes that scores are fitted to the very votes whose residuals are
summed (the jackknife, CR3); without it V is too small where clusters are few. It is made only of clusters that weigh something.

With two clusterings, V = V_prompt + V_annotator - V_both, where "both" are the votes of one person on one prompt. That
difference may have negative eigenvalues, so in the scale of V_both no eigenvalue is taken below `EIGENVALUE_MIN`.

An interval takes quantiles of Student's t. Its degrees of freedom are the effective number of clusters less 1: of each item,
cluster c has a share h_c of the information and adds a variance of a h_c + b h_c², with a as if votes were independent and b
what clustering adds to it; the effective number is (Σ)² / Σ ()². With two clusterings they are put together by Satterthwaite's
formula.

Votes are sorted by cluster and summed some hundred thousand at a time, so millions take seconds, and little memory beside them.

K.-Y. Liang and S. L. Zeger, "Longitudinal data analysis using generalized linear models", Biometrika 73 (1986); A. C. Cameron,
J. B. Gelbach and D. L. Miller, "Robust inference with multiway clustering", Journal of Business & Economic Statistics 29
(2011); R. M. Bell and D. F. McCaffrey, "Bias reduction in standard errors for linear regression with multi-stage samples",
Survey Methodology 28 (2002); A. V. Carter, K. T. Schnepel and D. G. Steigerwald, "Asymptotic behavior of a t-test robust to
cluster heterogeneity", Review of Economics and Statistics 99 (2017).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from annotator.consensus.codes import Floats, Ints, totals
from annotator.consensus.score_model import ScoreFit, ScoreModel, anchored, eta_information, information, residuals

EIGENVALUE_MIN = 0.2
LEVERAGE_MIN = 0.005  # of the information on some item: clusters with less of it are not corrected
ALMOST_ALL = 0.99  # of a cluster's information is taken off, so that something is always left
CHUNK_VOTES = 200_000
CHUNK_CELLS = 2_000_000
SHORT = 1 << 15


class ClusterCovariance(NamedTuple):
    """Of all parameters of a model, scores first."""

    covariance: Floats  # (size, size)
    degrees: Floats  # (items,): degrees of freedom of each score
    clusters: list[int]  # how many there are in each clustering


def cluster_covariance(
    model: ScoreModel, fit: ScoreFit, cell: Ints, weight: Floats | None, clusterings: Sequence[Ints]
) -> ClusterCovariance:
    """The covariance of fitted parameters.

    Args:
        cell: of each vote, its place in a table's `ravel`: (winner · items + left) · items + right.
        weight: of each vote; None for 1.
        clusterings: none, one or two columns with the cluster of each vote, as codes from 0. Without one, votes are independent.

    A clustering with one cluster says nothing of how clusters vary, and is left out.
    """
    used = [column for column in clusterings if len(column) and column.min() != column.max()]
    votes = _Votes(model, fit, cell, weight)
    alone = votes.independent()
    parts = [votes.one_way(column, alone) for column in used]
    if not parts:
        return ClusterCovariance(alone, np.full(model.n_items, np.inf), [])
    if len(parts) == 1:
        covariance, degrees, number = parts[0]
        return ClusterCovariance(_not_below(covariance, alone), np.fmax(degrees, 1), [number])
    shared = votes.shared(used[0], used[1])
    covariance = _not_below(parts[0][0] + parts[1][0] - shared, shared)
    n = model.n_items
    variance = np.diag(covariance)[:n]
    spread = sum((np.diag(part)[:n] ** 2 / np.maximum(degrees, 1e-9) for part, degrees, _ in parts), np.zeros(n))
    combined = np.divide(variance**2, spread, out=np.full(n, np.inf), where=spread > 0)
    return ClusterCovariance(covariance, np.fmax(combined, 1), [number for _, _, number in parts])


class _Chunk(NamedTuple):
    """The votes of some clusters."""

    votes: Ints | slice  # their places
    cluster: Ints  # from 0 in this chunk
    cell: Ints
    weight: Floats
    number: int  # of clusters


class _Votes:
    """What each vote adds to the likelihood's derivatives, to be summed by clusters."""

    def __init__(self, model: ScoreModel, fit: ScoreFit, cell: Ints, weight: Floats | None) -> None:
        self.model, self.fit, self.cell, self.weight = model, fit, cell, weight
        n = model.n_items
        self.by = residuals(model, fit.parameters).reshape(-1, 3 * n * n)
        self.told = np.tile(eta_information(model, fit.parameters).ravel(), 3)
        code = np.arange(3 * n * n)
        self.left, self.right = code // n % n, code % n
        counts = totals(cell, weight, 3 * n * n) if weight is not None else np.bincount(cell, minlength=3 * n * n)
        told = counts * self.told
        self.told_of_item = totals(self.left, told, n) + totals(self.right, told, n)
        inverse = np.linalg.inv(anchored(model, fit.information))
        centre = np.eye(model.size)
        centre[:n, :n] -= 1 / n
        self.inverse = centre @ inverse @ centre.T

    def independent(self) -> Floats:
        """The covariance if votes are independent."""
        n_cells = len(self.left)
        number = len(self.cell)
        squares = totals(self.cell, np.ones(number) if self.weight is None else self.weight**2, n_cells)
        every = np.arange(n_cells)
        sums = self.sums(_Chunk(every, every, every, np.sqrt(squares), n_cells))
        # Votes that are all ties have no spread at all; the model's own variance of one vote keeps it from being nothing.
        floor = squares.sum() / (number if self.weight is None else self.weight.sum()) / number
        return self.around(sums.T @ sums) + self.inverse * floor

    def shared(self, first: Ints, second: Ints) -> Floats:
        """The covariance if only votes that share both clusters hang together. They are few, so nothing is corrected."""
        meat = np.zeros((self.model.size, self.model.size))
        number = int(second.max()) + 1
        for chunk in self.chunks(first):
            both, cluster = np.unique(chunk.cluster * number + second[chunk.votes], return_inverse=True)
            sums = self.sums(chunk._replace(cluster=cluster.reshape(-1), number=len(both)))
            meat += sums.T @ sums
        return self.around(meat)

    def one_way(self, cluster: Ints, alone: Floats) -> tuple[Floats, Floats, int]:
        """The corrected covariance, degrees of freedom of each score, and the number of clusters."""
        n, size = self.model.n_items, self.model.size
        meat, powers = np.zeros((size, size)), np.zeros((3, n))
        number = corrected = 0
        for chunk in self.chunks(cluster):
            sums, share = self.sums(chunk), self.shares(chunk)
            powers += np.stack([(share**power).sum(axis=0) for power in (2, 3, 4)])
            heavy = np.flatnonzero(share.max(axis=1) > LEVERAGE_MIN)
            if len(heavy):
                sums[heavy] = self.corrected(chunk, heavy, sums[heavy])
            meat += sums.T @ sums
            number, corrected = number + chunk.number, corrected + len(heavy)
        # Derivatives sum to 0 over all clusters, so one cluster is not free.
        covariance = self.around(meat) * ((number - 1) / number if corrected == number else 1.0)
        return covariance, _degrees(powers, np.diag(covariance)[:n], np.diag(alone)[:n]), number

    def chunks(self, cluster: Ints) -> Iterator[_Chunk]:
        """All votes in order of their clusters, whole clusters at a time."""
        if (cluster[1:] >= cluster[:-1]).all():
            order, ordered = None, cluster
        else:
            # numpy sorts 16 bits by their digits, which is much faster.
            order = np.argsort(cluster.astype(np.int16) if cluster.max(initial=0) < SHORT else cluster, kind="stable")
            ordered = cluster[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        ends = np.r_[starts[1:], len(ordered)]
        clusters_max = max(1, CHUNK_CELLS // max(self.model.size, 1))
        first = 0
        while first < len(starts):
            last = int(np.searchsorted(ends, starts[first] + CHUNK_VOTES, side="right"))
            last = min(max(last, first + 1), first + clusters_max)
            here = slice(int(starts[first]), int(ends[last - 1]))
            votes = here if order is None else order[here]
            cell, sizes = self.cell[votes], ends[first:last] - starts[first:last]
            weight = np.ones(len(cell)) if self.weight is None else self.weight[votes]
            yield _Chunk(votes, np.repeat(np.arange(last - first), sizes), cell, weight, last - first)
            first = last

    def sums(self, chunk: _Chunk) -> Floats:
        """Of each cluster, the derivatives summed over its votes: (clusters, size)."""
        size, cells = self.model.size, chunk.number * self.model.size
        by_eta, row = self.by[0][chunk.cell] * chunk.weight, chunk.cluster * size
        result = totals(row + self.left[chunk.cell], by_eta, cells) - totals(row + self.right[chunk.cell], by_eta, cells)
        result = result.reshape(chunk.number, size)
        if self.model.has_side:
            result[:, self.model.side_at] = totals(chunk.cluster, by_eta, chunk.number)
        if len(self.by) > 1:
            result[:, self.model.tie_at] = totals(chunk.cluster, self.by[1][chunk.cell] * chunk.weight, chunk.number)
        return result

    def shares(self, chunk: _Chunk) -> Floats:
        """Each cluster's share of the information on each item, (clusters, items); over all clusters they sum to 1."""
        n, row = self.model.n_items, chunk.cluster * self.model.n_items
        told = self.told[chunk.cell] * chunk.weight
        cells = chunk.number * n
        result = totals(row + self.left[chunk.cell], told, cells) + totals(row + self.right[chunk.cell], told, cells)
        return np.asarray(result.reshape(chunk.number, n) / np.maximum(self.told_of_item, 1e-300))

    def corrected(self, chunk: _Chunk, heavy: Ints, sums: Floats) -> Floats:
        """(I - A_c A⁻¹)⁻¹ u_c of the heavy clusters."""
        n, size = self.model.n_items, self.model.size
        result = np.empty_like(sums)
        place = np.full(chunk.number, -1)
        place[heavy] = np.arange(len(heavy))
        of_vote = place[chunk.cluster]
        for start in range(0, len(heavy), step := max(1, CHUNK_CELLS // (size * size))):
            part = slice(start, min(start + step, len(heavy)))
            its = (of_vote >= part.start) & (of_vote < part.stop)
            cell = (of_vote[its] - part.start) * n * n + chunk.cell[its] % (n * n)
            met = totals(cell, chunk.weight[its], (part.stop - part.start) * n * n).reshape(-1, n, n)
            own = information(self.model, met, self.fit.parameters)
            system = np.eye(size) - ALMOST_ALL * own @ self.inverse
            result[part] = np.linalg.solve(system, sums[part][..., None])[..., 0]
        return result

    def around(self, meat: Floats) -> Floats:
        return np.asarray(self.inverse @ meat @ self.inverse)


def _degrees(powers: Floats, clustered: Floats, alone: Floats) -> Floats:
    """Effective number of clusters less 1, of each score; `powers` are sums of the shares' squares, cubes and fourth powers."""
    squares, cubes, fourths = powers
    extra = np.maximum(clustered - alone, 0) / np.maximum(squares, 1e-300)
    total = alone + extra * squares
    spread = alone**2 * squares + 2 * alone * extra * cubes + extra**2 * fourths
    return np.asarray(np.divide(total**2, spread, out=np.full(len(total), np.nan), where=spread > 0) - 1)


def _not_below(covariance: Floats, base: Floats) -> Floats:
    """The nearest to `covariance`, in the scale of `base`, whose eigenvalues there are not below the smallest allowed."""
    values, vectors = np.linalg.eigh((base + base.T) / 2)
    is_there = values > values.max(initial=0) * 1e-10
    root = vectors[:, is_there] * np.sqrt(values[is_there])
    back = vectors[:, is_there] / np.sqrt(values[is_there])
    inner = back.T @ covariance @ back
    size, axes = np.linalg.eigh((inner + inner.T) / 2)
    mended = root @ (axes * np.maximum(size, EIGENVALUE_MIN)) @ axes.T @ root.T
    return np.asarray((mended + mended.T) / 2)
