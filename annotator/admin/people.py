"""Users, members and tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from annotator.accounts import api_tokens
from annotator.admin.base import NeverAdded, NeverDeleted, each, user_of
from annotator.campaigns import members as campaign_members
from annotator.choices import MemberState
from annotator.models import Member, Token, User
from annotator.models.lookalikes import skeleton
from annotator.quality import moderation

MEMBER_FIGURES = [
    *("state", "public_id", "answered_count", "side_balance"),
    *("guideline_accepted", "guideline_accepted_at", "joined_at"),
]
RIGHTS = ["is_staff", "is_superuser", "groups", "user_permissions"]
TOKEN_COLUMNS = ("hint", "user", "name", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at")


class MemberForm(ModelForm):
    class Meta:
        model = Member
        fields = ["campaign", "user", "role"]


@admin.register(Member)
class MemberAdmin(NeverDeleted):
    form = MemberForm
    list_display = ["user", "campaign", "role", "state", "public_id", "answered_count", "side_balance", "joined_at"]
    list_filter = ["role", "state", "campaign"]
    list_select_related = ["user", "campaign"]
    search_fields = ["user__username", "user__email", "public_id"]
    autocomplete_fields = ["campaign", "user"]
    actions = ["pause", "let_work", "suspend", "lift_suspension"]

    def get_fields(self, request: HttpRequest, obj: Member | None = None) -> list[Any]:
        return ["campaign", "user", "role", *([] if obj is None else MEMBER_FIGURES)]

    def get_readonly_fields(self, request: HttpRequest, obj: Member | None = None) -> list[str]:
        return [] if obj is None else ["campaign", "user", *MEMBER_FIGURES]

    def save_model(self, request: HttpRequest, obj: Member, form: ModelForm, change: bool) -> None:
        made, _ = campaign_members.add_member(campaign=obj.campaign, user=obj.user, role=obj.role, by=user_of(request))
        obj.pk, obj._state.adding = made.pk, False

    def change_states(self, request: HttpRequest, rows: QuerySet[Member], state: MemberState, done: str) -> None:
        members = rows.select_related("user", "campaign")
        each(
            self,
            request,
            members,
            lambda row: campaign_members.change_member_state(member=row, state=state, by=user_of(request)),
            done=done,
        )

    @admin.action(description=gettext_lazy("Pause the selected members"), permissions=["change"])
    def pause(self, request: HttpRequest, rows: QuerySet[Member]) -> None:
        self.change_states(request, rows, MemberState.PAUSED, "Paused")

    @admin.action(description=gettext_lazy("Resume the selected paused members"), permissions=["change"])
    def let_work(self, request: HttpRequest, rows: QuerySet[Member]) -> None:
        self.change_states(request, rows, MemberState.ACTIVE, "Resumed")

    @admin.action(description=gettext_lazy("Suspend the selected members and void their votes"), permissions=["change"])
    def suspend(self, request: HttpRequest, rows: QuerySet[Member]) -> None:
        seats: list[int] = []
        members = rows.select_related("user", "campaign")
        by = user_of(request)
        each(self, request, members, lambda row: seats.append(moderation.suspend_member(member=row, by=by)), done="Suspended")
        self.message_user(request, f"Seats released: {sum(seats)}.", messages.INFO)

    @admin.action(
        description=gettext_lazy("Reinstate the selected suspended members and restore their votes"), permissions=["change"]
    )
    def lift_suspension(self, request: HttpRequest, rows: QuerySet[Member]) -> None:
        restored: list[int] = []
        members = rows.select_related("user", "campaign")
        by = user_of(request)
        each(
            self, request, members, lambda row: restored.append(moderation.lift_suspension(member=row, by=by)), done="Reinstated"
        )
        self.message_user(request, f"Answers restored: {sum(restored)}.", messages.INFO)


@admin.register(Token)
class TokenAdmin(NeverAdded):
    """Their owners make tokens in the console, and operators by `manage.py create_token`. The admin can only revoke them."""

    list_display = fields = readonly_fields = TOKEN_COLUMNS
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["user__username", "name", "hint"]
    actions = ["revoke"]

    @admin.action(description=gettext_lazy("Revoke the selected tokens"), permissions=["change"])
    def revoke(self, request: HttpRequest, rows: QuerySet[Token]) -> None:
        count = 0
        for token in rows.filter(revoked_at__isnull=True):
            api_tokens.revoke_token(token=token, by=user_of(request))
            count += 1
        self.message_user(request, f"Revoked: {count}.", messages.SUCCESS)


class DistinctName:
    """A form with a user name that must not look like somebody else's."""

    instance: User
    cleaned_data: dict[str, Any]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()  # type: ignore[misc]
        name = self.cleaned_data.get("username", "")
        if User.objects.filter(name_skeleton=skeleton(name)).exclude(pk=self.instance.pk).exists():
            raise ValidationError({"username": gettext("This username looks like that of somebody else. Choose another one.")})
        return cleaned


class NewUserForm(DistinctName, AdminUserCreationForm):
    pass


class UserForm(DistinctName, UserChangeForm):
    pass


@admin.register(User)
class PeopleAdmin(UserAdmin):
    """Django's, in which nobody but a superuser gives rights, or changes an account that has some.

    Otherwise whoever may change users would make themselves a superuser, or set the password of one.
    """

    form, add_form = UserForm, NewUserForm

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        return fields if user_of(request).is_superuser else [*fields, *RIGHTS]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _is_within(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_within(request, obj)


def _is_within(request: HttpRequest, obj: User | None) -> bool:
    if obj is None or user_of(request).is_superuser:
        return True
    has_rights = obj.is_staff or obj.is_superuser or obj.groups.exists() or obj.user_permissions.exists()
    return not has_rights


class GroupsAdmin(GroupAdmin):
    """Only superusers say what a group may do: its members would give themselves the rest."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return user_of(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return user_of(request).is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return user_of(request).is_superuser


admin.site.unregister(Group)
admin.site.register(Group, GroupsAdmin)
