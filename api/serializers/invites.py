"""Invite links."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotator.campaigns import invites
from annotator.choices import Role
from annotator.models import Invite
from annotator.models.fields import PLATFORM_ID_PATTERN
from api.serializers.base import Body, PatternText, Text, WholeNumber, YesOrNo

STATES = {"": "usable", "invite_revoked": "revoked", "invite_expired": "expired", "invite_used_up": "used_up"}
KEY_LIMIT = 20_000  # characters


class NewInvite(Body):
    """A new invite link. All fields are optional."""

    note = Text(required=False, allow_blank=True, max_length=100, help_text="Tells links apart. Only managers see it.")
    role = serializers.ChoiceField(Role.choices, required=False, help_text="What people who join become. Default: annotator.")
    for_crowd = YesOrNo(required=False, help_text="People come from a crowd platform, which identifies them.")
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="From then on nobody joins. Null: no limit."
    )
    uses_max = WholeNumber(
        required=False, allow_null=True, min_value=1, max_value=2**31 - 1, help_text="How many people can join. Null: no limit."
    )
    platform_key = Text(
        required=False,
        allow_blank=True,
        max_length=KEY_LIMIT,
        help_text="What the crowd platform signs its parameters with: the https address of its keys, a public key, or a secret.",
    )
    platform_customer = PatternText(
        regex=rf"^(|{PLATFORM_ID_PATTERN.strip('^$')})$",
        required=False,
        allow_blank=True,
        max_length=64,
        help_text="The workspace or study that signed parameters must be of.",
    )


class InviteSerializer(serializers.ModelSerializer[Invite]):
    """An invite link. Whoever has its `url` can join while `state` is `usable`."""

    url = serializers.SerializerMethodField(help_text="The link. For a crowd platform, it ends in the parameters of Prolific.")
    state = serializers.SerializerMethodField()
    signed = serializers.SerializerMethodField(help_text="Whether people of a crowd platform join by signed parameters only.")

    class Meta:
        model = Invite
        fields = [
            "id",
            "url",
            "state",
            "note",
            "role",
            "for_crowd",
            "signed",
            "expires_at",
            "uses_max",
            "uses",
            "created_at",
            "revoked_at",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "format": "uri"})
    def get_url(self, invite: Invite) -> str:
        address: str = self.context["request"].build_absolute_uri(reverse("join", args=[invites.key_of(invite)]))
        return address + (invites.PLATFORM_PARAMETERS if invite.for_crowd else "")

    @extend_schema_field(serializers.ChoiceField([(state, state) for state in STATES.values()]))
    def get_state(self, invite: Invite) -> str:
        return STATES[invites.why_unusable(invite)]

    def get_signed(self, invite: Invite) -> bool:
        return bool(invite.platform_key)
