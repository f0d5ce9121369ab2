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

An interval takes quantiles of Student's t. Its degrees of freedom are the effective number of clusters less 1: of each score,
cluster c has a share h_c of the information and adds a variance of a h_c + b h_c², with a as if votes were independent and b
what clustering adds to it; the effective number is (Σ)² / Σ ()². With two clusterings they are put together by Satterthwaite's
formula.

K.-Y. Liang and S. L. Zeger, "Longitudinal data analysis using generalized linear models", Biometrika 73 (1986); A. C. Cameron,
J. B. Gelbach and D. L. Miller, "Robust inference with multiway clustering", Journal of Business & Economic Statistics 29
(2011); R. M. Bell and D. F. McCaffrey, "Bias reduction in standard errors for linear regression with multi-stage samples",
Survey Methodology 28 (2002); A. V. Carter, K. T. Schnepel and D. G. Steigerwald, "Asymptotic behavior of a t-test robust to
cluster heterogeneity", Review of Economics and Statistics 99 (2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from annotator.consensus.codes import Floats, Ints
from annotator.consensus.score_model import ScoreFit, ScoreModel, anchored, eta_information, information, vote_scores

EIGENVALUE_MIN = 0.2
LEVERAGE_MIN = 0.005  # of the information on some score: clusters with less of it are not corrected
ALMOST_ALL = 0.99  # of a cluster's information is taken off, so that something is always left
CHUNK = 4_000_000  # cells


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
    ones = np.ones(len(cell)) if weight is None else weight
    inverse = _inverse(model, fit)
    alone = _covariance(_sums(model, fit, cell, ones, None), inverse)
    parts = [_one_way(model, fit, inverse, cell, ones, column, alone) for column in used]
    if not parts:
        return ClusterCovariance(alone, np.full(model.n_items, np.inf), [])
    if len(parts) == 1:
        covariance, degrees, number = parts[0]
        return ClusterCovariance(_not_below(covariance, alone), np.fmax(degrees, 1), [number])
    both = _together(used[0], used[1])
    shared = _covariance(_sums(model, fit, cell, ones, both), inverse)
    covariance = _not_below(parts[0][0] + parts[1][0] - shared, shared)
    n = model.n_items
    variance = np.diag(covariance)[:n]
    spread = sum((np.diag(part)[:n] ** 2 / np.maximum(degrees, 1e-9) for part, degrees, _ in parts), np.zeros(n))
    combined = np.divide(variance**2, spread, out=np.full(n, np.inf), where=spread > 0)
    return ClusterCovariance(covariance, np.fmax(combined, 1), [number for _, _, number in parts])


def _inverse(model: ScoreModel, fit: ScoreFit) -> Floats:
    """Of the information, for scores that sum to 0: (size, size)."""
    inverse = np.linalg.inv(anchored(model, fit.information))
    n = model.n_items
    centre = np.eye(model.size)
    centre[:n, :n] -= 1 / n
    return np.asarray(centre @ inverse @ centre.T)


def _sums(model: ScoreModel, fit: ScoreFit, cell: Ints, weight: Floats, cluster: Ints | None) -> sparse.csr_array:
    """Σ of the votes' derivatives of each cluster, (clusters, size); as one of each vote, where no cluster is given."""
    per_vote = vote_scores(model, fit.parameters)
    if cluster is None:
        squares = np.bincount(cell, weights=weight**2, minlength=per_vote.shape[0])
        return sparse.csr_array(sparse.diags_array(np.sqrt(squares)) @ per_vote)
    return sparse.csr_array(_counts(cell, weight, cluster, per_vote.shape[0]) @ per_vote)


def _counts(cell: Ints, weight: Floats, cluster: Ints, n_cells: int) -> sparse.csr_array:
    return sparse.coo_array((weight, (cluster, cell)), shape=(int(cluster.max()) + 1, n_cells)).tocsr()


def _covariance(sums: sparse.csr_array | Floats, inverse: Floats) -> Floats:
    meat = sums.T @ sums if isinstance(sums, np.ndarray) else (sums.T @ sums).toarray()
    return np.asarray(inverse @ meat @ inverse)


def _one_way(
    model: ScoreModel, fit: ScoreFit, inverse: Floats, cell: Ints, weight: Floats, cluster: Ints, alone: Floats
) -> tuple[Floats, Floats, int]:
    n = model.n_items
    counts = _counts(cell, weight, cluster, 3 * n * n)
    counts = counts[np.diff(counts.indptr) > 0]  # without codes that no vote has
    sums = sparse.csr_array(counts @ vote_scores(model, fit.parameters))
    met = sparse.csr_array(counts[:, : n * n] + counts[:, n * n : 2 * n * n] + counts[:, 2 * n * n :])
    share = _shares(model, fit, inverse, met)
    number = counts.shape[0]
    heavy = np.flatnonzero(share.max(axis=1) > LEVERAGE_MIN)
    light = np.setdiff1d(np.arange(number), heavy)
    covariance = _covariance(sums[light], inverse)
    if len(heavy):
        covariance += _covariance(_corrected(model, fit, inverse, met[heavy], sums[heavy].toarray()), inverse)
    # Derivatives sum to 0 over all clusters, so one cluster is not free.
    covariance *= (number - 1) / number if len(heavy) == number else 1.0
    return covariance, _degrees(share, np.diag(covariance)[:n], np.diag(alone)[:n]), number


def _shares(model: ScoreModel, fit: ScoreFit, inverse: Floats, met: sparse.csr_array) -> Floats:
    """Each cluster's share of the information on each score, (clusters, items); each column sums to 1."""
    n = model.n_items
    one = eta_information(model, fit.parameters).ravel()
    left, right = np.divmod(np.arange(n * n), n)
    step = max(1, CHUNK // max(n * n, met.shape[0]))
    result = np.empty((met.shape[0], n))
    for start in range(0, n, step):
        row = inverse[start : min(start + step, n), :n]
        pull = (row[:, left] - row[:, right]) ** 2 * one
        result[:, start : start + step] = met @ pull.T
    total = result.sum(axis=0)
    return np.asarray(np.divide(result, total, out=np.zeros_like(result), where=total > 0))


def _corrected(model: ScoreModel, fit: ScoreFit, inverse: Floats, met: sparse.csr_array, sums: Floats) -> Floats:
    """(I - A_c A⁻¹)⁻¹ u_c of each cluster."""
    n = model.n_items
    result = np.empty_like(sums)
    step = max(1, CHUNK // (model.size * model.size))
    for start in range(0, len(sums), step):
        part = slice(start, start + step)
        own = information(model, met[part].toarray().reshape(-1, n, n), fit.parameters)
        system = np.eye(model.size) - ALMOST_ALL * own @ inverse
        result[part] = np.linalg.solve(system, sums[part][..., None])[..., 0]
    return result


def _degrees(share: Floats, clustered: Floats, alone: Floats) -> Floats:
    """Effective number of clusters less 1, of each score."""
    squares = (share**2).sum(axis=0)
    extra = np.maximum(clustered - alone, 0) / np.maximum(squares, 1e-300)
    variance = alone * share + extra * share**2
    total = (variance**2).sum(axis=0)
    return np.asarray(np.divide(variance.sum(axis=0) ** 2, total, out=np.full(len(total), np.nan), where=total > 0) - 1)


def _together(first: Ints, second: Ints) -> Ints:
    key = first.astype(np.int64) * (int(second.max()) + 1) + second
    return np.asarray(np.unique(key, return_inverse=True)[1].reshape(-1))


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
