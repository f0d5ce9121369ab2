"""Assignments, votes, flags, and the labels that follow from them."""

from __future__ import annotations

from django.contrib import admin

from annotator.admin.base import MEMBER, BigTable, FoundByPairOrMember, ReadOnly
from annotator.models import Assignment, Consensus, Flag, LabelFit, SplitPrior, Vote


@admin.register(Assignment)
class AssignmentAdmin(FoundByPairOrMember):
    list_display = ["pk", "pair", "member", "kind", "state", "a_on_left", "created_at", "shown_at", "closed_at"]
    list_filter = ["state", "kind", "member__campaign"]
    list_select_related = ["pair", *MEMBER]


@admin.register(Vote)
class VoteAdmin(FoundByPairOrMember):
    assignment = "assignment__"
    list_display = ["pk", "choice", "question", "of_pair", "by_member", "elapsed_ms", "created_at", "void_reason"]
    list_filter = ["choice", "void_reason", "question__campaign"]
    list_select_related = ["question", "assignment__pair", *(f"assignment__{name}" for name in MEMBER)]


@admin.register(Flag)
class FlagAdmin(FoundByPairOrMember):
    assignment = "assignment__"
    list_display = ["pk", "reason", "note", "of_pair", "created_at", "resolved_at"]
    list_filter = ["reason", ("resolved_at", admin.EmptyFieldListFilter), "assignment__member__campaign"]
    list_select_related = ["assignment__pair"]


@admin.register(Consensus)
class ConsensusAdmin(BigTable, ReadOnly):
    list_display = ["pk", "pair", "question", "label", "share", "confidence", "n_a", "n_b", "n_both_good", "n_both_bad"]
    list_filter = ["label", "method", "question__campaign"]
    list_select_related = ["pair", "question"]


@admin.register(SplitPrior)
class SplitPriorAdmin(ReadOnly):
    list_display = ["pk", "question", "votes_now", "fitted_at"]
    list_filter = ["question__campaign"]
    list_select_related = ["question"]


@admin.register(LabelFit)
class LabelFitAdmin(ReadOnly):
    list_display = ["pk", "question", "method", "converged", "iterations", "computed_at"]
    list_filter = ["method", "converged", "question__campaign"]
    list_select_related = ["question"]
