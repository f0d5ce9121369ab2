"""One factory per model. Each makes a row that is valid in itself; tests say only what they are about."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from annotator import models
from annotator.choices import ActionKind, AssignmentState, Choice, Label, Measure, Outcome
from annotator.consensus.posterior import no_prior, to_document


class UserFactory(DjangoModelFactory):
    class Meta:
        model = models.User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    password = factory.django.Password("correct horse battery")


class CampaignFactory(DjangoModelFactory):
    """An open campaign with its primary question and progress row, and nothing but regular pairs in its queues."""

    class Meta:
        model = models.Campaign
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda n: f"campaign-{n}")
    name = factory.LazyAttribute(lambda campaign: campaign.slug.replace("-", " ").title())
    state = "open"
    votes_wanted = 3
    votes_max = factory.SelfAttribute("votes_wanted")
    gold_rate = repeat_rate = 0.0  # what is mixed in is drawn by lot; a test that is about it says so
    question = factory.RelatedFactory("tests.factories.QuestionFactory", factory_related_name="campaign")
    progress_row = factory.RelatedFactory("tests.factories.CampaignProgressFactory", factory_related_name="campaign")


class CampaignProgressFactory(DjangoModelFactory):
    class Meta:
        model = models.CampaignProgress

    campaign = factory.SubFactory(CampaignFactory, progress_row=None)
    updated_at = factory.LazyFunction(timezone.now)


class QuestionFactory(DjangoModelFactory):
    class Meta:
        model = models.Question

    campaign = factory.SubFactory(CampaignFactory, question=None)
    slug = "overall"
    text = "Which image is better overall?"
    position = 0


class GuidelineFactory(DjangoModelFactory):
    """In force, unless it is a draft."""

    class Meta:
        model = models.Guideline
        skip_postgeneration_save = True

    campaign = factory.SubFactory(CampaignFactory)
    version = 1
    text = "Judge the *whole* image."
    published_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def put_in_force(self, create, extracted, **kwargs):
        if self.published_at is not None:
            self.campaign.guideline = self
            self.campaign.save(update_fields=["guideline"])


class MemberFactory(DjangoModelFactory):
    class Meta:
        model = models.Member

    campaign = factory.SubFactory(CampaignFactory)
    user = factory.SubFactory(UserFactory)


class ConsentTextFactory(DjangoModelFactory):
    """A version on its own. `consent.publish_consent_text` puts one in force."""

    class Meta:
        model = models.ConsentText

    campaign = factory.SubFactory(CampaignFactory)
    version = 1
    text = "Your answers are *published*, without your name."
    published_at = factory.LazyFunction(timezone.now)


class ConsentFactory(DjangoModelFactory):
    class Meta:
        model = models.Consent

    member = factory.SubFactory(MemberFactory)
    text = factory.SubFactory(ConsentTextFactory, campaign=factory.SelfAttribute("..member.campaign"))
    accepted_at = factory.LazyFunction(timezone.now)


class GroupQuestionFactory(DjangoModelFactory):
    class Meta:
        model = models.GroupQuestion

    campaign = factory.SubFactory(CampaignFactory)
    text = "How often do you make images with a generator?"
    options = factory.LazyFunction(lambda: ["never", "sometimes", "often"])


class SelfDescriptionFactory(DjangoModelFactory):
    class Meta:
        model = models.SelfDescription

    member = factory.SubFactory(MemberFactory)
    option = "never"
    described_at = factory.LazyFunction(timezone.now)


class InviteFactory(DjangoModelFactory):
    class Meta:
        model = models.Invite

    campaign = factory.SubFactory(CampaignFactory)


class CrowdUserFactory(UserFactory):
    username = factory.Sequence(lambda n: f"crowd-{n}")
    email = ""
    password = "!unusable"
    is_crowd = True


class CrowdIdentityFactory(DjangoModelFactory):
    class Meta:
        model = models.CrowdIdentity

    member = factory.SubFactory(MemberFactory, user=factory.SubFactory(CrowdUserFactory))
    campaign = factory.SelfAttribute("member.campaign")
    participant = factory.Sequence(lambda n: f"5f3e2d1c0b9a8f7e6d5c{n:04x}")


class TokenFactory(DjangoModelFactory):
    class Meta:
        model = models.Token

    user = factory.SubFactory(UserFactory)
    hint = "dpt_test"
    digest = factory.Sequence(lambda n: hashlib.sha256(f"token {n}".encode()).hexdigest())
    scopes = factory.LazyFunction(lambda: ["annotate"])


class GeneratorFactory(DjangoModelFactory):
    class Meta:
        model = models.Generator

    campaign = factory.SubFactory(CampaignFactory)
    name = factory.Sequence(lambda n: f"generator {n}")


class PromptFactory(DjangoModelFactory):
    class Meta:
        model = models.Prompt

    campaign = factory.SubFactory(CampaignFactory)
    text = factory.Sequence(lambda n: f"A red cube left of {n} blue spheres")
    text_sha256 = factory.LazyAttribute(lambda prompt: hashlib.sha256(prompt.text.encode()).hexdigest())


class ImageFactory(DjangoModelFactory):
    """A row without stored bytes; tests that serve or release images import real ones."""

    class Meta:
        model = models.Image

    prompt = factory.SubFactory(PromptFactory)
    sha256 = factory.Sequence(lambda n: hashlib.sha256(f"image {n}".encode()).hexdigest())
    format = "PNG"
    width = 64
    height = 48
    byte_size = 1234


class PairFactory(DjangoModelFactory):
    class Meta:
        model = models.Pair

    campaign = factory.SubFactory(CampaignFactory)
    prompt = factory.SubFactory(PromptFactory, campaign=factory.SelfAttribute("..campaign"))
    image_a = factory.SubFactory(ImageFactory, prompt=factory.SelfAttribute("..prompt"))
    image_b = factory.SubFactory(ImageFactory, prompt=factory.SelfAttribute("..prompt"))
    votes_wanted = factory.LazyAttribute(lambda pair: pair.campaign.votes_wanted)
    ring = factory.Sequence(lambda n: (n * 7919) % 2**31)

    @classmethod
    def create_batch(cls, size, *, campaign, **fields):
        """Of one campaign, each with a prompt and images of its own: three statements for all instead of four for each."""
        pairs = cls.build_batch(size, campaign=campaign, **fields)
        models.Prompt.objects.bulk_create(pair.prompt for pair in pairs)
        models.Image.objects.bulk_create(image for pair in pairs for image in pair.images)
        return models.Pair.objects.bulk_create(pairs)


class AssignmentFactory(DjangoModelFactory):
    """A bare row: it takes no seat on the pair. Use `assigning.refill_queue` where seats matter."""

    class Meta:
        model = models.Assignment

    member = factory.SubFactory(MemberFactory)
    campaign = factory.SelfAttribute("member.campaign")
    pair = factory.SubFactory(PairFactory, campaign=factory.SelfAttribute("..campaign"))
    a_on_left = True
    lease_expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=30))
    closed_at = factory.LazyAttribute(lambda seat: None if seat.state == "open" else timezone.now())
    state = AssignmentState.OPEN


class VoteFactory(DjangoModelFactory):
    class Meta:
        model = models.Vote

    assignment = factory.SubFactory(AssignmentFactory, state=AssignmentState.ANSWERED)
    member = factory.SelfAttribute("assignment.member")
    campaign = factory.SelfAttribute("assignment.campaign")
    question = factory.LazyAttribute(lambda vote: vote.campaign.questions.get(position=0))
    choice = Choice.A
    elapsed_ms = 2500
    created_at = factory.LazyAttribute(lambda vote: vote.assignment.closed_at or timezone.now())


class FlagFactory(DjangoModelFactory):
    class Meta:
        model = models.Flag

    campaign = factory.SelfAttribute("assignment.campaign")
    assignment = factory.SubFactory(AssignmentFactory, state=AssignmentState.FLAGGED)
    reason = "broken_image"
    created_at = factory.LazyFunction(timezone.now)


class ConsensusFactory(DjangoModelFactory):
    class Meta:
        model = models.Consensus

    pair = factory.SubFactory(PairFactory)
    question = factory.LazyAttribute(lambda consensus: consensus.pair.campaign.questions.get(position=0))
    label = Label.A
    share = 1.0
    confidence = 0.9
    n_a = 3
    p_a = 1.0
    p_b = 0.0
    p_both_good = 0.0
    p_both_bad = 0.0
    computed_at = factory.LazyFunction(timezone.now)


class SplitPriorFactory(DjangoModelFactory):
    class Meta:
        model = models.SplitPrior

    question = factory.LazyFunction(lambda: CampaignFactory().questions.get(position=0))
    document = factory.LazyFunction(lambda: to_document(no_prior(4, groups=(0, 0, 1, 2))))
    fitted_at = factory.LazyFunction(timezone.now)


class LabelFitFactory(DjangoModelFactory):
    class Meta:
        model = models.LabelFit

    question = factory.LazyFunction(lambda: CampaignFactory().questions.get(position=0))
    method = "dawid_skene"
    converged = True
    iterations = 20
    computed_at = factory.LazyFunction(timezone.now)


class WebhookFactory(DjangoModelFactory):
    """A row whose secret opens nothing; webhooks.create_webhook makes one to be used."""

    class Meta:
        model = models.Webhook

    campaign = factory.SubFactory(CampaignFactory)
    url = "https://hooks.test/diptych"
    events = factory.LazyFunction(lambda: ["release.ready"])
    encrypted_secret = "nothing"


class DeliveryFactory(DjangoModelFactory):
    class Meta:
        model = models.Delivery

    webhook = factory.SubFactory(WebhookFactory)
    event = "ping"
    body = "{}"
    next_attempt_at = factory.LazyFunction(timezone.now)
    created_at = factory.LazyFunction(timezone.now)


class IdempotentResponseFactory(DjangoModelFactory):
    class Meta:
        model = models.IdempotentResponse

    user = factory.SubFactory(UserFactory)
    route = "POST /api/v1/campaigns/"
    key = "one"
    digest = "0" * 64
    created_at = factory.LazyFunction(timezone.now)


class ReviewRuleFactory(DjangoModelFactory):
    class Meta:
        model = models.ReviewRule

    campaign = factory.SubFactory(CampaignFactory)
    measure = Measure.GOLD_ACCURACY
    outcome = Outcome.WARN
    threshold = 0.7
    minimum = 5


class AnnotatorStatsFactory(DjangoModelFactory):
    class Meta:
        model = models.AnnotatorStats

    member = factory.SubFactory(MemberFactory)
    computed_at = factory.LazyFunction(timezone.now)


class ModerationActionFactory(DjangoModelFactory):
    class Meta:
        model = models.ModerationAction

    member = factory.SubFactory(MemberFactory)
    kind = ActionKind.WARN
    at = factory.LazyFunction(timezone.now)


class ProposalFactory(DjangoModelFactory):
    class Meta:
        model = models.Proposal

    rule = factory.SubFactory(ReviewRuleFactory)
    member = factory.SubFactory(MemberFactory, campaign=factory.SelfAttribute("..rule.campaign"))
    proposed_at = factory.LazyFunction(timezone.now)


class AppealFactory(DjangoModelFactory):
    class Meta:
        model = models.Appeal

    member = factory.SubFactory(MemberFactory, state="paused")
    message = "I do look at both images."
    created_at = factory.LazyFunction(timezone.now)


class ReleaseFactory(DjangoModelFactory):
    class Meta:
        model = models.Release

    campaign = factory.SubFactory(CampaignFactory)
    number = 1


class ImportFactory(DjangoModelFactory):
    class Meta:
        model = models.Import

    campaign = factory.SubFactory(CampaignFactory)
    file_name = "pairs.jsonl"
