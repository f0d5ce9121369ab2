"""The catalogues: what is to be translated, found in the sources, and what is translated, in <language>/LC_MESSAGES/*.po.

    python locale/messages.py update   take the sources' messages into every .po, and write the .mo
    python locale/messages.py check    what annotators see and is not marked, not translated, or not as it is in the sources

It needs Babel and no GNU gettext. Templates are read by Django's own parser, so a message here is the message of the page.
The .mo files are committed: Django reads nothing else, so that a fresh clone, an image and the tests need no step before.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

LOCALE = Path(__file__).resolve().parent
ROOT = LOCALE.parent
sys.path[:0] = [str(ROOT), str(LOCALE)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
os.environ.setdefault("DATA_DIR", str(ROOT / "var" / "tests"))

import django  # noqa: E402
from babel.messages.catalog import Catalog, Message  # noqa: E402
from babel.messages.extract import extract  # noqa: E402
from babel.messages.mofile import read_mo, write_mo  # noqa: E402
from babel.messages.pofile import read_po, write_po  # noqa: E402
from django.template import engines  # noqa: E402
from django.template.base import Node  # noqa: E402
from django.templatetags.i18n import BlockTranslateNode, TranslateNode  # noqa: E402

DOMAINS = {"django": ("templates", "annotator", "api"), "djangojs": ("static/js",)}
KEYWORDS = {
    **dict.fromkeys(("gettext", "gettext_lazy", "gettext_noop", "_"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
# Which of msgstr[0], msgstr[1], … is for a number. Arabic: none, one, two, a few, many, and whole hundreds.
PLURALS = {
    **dict.fromkeys(("de", "es"), "nplurals=2; plural=(n != 1);"),
    "fr": "nplurals=2; plural=(n > 1);",
    **dict.fromkeys(("zh_Hans", "ja"), "nplurals=1; plural=0;"),
    "ar": "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 && n%100<=99 ? 4 : 5;",
}
# Of managers, operators and programs alone. All else is seen by annotators, and has to be whole in every language.
NOT_OF_ANNOTATORS = re.compile(
    r"templates/(manage/(?!_form\.html|_field\.html)|admin/)|static/js/(manage|meanwhile|palette|invites|charts|tips)\.js|api/"
    r"|annotator/(admin|consensus|demo|feeds|importing|lib|local|management|models|releasing|scoring|views/manage)/"
    r"|annotator/templatetags/console\.py"
    r"|annotator/(tasks|settings|celery)\.py|annotator/quality/(?!appeals|moderation)"
    r"|annotator/campaigns/(forecast|lifecycle|members|opening|questions|validation)\.py"
    r"|annotator/(accounts/(api_tokens|preferences|users)|judging/conditions|views/annotate/preferences)\.py"
    r"|annotator/views/(health|middleware/https_only)\.py"
)
# Words of libraries that annotators meet. Where a library lacks a translation of one, it is in our catalogues.
LIBRARIES = {
    "allauth": (
        *("account/adapter.py", "account/forms.py", "account/fields.py", "mfa/adapter.py", "mfa/base/forms.py"),
        *("mfa/totp/forms.py", "mfa/webauthn/forms.py", "socialaccount/adapter.py", "socialaccount/forms.py"),
        *(f"templates/{part}/{kind}" for part in ("account", "mfa", "socialaccount") for kind in ("email", "messages")),
    ),
    "django": ("contrib/auth/password_validation.py", "core/validators.py", "forms/fields.py"),
}
NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # in place of dates that would change with every commit


class Found(NamedTuple):
    """A message in a source: the text, or its singular and plural."""

    text: str | tuple[str, str]
    context: str | None
    place: str

    @property
    def singular(self) -> str:
        return self.text if isinstance(self.text, str) else self.text[0]


def is_seen_by_annotators(message: Message) -> bool:
    return not all(NOT_OF_ANNOTATORS.match(place) for place, _ in message.locations)


# --- what stands in the sources


def found_in(domain: str) -> Iterator[Found]:
    for top in DOMAINS[domain]:
        for path in sorted((ROOT / top).rglob("*")):
            if "migrations" not in path.parts:
                yield from found_in_file(path, str(path.relative_to(ROOT)))
    if domain == "django":
        for library, names in LIBRARIES.items():
            top = folder_of(library)
            for path in (path for name in names for path in ([top / name] if name.endswith(".py") else (top / name).rglob("*"))):
                found = found_in_file(path, f"{library}/{path.relative_to(top)}")
                yield from (one for one in found if not is_translated_by(library, one))


def found_in_file(path: Path, place: str) -> Iterator[Found]:
    if path.suffix in (".html", ".txt"):
        yield from found_in_template(path.read_text(), place)
    elif path.suffix in (".py", ".js"):
        method = "python" if path.suffix == ".py" else "javascript"
        with path.open("rb") as file:
            for _, text, _, context in extract(method, file, KEYWORDS, options={"parse_template_string": "true"}):
                yield Found(text, context, place)


def found_in_template(source: str, place: str) -> Iterator[Found]:
    """By Django's parser: the message is what the tag looks up when the page is made."""
    for node in engines["django"].from_string(source).template.nodelist.get_nodes_by_type(Node):  # type: ignore[attr-defined]
        if isinstance(node, TranslateNode | BlockTranslateNode):
            context = node.message_context.resolve({}) if node.message_context else None
            if isinstance(node, TranslateNode):
                yield Found(str(node.filter_expression.var.literal).replace("%", "%%"), context, place)
                continue
            singular = node.render_token_list(node.singular)[0]
            yield Found((singular, node.render_token_list(node.plural)[0]) if node.plural else singular, context, place)


@cache
def folder_of(library: str) -> Path:
    spec = find_spec(library)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def is_translated_by(library: str, found: Found) -> bool:
    """Into all of our languages."""
    folders = [*folder_of(library).glob("**/locale")]
    return all(
        any(found.singular in translated(folder / locale / "LC_MESSAGES" / "django.mo") for folder in folders)
        for locale in PLURALS
    )


@cache
def translated(path: Path) -> frozenset[str]:
    if not path.exists():
        return frozenset()
    with path.open("rb") as file:
        return frozenset(one.id if isinstance(one.id, str) else one.id[0] for one in read_mo(file))


def sources(domain: str) -> Catalog:
    """All messages of the sources, each with the files where it stands."""
    catalogue = Catalog()
    for found in found_in(domain):
        flags = ["python-format"] if domain == "django" and "%" in str(found.text) else []
        catalogue.add(found.text, locations=[(found.place, None)], context=found.context, flags=flags)
    return catalogue


# --- the catalogues


def path_of(locale: str, domain: str) -> Path:
    return LOCALE / locale / "LC_MESSAGES" / f"{domain}.po"


def read(locale: str, domain: str) -> Catalog:
    path = path_of(locale, domain)
    return read_po(io.BytesIO(path.read_bytes() if path.exists() else header_of(locale)), locale=locale, domain=domain)


def merged(known: Catalog, found: Catalog, locale: str) -> Catalog:
    """The messages of the sources with the translations that are known. Nothing is guessed, and nothing outdated is kept."""
    merged = read_po(io.BytesIO(header_of(locale)), locale=locale)
    for message in sorted((one for one in found if one.id), key=lambda one: (sorted(one.locations), str(one.id))):
        old = known.get(message.id, message.context)
        string = old.string if old is not None and old.pluralizable == message.pluralizable else None
        places = [(place, None) for place in sorted({place for place, _ in message.locations})]
        merged.add(message.id, string, places, message.flags, context=message.context)
    return merged


def header_of(locale: str) -> bytes:
    lines = [
        f"Language: {locale}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",
        "Content-Transfer-Encoding: 8bit",
        f"Plural-Forms: {PLURALS[locale]}",
    ]
    return ('msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in lines)).encode()


def as_po(catalogue: Catalog, locale: str) -> bytes:
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=120, include_lineno=False, omit_header=True)
    return header_of(locale) + b"\n" + buffer.getvalue()


def as_mo(po: bytes, locale: str) -> bytes:
    catalogue = read_po(io.BytesIO(po), locale=locale)
    catalogue.project, catalogue.version = "Diptych", "1"
    catalogue.creation_date = catalogue.revision_date = NEVER
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def update() -> None:
    for domain in DOMAINS:
        found = sources(domain)
        for locale in PLURALS:
            path = path_of(locale, domain)
            po = as_po(merged(read(locale, domain), found, locale), locale)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(po)
            path.with_suffix(".mo").write_bytes(as_mo(po, locale))


# --- the check


def problems() -> Iterator[str]:
    for domain in DOMAINS:
        found = sources(domain)
        for locale in PLURALS:
            path = path_of(locale, domain)
            name, po = path.relative_to(ROOT), path.read_bytes() if path.exists() else b""
            catalogue = read(locale, domain)
            if as_po(merged(catalogue, found, locale), locale) != po:
                yield f"{name}: is not what the sources have; run `make messages`"
            elif not path.with_suffix(".mo").exists() or path.with_suffix(".mo").read_bytes() != as_mo(po, locale):
                yield f"{name}: the .mo beside it is older; run `make messages`"
            for message in merged(catalogue, found, locale):
                if message.id:
                    yield from (f"{name}: {problem}: {message.id!r}" for problem in problems_of(message))


def problems_of(message: Message) -> Iterator[str]:
    singular, *plural = [message.id] if isinstance(message.id, str) else message.id
    forms = [message.string] if isinstance(message.string, str) else list(message.string)
    if not any(forms):
        if is_seen_by_annotators(message):
            places = ", ".join(sorted(place for place, _ in message.locations))
            yield f"not translated ({places})"
        return
    if message.fuzzy:
        yield "marked as fuzzy"
    if not all(forms):
        yield "not every plural form is there"
    wanted = marks_in(plural[0] if plural else singular)
    for number, form in enumerate(forms):
        # The forms for one number alone may say it in a word.
        may_lack = {"%(count)s", "%(number)s", "%(minutes)s"} if len(forms) > 1 and number < len(forms) - 1 else set()
        if not wanted - may_lack <= marks_in(form) <= wanted:
            yield f"other placeholders or tags ({form!r})"


def marks_in(text: str) -> set[str]:
    """What a translation has to leave as it is: values, tags, and keys."""
    return set(re.findall(r"%\(\w+\)[sd]|%s|\{\w+\}|<[^>]+>", text))


def main(command: str) -> int:
    django.setup()
    if command == "update":
        update()
        return 0
    from unmarked import unmarked  # noqa: PLC0415 - of this folder, and it needs Django set up

    found = [*unmarked(), *problems()]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
