"""The layouts that trainers read, each in a module of its own: chosen for a release, beside or in place of the usual configs.

A module has one `Layout`. With a question after the first, a release has each of them once more for it. What it takes from a
consumer are facts: the names and the types that its loader reads.

trl_preference          a judge's answers about two images, for TRL
arena                   a battle of two models, for arena-rank and evalica
pickapic_v2             the columns of Pick-a-Pic v2, ties too
image_reward_pairs      the pairs of ImageRewardDB
"""

from __future__ import annotations

from annotator.releasing.dataset.layout import Layout
from annotator.releasing.dataset.layouts.arena import ARENA
from annotator.releasing.dataset.layouts.image_reward_pairs import IMAGE_REWARD_PAIRS
from annotator.releasing.dataset.layouts.pickapic_v2 import PICKAPIC_V2
from annotator.releasing.dataset.layouts.trl_preference import TRL_PREFERENCE

FOR_TRAINERS: tuple[Layout, ...] = (TRL_PREFERENCE, ARENA, PICKAPIC_V2, IMAGE_REWARD_PAIRS)
