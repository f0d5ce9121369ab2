"""What came of it: the consensus and each annotator beside the known truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import fmean

from django.urls import reverse
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from annotator.choices import AssignmentState, Label
from annotator.demo.people import KINDS, PEOPLE
from annotator.demo.scenes import true_choice
from annotator.demo.steps import ANNOTATOR, CAMPAIGN, MANAGER, Demo
from annotator.models import Assignment, Consensus


@dataclass(frozen=True)
class Score:
    right: int
    total: int

    @property
    def share(self) -> float:
        return self.right / self.total if self.total else 0.0


@dataclass(frozen=True)
class Findings:
    truths: dict[int, str]  # by pair: the known right choice
    consensus: Score
    ties: int
    people: dict[str, Score]  # by user name
    prompts: int
    generators: int
    skips: int

    @property
    def votes(self) -> int:
        return sum(score.total for score in self.people.values())

    @property
    def one_alone(self) -> float:
        """The mean over annotators of how often they give the true answer."""
        return fmean(score.share for score in self.people.values() if score.total)


def find(demo: Demo) -> Findings:
    """Compare what the database holds with what is known about the images."""
    truths, prompts = {}, set()
    for pair, prompt, sha256_a, sha256_b in demo.own_pairs().values_list("pk", "prompt", "image_a__sha256", "image_b__sha256"):
        picture_a, picture_b = demo.album.by_sha256[sha256_a], demo.album.by_sha256[sha256_b]
        truths[pair] = true_choice(picture_a.error, picture_b.error).value
        prompts.add(prompt)
    labels = dict(Consensus.objects.filter(pair__in=demo.own_pairs(), question__position=0).values_list("pair", "label"))
    right, total = Counter[str](), Counter[str]()
    votes = demo.own_votes().values_list("assignment__member__user__username", "assignment__pair", "choice")
    for name, pair, choice in votes:
        total[name] += 1
        right[name] += choice == truths[pair]
    return Findings(
        truths=truths,
        consensus=Score(sum(labels.get(pair) == truth for pair, truth in truths.items()), len(truths)),
        ties=sum(label == Label.TIE for label in labels.values()),
        people={name: Score(right[name], total[name]) for name in sorted(total)},
        prompts=len(prompts),
        generators=demo.campaign.generators.count(),
        skips=Assignment.objects.filter(pair__in=demo.own_pairs(), state=AssignmentState.SKIPPED).count(),
    )


def show(findings: Findings, demo: Demo, console: Console) -> None:
    """The summary."""
    table = Table(title="\nAccuracy against the true answer", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("")
    for heading in ("people", "votes", "correct"):
        table.add_column(heading, justify="right")
    for kind in KINDS:
        scores = [findings.people[p.name] for p in PEOPLE if p.kind is kind and p.name in findings.people]
        if scores:
            votes = sum(score.total for score in scores)
            table.add_row(f"{kind.name} annotator", str(len(scores)), str(votes), percent(fmean(s.share for s in scores)))
    table.add_section()
    table.add_row("one annotator alone, mean", str(len(findings.people)), str(findings.votes), percent(findings.one_alone))
    table.add_row("majority consensus", "", str(findings.votes), percent(findings.consensus.share), style="bold")
    console.print(table)
    release = demo.release
    for line in (
        f"{len(findings.truths)} pairs of {findings.prompts} prompts by {findings.generators} generators; "
        f"{findings.skips} skips; {findings.ties} ties in the consensus.",
        f"Release v{release.number}, {release.size / 1e6:.1f} MB, revision {release.revision}",
        f"{sum(demo.seconds.values()):.0f} seconds: "
        + ", ".join(f"{name[0].lower()}{name[1:]} {taken}" for name, taken in demo.seconds.items()),
    ):
        console.print(f"  {line}", soft_wrap=True)


def show_log_ins(demo: Demo, console: Console) -> None:
    """The address and who may log in there."""
    site = demo.url.rstrip("/")
    console.print("\nLog in")
    for name, password, address, words in (
        (MANAGER, demo.log_ins.manager, reverse("campaign_page", args=[CAMPAIGN]), "campaign page"),
        (ANNOTATOR, demo.log_ins.annotator, reverse("annotate", args=[CAMPAIGN]), f"{demo.pairs_left()} pairs left to judge"),
    ):
        console.print(f"  {name:16} [bold]{password}[/bold]   {site}{address}   {words}", soft_wrap=True)


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"
