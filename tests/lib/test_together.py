"""Operations of a migration that are done together, on a table of the test's own."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, migrations, models, transaction
from django.db.migrations.state import ProjectState

from annotator.lib.together import Together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def state():
    """With a table `shop_box`, which is gone after the test."""
    state = ProjectState()
    create = migrations.CreateModel("Box", [("id", models.BigAutoField(primary_key=True)), ("size", models.IntegerField())])
    run(create, state)
    yield state
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE shop_box")


def run(operation, state):
    """Do it, and give back the state before it."""
    before = state.clone()
    operation.state_forwards("shop", state)
    with connection.schema_editor() as editor:
        operation.database_forwards("shop", editor, before, state)
    return before


def is_refused(size):
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO shop_box (size) VALUES (%s)", [size])
    except IntegrityError:
        return True
    return False


def constraint(name, **condition):
    return migrations.AddConstraint("box", models.CheckConstraint(condition=models.Q(**condition), name=name))


def test_each_is_done(state):
    run(Together([constraint("size_positive", size__gt=0), constraint("size_small", size__lt=10)]), state)
    assert [size for size in (0, 5, 10) if is_refused(size)] == [0, 10]


def test_a_constraint_is_replaced_by_one_of_its_name(state):
    run(constraint("size_limit", size__lt=10), state)
    run(Together([migrations.RemoveConstraint("box", "size_limit"), constraint("size_limit", size__lt=100)]), state)
    assert [size for size in (5, 50, 500) if is_refused(size)] == [500]


def test_all_of_them_are_undone(state):
    together = Together([constraint("size_positive", size__gt=0), constraint("size_small", size__lt=10)])
    before = run(together, state)
    with connection.schema_editor() as editor:
        together.database_backwards("shop", editor, state, before)
    assert not is_refused(0)
    assert not is_refused(10)


def test_the_models_have_what_it_did(state):
    state.apps  # noqa: B018 - made before it, as in a real migration
    run(Together([migrations.AddField("box", "colour", models.TextField(default="")), constraint("coloured", size__gt=0)]), state)
    box = state.apps.get_model("shop", "Box")
    assert [field.name for field in box._meta.fields] == ["id", "size", "colour"]
    assert [each.name for each in box._meta.constraints] == ["coloured"]
