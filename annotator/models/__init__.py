"""The tables. Rules that must always hold are named constraints or triggers on the model they protect."""

from annotator.models.campaigns import Campaign, CampaignProgress, ConsentText, Guideline, Question
from annotator.models.imports import Import, ImportBatch, LineError
from annotator.models.judging import Assignment, Flag, Vote
from annotator.models.material import Generator, Image, Pair, Prompt
from annotator.models.outcome import Consensus, Release, ReleaseFile, ReleaseShard
from annotator.models.people import Consent, CrowdIdentity, FailedLogIn, Invite, Member, RingCursor, Token, User
from annotator.models.publishing import HubAccount, Publication

__all__ = [
    "Assignment",
    "Campaign",
    "CampaignProgress",
    "Consensus",
    "Consent",
    "ConsentText",
    "CrowdIdentity",
    "FailedLogIn",
    "Flag",
    "Generator",
    "Guideline",
    "HubAccount",
    "Image",
    "Import",
    "ImportBatch",
    "Invite",
    "LineError",
    "Member",
    "Pair",
    "Prompt",
    "Publication",
    "Question",
    "Release",
    "ReleaseFile",
    "ReleaseShard",
    "RingCursor",
    "Token",
    "User",
    "Vote",
]
