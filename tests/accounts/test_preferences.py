"""The settings that somebody has on every device."""

from __future__ import annotations

import pytest

from annotator.accounts.preferences import CHECKS, FOR_EVERYBODY, change_preferences, preferences_of
from annotator.errors import Invalid
from annotator.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_what_nobody_changed_is_as_for_everybody():
    assert preferences_of(UserFactory()) == FOR_EVERYBODY
    assert FOR_EVERYBODY.keys() == CHECKS.keys()
    assert all(CHECKS[name][0](value) for name, value in FOR_EVERYBODY.items())


def test_a_change_leaves_the_others_as_they_are():
    user = UserFactory()

    change_preferences(user=user, changes={"ground": "black"})
    assert change_preferences(user=user, changes={"swipe": False}) == FOR_EVERYBODY | {"ground": "black", "swipe": False}
    assert preferences_of(User.objects.get(pk=user.pk)) == FOR_EVERYBODY | {"ground": "black", "swipe": False}


@pytest.mark.parametrize(
    "changes",
    [
        {"ground": "pink"},
        {"ground": ["grey"]},
        {"tap": 1},
        {"tap": "yes"},
        {"key_map": "dvorak"},
        {"own_keys": {"left": "Escape"}},
        {"colour": "red"},
    ],
)
def test_what_does_not_fit_is_refused_by_its_name_and_nothing_is_kept(changes):
    user = UserFactory()

    with pytest.raises(Invalid) as error:
        change_preferences(user=user, changes={"unfold": True} | changes)

    assert error.value.errors.keys() == changes.keys()
    assert preferences_of(User.objects.get(pk=user.pk)) == FOR_EVERYBODY


def test_what_is_stored_and_no_longer_known_is_left_out():
    user = UserFactory(preferences={"ground": "plaid", "theme": "dark", "tap": False})

    assert preferences_of(user) == FOR_EVERYBODY | {"tap": False}
    assert "theme" not in change_preferences(user=user, changes={"tap": True})
