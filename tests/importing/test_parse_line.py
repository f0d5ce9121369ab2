from __future__ import annotations

import base64
import math

import pytest

from annotator.importing.parse_line import BadLine, Source, parse_json, parse_line

PAIR = {"prompt": "A red cube", "image_a": "a.png", "image_b": "b.png"}
SET = {"prompt": "A red cube", "images": [{"image": "a.png", "generator": "one"}, {"image": "b.png", "generator": "two"}]}


def error_of(raw, **options) -> BadLine:
    with pytest.raises(BadLine) as caught:
        parse_line(raw, **options)
    return caught.value


def test_a_pair_line_has_two_images_in_the_order_of_the_file():
    line = parse_line(
        PAIR
        | {
            "external_id": "x-1",
            "generator_a": "FLUX.1-dev",
            "generator_b": "SDXL",
            "seed_a": 7,
            "parameters_b": {"steps": 30},
            "category": "cubes",
            "language": "en",
            "gold_choice": "both_bad",
            "gold_note": "Neither is a cube.",
            "metadata": {"n": 1.5, "tags": ["x", None, True]},
            "something_else": {"ignored": math.nan},
        }
    )
    assert line.is_pair
    assert [(image.field, image.source, image.generator) for image in line.images] == [
        ("image_a", Source(path="a.png"), "FLUX.1-dev"),
        ("image_b", Source(path="b.png"), "SDXL"),
    ]
    assert [(image.seed, image.parameters) for image in line.images] == [(7, {}), (None, {"steps": 30})]
    assert (line.external_id, line.category, line.language) == ("x-1", "cubes", "en")
    assert (line.gold_choice, line.gold_note) == ("both_bad", "Neither is a cube.")
    assert line.metadata == {"n": 1.5, "tags": ["x", None, True]}


def test_a_line_of_k_images_has_a_generator_seed_and_parameters_for_each():
    entry = {"image": "c.png", "generator": "three", "seed": 7, "parameters": {"steps": 30}}
    line = parse_line({"prompt": "p", "images": [*SET["images"], entry, "d.png", {"bytes": b"x", "path": None}]})
    assert not line.is_pair
    assert [image.field for image in line.images] == [f"images[{index}].image" for index in range(5)]
    assert (line.images[2].generator, line.images[2].seed, line.images[2].parameters) == ("three", 7, {"steps": 30})
    assert [image.source for image in line.images[3:]] == [Source(path="d.png"), Source(data=b"x")]


def test_null_is_as_good_as_absent():
    nothing = dict.fromkeys(
        ["external_id", "generator_a", "category", "language", "gold_choice", "gold_note", "metadata", "images"]
    )
    line = parse_line(PAIR | nothing)
    assert (line.external_id, line.category, line.gold_choice, line.metadata) == (None, "", None, {})


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("images/ä b.png", Source(path="images/ä b.png")),
        ("C:\\x.png", Source(path="C:\\x.png")),
        ("a:b.png", Source(path="a:b.png")),
        ("https://example.org/a.png", Source(url="https://example.org/a.png")),
        ("HTTPS://example.org/a.png", Source(url="HTTPS://example.org/a.png")),
        (b"\x89PNG", Source(data=b"\x89PNG")),
        ({"bytes": b"\x89PNG", "path": "ignored.png"}, Source(data=b"\x89PNG")),
        ({"bytes": base64.b64encode(b"\x89PNG").decode()}, Source(data=b"\x89PNG")),
        ({"bytes": None, "path": "a.png"}, Source(path="a.png")),
        ("data:image/png;base64," + base64.b64encode(b"\x89PNG" * 1000).decode(), Source(data=b"\x89PNG" * 1000)),
        ("DATA:;charset=x;BASE64,AAAA", Source(data=bytes(3))),
        ({"path": "https://example.org/a.png"}, Source(url="https://example.org/a.png")),
    ],
)
def test_an_image_is_a_path_a_url_or_bytes(value, source):
    assert parse_line(PAIR | {"image_a": value}).images[0].source == source


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"prompt": None}, "prompt", "missing"),
        ({"prompt": ""}, "prompt", "empty"),
        ({"prompt": " \n\t"}, "prompt", "empty"),
        ({"prompt": 5}, "prompt", "must be text, not a number"),
        ({"prompt": ["a"]}, "prompt", "must be text, not a list"),
        ({"prompt": "a\0b"}, "prompt", "NUL"),
        ({"prompt": "a\ud800b"}, "prompt", "surrogate"),
        ({"prompt": "x" * 20_001}, "prompt", "20,001 characters"),
        ({"image_a": None}, "image_a", "missing"),
        ({"image_b": None}, "image_b", "missing"),
        ({"image_b": "a.png"}, "image_b", "same image as image_a"),
        ({"image_a": 5}, "image_a", "not a number"),
        ({"image_a": True}, "image_a", "not true or false"),
        ({"image_a": ""}, "image_a", "empty"),
        ({"image_a": b""}, "image_a", "no bytes"),
        ({"image_a": {}}, "image_a", 'needs "bytes" or "path"'),
        ({"image_a": {"bytes": "§§"}}, "image_a", "not base64"),
        ({"image_a": {"bytes": "abc"}}, "image_a", "not base64"),
        ({"image_a": {"bytes": ""}}, "image_a", "no bytes"),
        ({"image_a": {"bytes": 5}}, "image_a", "not a number"),
        ({"image_a": {"path": {"path": {"path": 5}}}}, "image_a", "not a number"),
        ({"image_a": "http://example.org/a.png"}, "image_a", "must use https, not http"),
        ({"image_a": "file:///etc/passwd"}, "image_a", "must use https, not file"),
        ({"image_a": "ftp://example.org/a.png"}, "image_a", "must use https, not ftp"),
        ({"image_a": "data:image/png,AAAA"}, "image_a", "must use https, not data"),
        ({"image_a": "data:image/png;base64,A"}, "image_a", "data: URL is not base64"),
        ({"image_a": "data:;base64,"}, "image_a", "no bytes"),
        ({"image_a": "a\0.png"}, "image_a", "NUL"),
        ({"image_a": "a\udcff.png"}, "image_a", "surrogate"),
        ({"image_a": "x" * 2001}, "image_a", "2,000 characters"),
        ({"generator_a": 3}, "generator_a", "must be text"),
        ({"seed_b": "7"}, "seed_b", "must be a whole number"),
        ({"parameters_a": "x"}, "parameters_a", "must be an object"),
        ({"generator_a": "x" * 201}, "generator_a", "201 characters"),
        ({"category": {}}, "category", "not an object"),
        ({"language": "x" * 36}, "language", "36 characters"),
        ({"external_id": 1.5}, "external_id", "must be text"),
        ({"external_id": True}, "external_id", "not true or false"),
        ({"external_id": "x" * 201}, "external_id", "201 characters"),
        ({"external_id": 10**200}, "external_id", "must be text"),
        ({"gold_choice": "left"}, "gold_choice", "“left” is not a choice"),
        ({"gold_choice": "A"}, "gold_choice", "not a choice"),
        ({"gold_choice": 1}, "gold_choice", "must be text"),
        ({"gold_note": "because"}, "gold_note", "needs a gold_choice"),
        ({"metadata": []}, "metadata", "must be an object, not a list"),
        ({"metadata": "{}"}, "metadata", "not text"),
        ({"metadata": {"x": math.inf}}, "metadata", "not finite"),
        ({"metadata": {"x": ["\0"]}}, "metadata", "NUL"),
        ({"metadata": {"\ud800": 1}}, "metadata", "surrogate"),
        ({"metadata": {"x": b"y"}}, "metadata", "bytes"),
        ({"metadata": {1: "y"}}, "metadata", "key that is not text"),
        ({"metadata": {"x": "y" * 70_000}}, "metadata", "65,536 characters"),
    ],
)
def test_a_pair_line_that_is_not_right_is_refused_with_the_field_and_the_reason(change, field, words):
    error = error_of(PAIR | change)
    assert error.field == field
    assert words in error.message


@pytest.mark.parametrize(
    ("images", "field", "words"),
    [
        ("a.png", "images", "must be a list"),
        ([], "images", "0 entries"),
        (["a.png"], "images", "1 entries"),
        ([f"{n}.png" for n in range(101)], "images", "101 entries"),
        (["a.png", 5], "images[1]", "not a number"),
        (["a.png", None], "images[1]", "not null"),
        (["a.png", {"generator": "x"}], "images[1]", "not an object"),
        (["a.png", {"image": None}], "images[1].image", "missing"),
        (["a.png", {"image": "a.png", "seed": 2}], "images[1].image", "same image as images[0]"),
        (["a.png", {"image": "b.png", "generator": 1}], "images[1].generator", "must be text"),
        (["a.png", {"image": "b.png", "seed": "7"}], "images[1].seed", "whole number, not text"),
        (["a.png", {"image": "b.png", "seed": 1.5}], "images[1].seed", "whole number"),
        (["a.png", {"image": "b.png", "seed": math.inf}], "images[1].seed", "whole number"),
        (["a.png", {"image": "b.png", "seed": True}], "images[1].seed", "not true or false"),
        (["a.png", {"image": "b.png", "seed": 2**63}], "images[1].seed", "64 bits"),
        (["a.png", {"image": "b.png", "parameters": [1]}], "images[1].parameters", "must be an object"),
    ],
)
def test_a_line_of_k_images_that_is_not_right_is_refused_with_the_field_and_the_reason(images, field, words):
    error = error_of({"prompt": "p", "images": images})
    assert error.field == field
    assert words in error.message


@pytest.mark.parametrize(("seed", "expected"), [(7.0, 7), (math.nan, None), (None, None), (-(2**63), -(2**63))])
def test_seeds_come_as_tables_keep_them(seed, expected):
    line = parse_line({"prompt": "p", "images": ["a.png", {"image": "b.png", "seed": seed}]})
    assert line.images[1].seed == expected


@pytest.mark.parametrize("column", ["image_a", "generator_b", "gold_choice"])
def test_a_line_is_of_one_kind_only(column):
    assert error_of(SET | {column: "x"}).field == column


@pytest.mark.parametrize("number", [17, 17.0])
def test_a_number_may_be_an_external_id(number):
    assert parse_line(PAIR | {"external_id": number}).external_id == "17"


def test_gold_choices_are_those_of_the_campaigns_question():
    assert "Use one of a, b" in error_of(PAIR | {"gold_choice": "both_good"}, gold_choices=["a", "b"]).message


def test_deep_metadata_is_refused():
    deep: dict = {}
    for _ in range(40):
        deep = {"x": deep}
    assert "nested" in error_of(PAIR | {"metadata": deep}).message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "Invalid JSON"),
        ('{"a": 1,}', "Invalid JSON"),
        ("{'a': 1}", "Invalid JSON"),
        ('{"a": NaN}', "NaN is not valid JSON"),
        ('{"a": -Infinity}', "-Infinity is not valid JSON"),
        ('{"a": 1, "b": 2, "a": 3}', "“a” appears twice"),
        ('{"a": {"\\u0000": 1, "\\u0000": 2}}', r"'\x00' appears twice"),
        ('{"a": ' + "9" * 5000 + "}", "too many digits"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_json_is_read_strictly(text, words):
    with pytest.raises(BadLine) as caught:
        parse_json(text)
    assert words in caught.value.message
