"""How far the votes can be trusted, as the card says it."""

from __future__ import annotations

import dataclasses

from annotator.releasing.card.readme import card
from annotator.scoring.statistics.rounding import rate_of
from tests.releasing.card.made_up_facts import agreement, estimate, figures_of


def test_it_says_how_far_people_agree_and_on_which_votes(facts, shards):
    assert "so agreement cannot be measured" in card(facts, shards, {})
    figures = {
        "alpha": 0.3123,
        "lower": 0.2,
        "upper": 0.42,
        "pairs": 8,
        "votes": 24,
        "prompts": 4,
        "votes_per_pair": 3,
        "ordinal": estimate(0.4567, 0.3, 0.6),
        "same_answer": estimate(0.625, 0.5, 0.7),
        "unanimous": dataclasses.asdict(rate_of(2, 8)),
        "leading_share": estimate(0.75),
        "entropy": estimate(0.8113),
    }
    facts.statistics["agreement"] = [agreement("overall", **figures)]
    text = card(facts, shards, {})
    assert "Agreement is measured on the first 3 counted votes on each pair" in text
    assert "| `overall` | first 3 | 0.312 | 0.200 to 0.420 | 0.457 | 0.300 to 0.600 | 8 | 4 | 24 |" in text
    assert "two of these votes on the same pair are the same in 62.5% (95 % interval 50.0% to 70.0%) of cases" in text
    assert "Of 8 pairs with 3 of these votes, 25.0% (95 % interval 3.2% to 65.1%) are unanimous." in text
    assert "The leading answer has 75.0% of a pair's votes on average, and the entropy of its shares is 0.81 bits." in text
    assert "Agreement is low (alpha 0.31 on the first votes)" in text
    assert "Later votes are left out" not in text
    assert "audit" not in text.partition("## Agreement")[2].partition("## Quality control")[0]
    facts.statistics["agreement"] = [agreement("overall", pairs=8, votes=24, prompts=4, votes_per_pair=3)]
    not_defined = "not defined: all votes are the same | –"
    assert f"| `overall` | first 3 | {not_defined} | {not_defined} | 8 | 4 | 24 |" in card(facts, shards, {})


def adaptive(facts, **overlap):
    facts.statistics["overlap"] |= {"votes_wanted": 2, "votes_max": 7, "pairs_audit": 5} | overlap
    facts.statistics["stopping"] = {
        "audit_pairs": 5,
        "audit_pairs_complete": 0,
        **{name: estimate() for name in ("votes_per_pair", "votes_saved")},
        **{name: dataclasses.asdict(rate_of(0, 0)) for name in ("stopped_early", "label_differs")},
    }


def test_with_adaptive_overlap_the_audit_pairs_are_beside_the_first_votes(facts, shards):
    adaptive(facts)
    audit = figures_of(votes_used="audit_pairs", votes_per_pair=7, alpha=0.25, pairs=5, votes=35, prompts=5)
    facts.statistics["agreement"] = [agreement("overall", audit=audit, alpha=0.2, pairs=8, votes=16, prompts=4)]
    text = card(facts, shards, {})
    assert "Later votes are left out: with adaptive overlap a pair gets them because people disagree" in text
    assert "5 pairs were drawn at import as audit pairs (`is_audit`): they get all 7 votes whatever people answer" in text
    assert "| `overall` | first 2 | 0.200 | – |" in text
    assert "| `overall` | all 7 of audit pairs | 0.250 | – |" in text
    assert "no audit pair has all its votes" in text


def test_of_one_vote_a_pair_only_audit_pairs_say_how_far_people_agree(facts, shards):
    adaptive(facts, votes_wanted=1)
    audit = figures_of(votes_used="audit_pairs", votes_per_pair=7, alpha=0.25, pairs=5, votes=35, prompts=5)
    facts.statistics["agreement"] = [agreement("overall", audit=audit, votes_per_pair=1)]
    text = card(facts, shards, {})
    assert "| `overall` | all 7 of audit pairs | 0.250 |" in text
    assert "| `overall` | first 1 |" not in text


def test_it_says_what_stopping_early_saved_and_cost(facts, shards):
    assert "stopping rule" not in card(facts, shards, {})
    adaptive(facts)
    facts.statistics["stopping"] |= {
        "audit_pairs_complete": 40,
        "votes_per_pair": estimate(3.456, 3, 4),
        "votes_saved": estimate(0.506, 0.43, 0.57),
        "stopped_early": dataclasses.asdict(rate_of(30, 40)),
        "label_differs": dataclasses.asdict(rate_of(3, 30)),
    }
    facts.statistics["agreement"] = [agreement("overall", pairs=8, alpha=0.2)]
    text = card(facts, shards, {})
    assert "replayed on 40 audit pairs with all 7 votes. It uses 3.46 votes per pair" in text
    assert "saves 50.6% (95 % interval 43.0% to 57.0%) of the votes that 7 on every pair would take" in text
    assert "It stops 75.0% (95 % interval 58.8% to 87.3%) of them early." in text
    assert "Of those, 10.0% (95 % interval 2.1% to 26.5%) have another label after all votes." in text


def test_it_says_how_people_were_checked(facts, shards):
    rates = {"accuracy": rate_of(45, 50), "repeats_alike": rate_of(8, 10)}
    facts.statistics["gold"] |= {"annotators": 7} | {name: dataclasses.asdict(rate) for name, rate in rates.items()}
    facts.rules = {
        **dict.fromkeys(["limit_per_day", "limit_total"]),
        "pairing_rule": "ring",
        "votes_wanted": 2,
        "votes_max": 5,
        "stop_confidence": 0.9,
        "gold_rate": 0.1,
        "repeat_rate": 0.0,
        "limit_share": 0.2,
    }
    text = card(facts, shards, {})
    assert "Correct answers: 90.0% (95 % interval 78.2% to 96.7%) of 50 answers by 7 annotators." in text
    assert "got the same answer in 80.0% (95 % interval 44.4% to 97.5%) of 10 cases" in text
    assert "10% gold pairs and at most 20% of all votes per person" in text
    assert "2 votes per pair, and more, up to 5, until the label was 90% probable" in text
    assert "two neighbours on a ring in random order" in text


def test_it_says_whether_people_favoured_a_side(facts, shards):
    facts.statistics["position"]["left"] = dataclasses.asdict(rate_of(12, 20))
    assert "Of 20 votes for one of the images, 60.0% (95 % interval 36.1% to 80.9%) chose the left image" in card(
        facts, shards, {}
    )
