"""Checked lines with ingested images to rows: prompts, generators, images, pairs. What is there already is found again."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F

from annotator.choices import RULES_IN_BATCHES, Choice
from annotator.importing.images import hash_distance
from annotator.importing.pairing import NewPair, pairs_of
from annotator.importing.parse_line import BadLine
from annotator.lib.advisory_locks import Space, lock_until_commit
from annotator.models import Campaign, Generator, Image, Pair, Prompt
from annotator.models.pair_seats import RING_SIZE

ROWS_PER_INSERT = 1000
SWAPPED_CHOICE: dict[str, str] = {Choice.A: Choice.B, Choice.B: Choice.A}


class StoredImage(NamedTuple):
    """An image whose files are in storage: what its row says of them."""

    sha256: str
    format: str
    width: int
    height: int
    byte_size: int
    phash: int | None = None
    display_id: UUID | None = None
    displays_made: int = 0


@dataclass(frozen=True)
class ReadyLine:
    """A line of a batch, as staging wrote it, and its images in the same order."""

    number: int
    line: dict[str, Any]
    images: Sequence[StoredImage]


@dataclass
class Added:
    pairs_added: int = 0
    pairs_known: int = 0
    errors: dict[int, BadLine] = field(default_factory=dict)  # line number to reason


ImageKey = tuple[str, str, int | None, str]  # prompt's hash, generator, seed, sha256
PairKey = frozenset[ImageKey]


def add_lines(*, campaign: Campaign, lines: Iterable[ReadyLine], import_id: int | None = None) -> Added:
    """Add what the campaign does not have yet, inside the caller's transaction. Refused lines leave nothing behind.

    Batches of one campaign take turns here, so that two with the same prompts neither wait for each other in a circle nor
    add a thing twice. The images were decoded before; what is left takes milliseconds.
    """
    lock_until_commit(Space.IMPORTING, campaign.pk)
    lines = list(lines)
    known = _Known(campaign, lines, import_id)
    added = Added()
    for ready in lines:
        try:
            known.add(ready, added)
        except BadLine as error:
            added.errors[ready.number] = error
    known.save()
    return added


class _Known:
    """What the campaign has of the lines' things, and what is to be saved beside it. Looked up once for all lines."""

    def __init__(self, campaign: Campaign, lines: Sequence[ReadyLine], import_id: int | None) -> None:
        self.campaign, self.import_id = campaign, import_id
        self.new: dict[type, list[Any]] = {Prompt: [], Generator: [], Image: [], Pair: []}
        self.changed_prompts: dict[int, Prompt] = {}
        self.changed_pairs: dict[int, Pair] = {}
        self.joining_images: list[int] = []  # known ones that the rule pairs from now on
        hashes = {text_hash(ready.line["prompt"]) for ready in lines}
        identifiers = [ready.line["external_id"] for ready in lines if ready.line["external_id"] is not None]
        names = {image["generator"] for ready in lines for image in ready.line["images"]} - {""}
        files = {image.sha256 for ready in lines for image in ready.images}

        self.prompts = {prompt.text_sha256: prompt for prompt in Prompt.objects.filter(campaign=campaign, text_sha256__in=hashes)}
        self.prompt_of_identifier = {
            prompt.external_id: prompt.text_sha256
            for prompt in Prompt.objects.filter(campaign=campaign, external_id__in=identifiers)
        }
        self.generators = {row.name: row for row in Generator.objects.filter(campaign=campaign, name__in=names)}
        self.images: dict[ImageKey, Image] = {}
        keys: dict[int, ImageKey] = {}
        for image in Image.objects.filter(prompt__in=self.prompts.values(), sha256__in=files).annotate(
            text_hash=F("prompt__text_sha256"), generator_name=F("generator__name")
        ):
            keys[image.pk] = (image.text_hash, image.generator_name or "", image.seed, image.sha256)
            self.images[keys[image.pk]] = image
        self.pairs: dict[PairKey, Pair] = {}
        self.key_of_a: dict[PairKey, ImageKey] = {}
        for pair in Pair.objects.filter(campaign=campaign, image_a__in=keys, image_b__in=keys):
            pair_key = frozenset((keys[pair.image_a_id], keys[pair.image_b_id]))
            self.pairs[pair_key] = pair
            self.key_of_a[pair_key] = keys[pair.image_a_id]
        # A pair is one object here, whichever way it was found.
        by_pk = {pair.pk: pair for pair in self.pairs.values()}
        self.pair_of_identifier: dict[str | None, Pair] = {
            pair.external_id: by_pk.get(pair.pk, pair)
            for pair in Pair.objects.filter(campaign=campaign, external_id__in=identifiers)
        }

    def add(self, ready: ReadyLine, added: Added) -> None:
        """Check one line against all that is known, then note what it adds. Raises BadLine before anything is noted."""
        line = ready.line
        keys = self._image_keys(ready)
        if line["is_pair"]:
            wanted = [NewPair(0, 1, 1.0)]
            self._check_pair(line, keys)
        else:
            wanted = self._pairs_of(keys)
            self._check_prompt(line)
        prompt = self._prompt(line)
        images = [
            self._image(prompt, key, stored, entry["parameters"])
            for key, stored, entry in zip(keys, ready.images, line["images"], strict=True)
        ]
        if not line["is_pair"] and self.campaign.pairing_rule in RULES_IN_BATCHES:
            self._pair_by_rule(images)
        for i, j, probability in wanted:
            pair_key = frozenset((keys[i], keys[j]))
            if pair_key in self.pairs:
                added.pairs_known += 1
                self._complete(self.pairs[pair_key], line)
            else:
                added.pairs_added += 1
                pair, swapped = new_pair(self.campaign, prompt, images[i], images[j], probability)
                self.key_of_a[pair_key] = keys[j if swapped else i]
                self.pairs[pair_key] = self._complete_new(pair, line, swapped=swapped)

    def save(self) -> None:
        for model, rows in self.new.items():
            model._default_manager.bulk_create(rows, batch_size=ROWS_PER_INSERT)  # type: ignore[attr-defined]
        Prompt.objects.bulk_update(self.changed_prompts.values(), ["external_id", "category", "language"])
        Pair.objects.bulk_update(self.changed_pairs.values(), ["external_id"])
        Image.objects.filter(pk__in=self.joining_images).update(is_paired_by_rule=True)

    def _pairs_of(self, keys: list[ImageKey]) -> list[NewPair]:
        """The pairs that the rule makes of a line's images, and those that it made of them before."""
        rule = self.campaign.pairing_rule
        known = [(i, j) for i, j in combinations(range(len(keys)), 2) if frozenset((keys[i], keys[j])) in self.pairs]
        joined = [place for place, key in enumerate(keys) if key in self.images and self.images[key].is_paired_by_rule]
        wanted = pairs_of(
            rule, len(keys), self._random_for(keys), pairs_per_image=self.campaign.pairs_per_image, known=known, joined=joined
        )
        # Votes decide which pairs there are: all that there are is what such a line stands for.
        again = [NewPair(i, j, 1.0) for i, j in known] if joined and rule in RULES_IN_BATCHES else []
        return [*again, *wanted]

    def _pair_by_rule(self, images: Iterable[Image]) -> None:
        for image in images:
            if not image.is_paired_by_rule:
                image.is_paired_by_rule = True
                if image.pk is not None:
                    self.joining_images.append(image.pk)

    def _image_keys(self, ready: ReadyLine) -> list[ImageKey]:
        prompt_hash = text_hash(ready.line["prompt"])
        seen: dict[str, str] = {}
        keys = []
        for entry, stored in zip(ready.line["images"], ready.images, strict=True):
            if stored.sha256 in seen:
                raise BadLine(
                    entry["field"], f"This is the same image as {seen[stored.sha256]}: the files have the same content."
                )
            seen[stored.sha256] = entry["field"]
            keys.append((prompt_hash, entry["generator"], entry["seed"], stored.sha256))
        return keys

    def _check_prompt(self, line: dict[str, Any]) -> None:
        """The external_id of k images is the prompt's."""
        identifier, prompt_hash = line["external_id"], text_hash(line["prompt"])
        if identifier is None:
            return
        if self.prompt_of_identifier.get(identifier, prompt_hash) != prompt_hash:
            raise BadLine("external_id", f"The external_id “{identifier}” already belongs to another prompt.")
        prompt = self.prompts.get(prompt_hash)
        if prompt is not None and prompt.external_id not in (None, identifier):
            raise BadLine("external_id", f"This prompt is already imported with the external_id “{prompt.external_id}”.")

    def _check_pair(self, line: dict[str, Any], keys: list[ImageKey]) -> None:
        """The external_id of a pair line is the pair's."""
        pair = self.pairs.get(frozenset(keys))
        identifier = line["external_id"]
        owner = self.pair_of_identifier.get(identifier) if identifier is not None else None
        if owner is not None and owner is not pair:
            raise BadLine("external_id", f"The external_id “{identifier}” already belongs to another pair.")
        if pair is None:
            return
        if identifier is not None and pair.external_id not in (None, identifier):
            raise BadLine("external_id", f"This pair is already imported with the external_id “{pair.external_id}”.")
        if line["gold_choice"] is not None:
            swapped = self.key_of_a[frozenset(keys)] != keys[0]
            if pair.gold_choice != oriented(line["gold_choice"], swapped=swapped):
                was = oriented(pair.gold_choice, swapped=swapped)
                has = f"with the gold_choice {was}" if was else "without a gold_choice"
                raise BadLine("gold_choice", f"This pair is already imported {has}. An import cannot change it.")

    def _prompt(self, line: dict[str, Any]) -> Prompt:
        prompt_hash = text_hash(line["prompt"])
        identifier = None if line["is_pair"] else line["external_id"]
        prompt = self.prompts.get(prompt_hash)
        if prompt is None:
            prompt = Prompt(
                campaign=self.campaign,
                text=line["prompt"],
                text_sha256=prompt_hash,
                metadata={} if line["is_pair"] else line["metadata"],
            )
            self.prompts[prompt_hash] = prompt
            self.new[Prompt].append(prompt)
        before = (prompt.external_id, prompt.category, prompt.language)
        prompt.external_id = prompt.external_id or identifier
        prompt.category = prompt.category or line["category"]
        prompt.language = prompt.language or line["language"]
        if prompt.pk is not None and before != (prompt.external_id, prompt.category, prompt.language):
            self.changed_prompts[prompt.pk] = prompt
        if identifier is not None:
            self.prompt_of_identifier[identifier] = prompt_hash
        return prompt

    def _image(self, prompt: Prompt, key: ImageKey, stored: StoredImage, parameters: dict[str, Any]) -> Image:
        image = self.images.get(key)
        if image is None:
            _, name, seed, _ = key
            image = Image(prompt=prompt, generator=self._generator(name), seed=seed, parameters=parameters, **stored._asdict())
            self.images[key] = image
            self.new[Image].append(image)
        return image

    def _generator(self, name: str) -> Generator | None:
        if not name:
            return None
        if name not in self.generators:
            self.generators[name] = Generator(campaign=self.campaign, name=name)
            self.new[Generator].append(self.generators[name])
        return self.generators[name]

    def _complete_new(self, pair: Pair, line: dict[str, Any], *, swapped: bool) -> Pair:
        """A new pair with what its line says of it."""
        pair.imported_in_id = self.import_id
        if line["is_pair"]:
            pair.external_id, pair.metadata = line["external_id"], line["metadata"]
        pair.gold_choice, pair.gold_note = oriented(line["gold_choice"], swapped=swapped), line["gold_note"]
        pair.is_audit = pair.is_audit and pair.gold_choice is None
        self.new[Pair].append(pair)
        if pair.external_id is not None:
            self.pair_of_identifier[pair.external_id] = pair
        return pair

    def _complete(self, pair: Pair, line: dict[str, Any]) -> None:
        """A known pair takes an external_id that it did not have."""
        if line["is_pair"] and line["external_id"] is not None and pair.external_id is None:
            pair.external_id = line["external_id"]
            self.pair_of_identifier[pair.external_id] = pair
            if pair.pk is not None:
                self.changed_pairs[pair.pk] = pair

    def _random_for(self, keys: Iterable[ImageKey]) -> Random:
        """The same for the same images of the same campaign, so that a ring is drawn the same way at every import."""
        return Random(f"{self.campaign.pk} {sorted(key[3] for key in keys)}")  # noqa: S311 - not a secret


def new_pair(campaign: Campaign, prompt: Prompt, one: Image, other: Image, probability: float) -> tuple[Pair, bool]:
    """A pair that is not saved yet, and whether `other` became `a`. `probability` is that with which the two were drawn."""
    swapped = is_swapped(campaign.pk, one.sha256, other.sha256)
    image_a, image_b = (other, one) if swapped else (one, other)
    pair = Pair(
        campaign=campaign,
        prompt=prompt,
        image_a=image_a,
        image_b=image_b,
        votes_wanted=campaign.votes_wanted,
        ring=secrets.randbelow(RING_SIZE),
        is_audit=is_drawn_for_audit(campaign.audit_rate),
        inclusion_probability=probability,
        image_distance=hash_distance(one.phash, other.phash),
    )
    return pair, swapped


def is_drawn_for_audit(rate: float) -> bool:
    """Whether a new pair is one of the audit share. By chance alone, as its place on the ring: nothing about the pair tells."""
    return secrets.SystemRandom().random() < rate


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def is_swapped(campaign_id: int, first: str, second: str) -> bool:
    """Whether the second image of a line becomes `a`: by chance, but the same for the same two images in either order."""
    low, high = sorted((first, second))
    low_is_a = hashlib.sha256(f"{campaign_id} {low} {high}".encode()).digest()[0] % 2 == 0
    return low_is_a != (first == low)


def oriented(choice: str | None, *, swapped: bool) -> str | None:
    """A choice about a line's images as a choice about the pair's, or back."""
    return SWAPPED_CHOICE.get(choice, choice) if swapped and choice is not None else choice
