"""One method of crowd-kit on the votes of benchmarks.consensus, timed; run by the Python of crowd-kit's own environment.

    python benchmarks/support/crowd_kit.py METHOD VOTES.npz

Prints a JSON object: the seconds of the method alone, and what it found. Nothing here imports anything of ours.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from crowdkit.aggregation import BradleyTerry, DawidSkene, MajorityVote  # type: ignore[import-not-found]
from crowdkit.metrics.data import alpha_krippendorff  # type: ignore[import-not-found]


def labels(votes: dict[str, np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame({"task": votes["task"], "worker": votes["annotator"], "label": votes["choice"]})


def decided(votes: dict[str, np.ndarray]) -> pd.DataFrame:
    """Comparisons without ties, which crowd-kit does not know."""
    rows = votes["winner"] < 2
    left, right = votes["left"][rows], votes["right"][rows]
    label = np.where(votes["winner"][rows] == 0, left, right)
    return pd.DataFrame({"worker": votes["annotator"][rows], "left": left, "right": right, "label": label})


def dawid_skene(frame: pd.DataFrame) -> object:
    model = DawidSkene()
    found = model.fit_predict(frame).sort_index().tolist()
    return {"labels": found, "iterations": len(model.loss_history_)}


def bradley_terry(frame: pd.DataFrame) -> object:
    # With a tolerance it compares an array with itself and stops after two steps; with 0 it takes all steps it is given.
    return BradleyTerry(n_iter=1000, tol=0).fit_predict(frame).sort_index().tolist()


METHODS = {
    "majority": (labels, lambda frame: MajorityVote().fit_predict(frame).sort_index().tolist()),
    "dawid_skene": (labels, dawid_skene),
    "krippendorff_alpha": (labels, alpha_krippendorff),
    "bradley_terry": (decided, bradley_terry),
}


def main() -> None:
    prepare, method = METHODS[sys.argv[1]]
    with np.load(sys.argv[2]) as file:
        frame = prepare(dict(file))
    start = time.perf_counter()
    found = method(frame)
    json.dump({"seconds": time.perf_counter() - start, "found": found}, sys.stdout)


if __name__ == "__main__":
    main()
