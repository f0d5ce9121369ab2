"""Saving a model after checking it, with errors by field."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from annotator.errors import Conflict, Invalid
from annotator.models import Campaign, Question


def save_valid(instance: Campaign | Question) -> None:
    """Validate and save a row. Raises Invalid with the errors of its fields and constraints."""
    try:
        instance.full_clean()
        with transaction.atomic():
            instance.save()
    except ValidationError as error:
        raise Invalid(gettext("Some values are not valid."), errors=error.message_dict) from error
    except IntegrityError as error:  # two at once with the same slug: only the constraint sees both
        raise Conflict(gettext("This already exists. Someone else has just created it.")) from error
