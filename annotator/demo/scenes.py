"""What is to be seen: scenes, the prompts that describe them, and generators that obey a prompt more or less well.

Every image is made from a scene that its generator changed in known ways, so how far it is from its prompt is known, and so
is the true answer for each pair of images. All of it is a function of a seed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from annotator.choices import Choice

SEED = 20
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown")
SHAPES = ("circle", "square", "triangle", "star", "heart", "diamond", "hexagon", "crescent")
SIZES = ((640, 640), (768, 576), (576, 768), (704, 640))  # pixels; all images of a prompt have the same
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
CATEGORIES = ("counting", "colour", "relation", "composition")
MOST_FAULTS = 3
ROUGHNESS_WEIGHT = 0.5  # a rough drawing weighs less than anything that is wrong in it


@dataclass(frozen=True)
class Thing:
    shape: str
    colour: str


@dataclass(frozen=True)
class Group:
    """Things that stand together. A prompt asks for equal things; a generator may get some of them wrong."""

    things: tuple[Thing, ...]

    @property
    def words(self) -> str:
        """In plain English: "a red circle", "three blue stars"."""
        thing, count = self.things[0], len(self.things)
        if count == 1:
            return f"{'an' if thing.colour[0] in 'aeiou' else 'a'} {thing.colour} {thing.shape}"
        return f"{NUMBERS[count]} {thing.colour} {thing.shape}s"


@dataclass(frozen=True)
class Scene:
    """Up to three groups. With a relation there are two, and the first stands `relation` the second."""

    category: str
    groups: tuple[Group, ...]
    relation: str = ""

    @property
    def prompt(self) -> str:
        words = [group.words for group in self.groups]
        if self.relation:
            text = f"{words[0]} {self.relation} {words[1]}"
        elif len(words) > 1:
            text = f"{', '.join(words[:-1])} and {words[-1]}"
        else:
            text = words[0]
        return text[0].upper() + text[1:]


OPPOSITES = {"above": "below", "below": "above", "to the left of": "to the right of", "to the right of": "to the left of"}


@dataclass(frozen=True)
class Generator:
    """How likely each thing a prompt says goes wrong, and how likely the drawing is rough."""

    name: str
    fault_rate: float
    roughness_rate: float


GENERATORS = (
    Generator("careful-2", 0.03, 0.08),
    Generator("steady-1", 0.13, 0.25),
    Generator("hasty-turbo", 0.26, 0.55),
    Generator("dreamy-0.5", 0.42, 0.35),
)


@dataclass(frozen=True)
class Picture:
    """One image to be drawn: the scene as its generator got it, and what is wrong with that."""

    number: int  # of the prompt, from 0
    prompt: str
    category: str
    generator: str
    scene: Scene
    faults: tuple[str, ...]
    is_rough: bool
    size: tuple[int, int]
    seed: int

    @property
    def error(self) -> float:
        """0 is perfect; each fault counts 1, a rough drawing half a fault."""
        return len(self.faults) + ROUGHNESS_WEIGHT * self.is_rough

    @property
    def file_name(self) -> str:
        # As on the disk of somebody who ran several models. Annotators must never see it.
        return f"images/{self.generator}/{self.number:03}.jpg"


def true_choice(error_a: float, error_b: float) -> Choice:
    """The right answer for a pair: the smaller error wins; of two equals, both are good if nothing in them is wrong."""
    if error_a != error_b:
        return Choice.A if error_a < error_b else Choice.B
    return Choice.BOTH_GOOD if error_a < 1 else Choice.BOTH_BAD


def plan_scenes(count: int, *, seed: int = SEED) -> list[Scene]:
    """`count` scenes with different prompts, their categories in turn. The first n of more are the n of fewer."""
    rng = Random(f"scenes {seed}")  # noqa: S311 - a picture book, not a secret
    scenes: dict[str, Scene] = {}
    while len(scenes) < count:
        scene = _plan_scene(CATEGORIES[len(scenes) % len(CATEGORIES)], rng)
        scenes.setdefault(scene.prompt, scene)
    return list(scenes.values())


def _plan_scene(category: str, rng: Random) -> Scene:
    def group(count: int, shape: str, colour: str) -> Group:
        return Group((Thing(shape, colour),) * count)

    shapes, colours = rng.sample(SHAPES, 3), rng.sample(COLOURS, 3)
    if category == "counting":
        if rng.random() < 0.5:
            return Scene(category, (group(rng.randint(4, 8), shapes[0], colours[0]),))
        return Scene(category, tuple(group(rng.randint(2, 5), shapes[i], colours[i]) for i in range(2)))
    if category == "colour":
        return Scene(category, tuple(group(1, shapes[i], colours[i]) for i in range(3)))
    counts = (1, 1) if category == "relation" else (rng.randint(1, 4), rng.randint(2, 4))
    return Scene(
        category, tuple(group(counts[i], shapes[i], colours[i]) for i in range(2)), relation=rng.choice(sorted(OPPOSITES))
    )


def plan_pictures(first: int, last: int, *, seed: int = SEED) -> list[Picture]:
    """One picture per generator for each of the prompts from number `first` up to, not including, `last`."""
    pictures = []
    for number, scene in enumerate(plan_scenes(last, seed=seed)[first:], first):
        for generator in GENERATORS:
            rng = Random(f"{seed} {scene.prompt} {generator.name}")  # noqa: S311
            drawn, faults = _go_wrong(scene, generator.fault_rate, rng)
            pictures.append(
                Picture(
                    number=number,
                    prompt=scene.prompt,
                    category=scene.category,
                    generator=generator.name,
                    scene=drawn,
                    faults=faults,
                    is_rough=rng.random() < generator.roughness_rate,
                    size=SIZES[number % len(SIZES)],
                    seed=rng.randrange(2**31),
                )
            )
    return pictures


def _go_wrong(scene: Scene, rate: float, rng: Random) -> tuple[Scene, tuple[str, ...]]:
    """The scene as a generator with this fault rate gets it, and what it got wrong in words."""
    chances = [(kind, index) for index in range(len(scene.groups)) for kind in ("count", "colour", "shape")]
    if scene.relation:
        chances.append(("relation", 0))
    chosen = [chance for chance in chances if rng.random() < rate]
    rng.shuffle(chosen)
    groups, relation, faults = list(scene.groups), scene.relation, []
    # Counts first: what is wrong with single things must survive.
    for kind, index in sorted(chosen[:MOST_FAULTS], key=lambda chance: chance[0] != "count"):
        if kind == "relation":
            relation = OPPOSITES[relation]
        elif kind == "count":
            groups[index] = _miscount(groups[index], rng)
        else:
            groups[index] = _mistake(groups[index], kind, scene, rng)
        faults.append(f"{kind} of {scene.groups[index].words}" if kind != "relation" else f"not {scene.relation}")
    return replace(scene, groups=tuple(groups), relation=relation), tuple(faults)


def _miscount(group: Group, rng: Random) -> Group:
    count = len(group.things)
    wrong = rng.choice([n for n in (count - 2, count - 1, count + 1, count + 2) if 1 <= n < len(NUMBERS)])
    return Group((group.things[0],) * wrong)


def _mistake(group: Group, kind: str, scene: Scene, rng: Random) -> Group:
    """About half of the things in the group get a colour or shape that nothing in the prompt has."""
    values, asked = (
        (COLOURS, {g.things[0].colour for g in scene.groups})
        if kind == "colour"
        else (
            SHAPES,
            {g.things[0].shape for g in scene.groups},
        )
    )
    wrong = rng.choice([value for value in values if value not in asked])
    things = list(group.things)
    for index in rng.sample(range(len(things)), max(1, len(things) // 2)):
        things[index] = replace(things[index], **{kind: wrong})
    return Group(tuple(things))
