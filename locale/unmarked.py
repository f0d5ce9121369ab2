"""Words of pages that are not marked for translation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.template.base import Lexer, TokenType
from messages import NOT_OF_ANNOTATORS, ROOT

WORDS = re.compile(r"[A-Za-z]{2,}")
SPOKEN = re.compile(r"""\b(?:alt|aria-label|title|placeholder|label|data-text)="([^"]*)\"""")
# The name of the program, units, and names of things that are the same in every language.
NAMES = re.compile(
    r"\b(?:Diptych|JSON|UTC|REST|API|HTML|CSV|Hub|kB|MB|GB|ms|px|Elo|MACE|Dawid|Skene|Bradley|Terry|alpha)\b|&\w+;|#\d+"
)
# What ends a part that has no words, or whose words are marked.
ENDS = {"blocktranslate": "endblocktranslate", "comment": "endcomment"}
CLASSES = re.compile(r"block (?:main|body)_class")
# Calls whose words people read, and keyword arguments that hold some.
SAYS = {"DomainError", "Invalid", "NotAllowed", "NotFound", "Conflict", "TooLarge", "ValidationError", "BadToken"}
MESSAGES = {"success", "error", "warning", "info"}
SPOKEN_KEYWORDS = {"label", "help_text", "verbose_name", "verbose_name_plural", "status_message", "title", "empty_label"}
SENTENCE = re.compile(r"""^(?:f['"])?[A-Z][a-z’']*\s[^{}]*?.*[.?!]['"]?$""", re.S)
NOT_FOR_PEOPLE = re.compile(r"gettext|logg|ImproperlyConfigured|_one_of|_number")
CONTENT = re.compile(r"""content:\s*["']([^"']*[A-Za-z]{2,}[^"']*)""")
SPOKEN_BY_SCRIPTS = re.compile(r"""(?<!gettext\()(?<!gettext\(\n)(["`'])([A-Z][a-z']+(?: [^"`'\n]*)?[a-z.…?!])\1""")


def unmarked() -> Iterator[str]:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield from (f"{name_of(path)}: not marked: {words!r}" for words in in_template(path.read_text()))
    for path in sorted((ROOT / "annotator").rglob("*.py")):
        if "migrations" not in path.parts and not NOT_OF_ANNOTATORS.match(name_of(path)):
            yield from (f"{name_of(path)}: not marked: {words!r}" for words in in_python(path.read_text()))
    for path in sorted((ROOT / "static" / "css").rglob("*.css")):
        yield from (f"{name_of(path)}: words in a style: {words!r}" for words in CONTENT.findall(path.read_text()))
    for path in sorted((ROOT / "static" / "js").rglob("*.js")):
        if not NOT_OF_ANNOTATORS.match(name_of(path)):
            yield from (f"{name_of(path)}: not marked: {words!r}" for words in in_script(path.read_text()))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- templates: what is left when tags of Django and of HTML are gone


def in_template(source: str) -> Iterator[str]:
    html, until = [], ""
    for token in Lexer(source).tokenize():
        word = token.contents.split(maxsplit=1)[0] if token.contents.strip() else ""
        if until:
            until = "" if token.token_type == TokenType.BLOCK and word == until else until
        elif token.token_type == TokenType.BLOCK and (word in ENDS or CLASSES.match(token.contents)):
            until = ENDS.get(word, "endblock")
        elif token.token_type == TokenType.TEXT:
            html.append(token.contents)
        elif "pluralize" in token.contents or "yesno" in token.contents:
            yield token.contents
        else:
            html.append("\x00")  # a value
    text = re.sub(r"<(script|style|code|kbd|pre|svg)\b.*?</\1>|<!--.*?-->", "\x00", "".join(html), flags=re.S)
    for words in (*SPOKEN.findall(text), *re.sub(r"<[^>]*>", "\x00", text, flags=re.S).split("\x00")):
        if WORDS.search(NAMES.sub("", words.replace("\x00", ""))):
            yield " ".join(words.split())


# --- Python: plain text given to what shows it, and whole sentences


def in_python(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            is_message = (
                name in MESSAGES and isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "messages"
            )
            said = [*node.args[:1]] if name in SAYS else [*node.args[1:2]] if is_message else []
            said += [keyword.value for keyword in node.keywords if keyword.arg in SPOKEN_KEYWORDS]
            yield from (words for one in said if (words := plain_words(one)))
        elif isinstance(node, ast.ClassDef) and any("Choices" in ast.unparse(base) for base in node.bases):
            for line in node.body:
                if (
                    isinstance(line, ast.Assign)
                    and isinstance(line.value, ast.Tuple)
                    and (words := plain_words(line.value.elts[-1]))
                ):
                    yield words
    yield from sentences(ast.parse(source))


def sentences(tree: ast.AST) -> Iterator[str]:
    """Text that can only be meant for people, outside of calls that translate it or are for operators and programs."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        if isinstance(node, ast.Call) and NOT_FOR_PEOPLE.search(ast.unparse(node.func)):
            continue
        if isinstance(node, ast.JoinedStr | ast.Constant) and SENTENCE.match(plain_words(node)):
            yield plain_words(node)
        elif not isinstance(node, ast.JoinedStr):
            yield from sentences(node)


def plain_words(node: ast.expr) -> str:
    """Text as it stands in the source, where it is words."""
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        return ast.unparse(node) if WORDS.search(text) else ""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) and WORDS.search(node.value) else ""


# --- scripts


def in_script(source: str) -> Iterator[str]:
    without_comments = re.sub(r"^\s*//.*$|/\*.*?\*/", "", source, flags=re.M | re.S)
    for _, words in SPOKEN_BY_SCRIPTS.findall(without_comments):
        if " " in words:
            yield words
