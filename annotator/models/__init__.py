"""The tables. Rules that must always hold are named constraints or triggers on the model they protect."""

from annotator.models.adjudication import Adjudication, ReviewerPresence
from annotator.models.audit import AuditEntry
from annotator.models.campaigns import Campaign, CampaignProgress, ConsentText, GroupQuestion, Guideline, Question
from annotator.models.daily import MemberDay
from annotator.models.gold import GoldDecision
from annotator.models.idempotency import IdempotentResponse
from annotator.models.imports import Import, ImportBatch, LineError
from annotator.models.judging import Assignment, Flag, ServerEpoch, Vote, WaitingSeat
from annotator.models.material import Generator, Image, Pair, Prompt
from annotator.models.outcome import (
    CampaignScoring,
    CampaignStatistics,
    Consensus,
    ImageShard,
    LabelFit,
    Release,
    ReleaseFile,
    ReleaseShard,
    SplitPrior,
    UnscoredAssignment,
)
from annotator.models.pair_lists import SavedView
from annotator.models.pair_seats import PairSeats
from annotator.models.people import (
    Consent,
    CrowdIdentity,
    FailedLogIn,
    Invite,
    JoinAttempt,
    Member,
    RingCursor,
    SelfDescription,
    Token,
    User,
)
from annotator.models.publishing import HubAccount, Publication
from annotator.models.reviewing import (
    AnnotatorStats,
    Appeal,
    ModerationAction,
    Proposal,
    ReviewModel,
    ReviewRule,
    ReviewTally,
)
from annotator.models.vote_columns import VoteChunk, VoteColumns
from annotator.models.webhooks import Delivery, Webhook
from annotator.models.withdrawals import ReleaseAnnotator, TakeDown

__all__ = [
    "Adjudication",
    "AnnotatorStats",
    "Appeal",
    "Assignment",
    "AuditEntry",
    "Campaign",
    "CampaignProgress",
    "CampaignScoring",
    "CampaignStatistics",
    "Consensus",
    "Consent",
    "ConsentText",
    "CrowdIdentity",
    "Delivery",
    "FailedLogIn",
    "Flag",
    "Generator",
    "GoldDecision",
    "GroupQuestion",
    "Guideline",
    "HubAccount",
    "IdempotentResponse",
    "Image",
    "ImageShard",
    "Import",
    "ImportBatch",
    "Invite",
    "JoinAttempt",
    "LabelFit",
    "LineError",
    "Member",
    "MemberDay",
    "ModerationAction",
    "Pair",
    "PairSeats",
    "Prompt",
    "Proposal",
    "Publication",
    "Question",
    "Release",
    "ReleaseAnnotator",
    "ReleaseFile",
    "ReleaseShard",
    "ReviewModel",
    "ReviewRule",
    "ReviewTally",
    "ReviewerPresence",
    "RingCursor",
    "SavedView",
    "SelfDescription",
    "ServerEpoch",
    "SplitPrior",
    "TakeDown",
    "Token",
    "UnscoredAssignment",
    "User",
    "Vote",
    "VoteChunk",
    "VoteColumns",
    "WaitingSeat",
    "Webhook",
]
