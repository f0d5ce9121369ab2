"""Learns from a release which of two images people prefer: logistic regression on a few statistics of each image.

HF_ENDPOINT=http://127.0.0.1:8000/hub HF_TOKEN=dpt_… python train_preference_model.py diptych/demo v1
"""

import sys

import numpy as np
from datasets import load_dataset
from huggingface_hub import snapshot_download

HUES = {"red": 0, "orange": 25, "yellow": 45, "green": 130, "blue": 215, "purple": 270, "pink": 337, "brown": 29}


def statistics(image, prompt):
    small = image.convert("RGB").resize((128, 128))
    hue, saturation, value = np.asarray(small.convert("HSV"), dtype=float).transpose(2, 0, 1) / 255
    vivid = saturation > 0.4
    asked = [degrees for name, degrees in HUES.items() if name in prompt.lower()] or [0]
    distance = np.min([180 - abs(180 - abs(360 * hue - degrees)) for degrees in asked], axis=0)
    edges = np.abs(np.diff(value, axis=0)).mean() + np.abs(np.diff(value, axis=1)).mean()
    as_asked = (vivid & (distance < 12)).sum() / max(1, vivid.sum())  # of the coloured area, in colours the prompt names
    return [vivid.mean(), edges, as_asked, value.mean(), value.std(), saturation.std()]


def differences(rows):
    return np.array([np.subtract(*(statistics(row[name], row["prompt"]) for name in ("chosen", "rejected"))) for row in rows])


repository, revision = sys.argv[1:]
# Fails where the revision cannot be had; load_dataset by name would go on with an older one that it has.
folder = snapshot_download(repository, repo_type="dataset", revision=revision, allow_patterns="binarized/*")
data = load_dataset("parquet", data_files={split: f"{folder}/binarized/{split}-*" for split in ("train", "test")})
train, test = differences(data["train"]), differences(data["test"])
scale = train.std(axis=0)
weights = np.zeros(train.shape[1])
for _ in range(2000):
    chance = 1 / (1 + np.exp(-train / scale @ weights))  # that the chosen one is chosen
    weights += 0.1 * ((1 - chance) @ (train / scale) / len(train) - 0.01 * weights)
print(f"accuracy on {len(test)} pairs of the test split: {(test / scale @ weights > 0).mean():.2f}, by chance 0.50")
