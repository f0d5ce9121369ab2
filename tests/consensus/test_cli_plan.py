"""`plan`: assumptions in, a plan out, and how many more votes than those in a file."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from annotator.consensus.__main__ import main


@pytest.fixture
def plan(capfdbinary):
    """The rows and the parameters."""

    def run(*arguments: str):
        status = main(["plan", *arguments])
        out, err = capfdbinary.readouterr()
        assert status == 0, err.decode()
        return list(csv.DictReader(io.StringIO(out.decode()))), json.loads(err)

    return run


@pytest.fixture
def fault(capfdbinary):
    def refused(*arguments: str) -> str:
        try:
            status = main(["plan", *arguments])
        except SystemExit as error:
            status = error.code
        out, err = capfdbinary.readouterr()
        assert status == 2
        assert out == b""
        (line,) = err.decode().splitlines()
        return line

    return refused


@pytest.fixture
def votes(tmp_path):
    """A file of 900 comparisons of three generators on 100 prompts, three on each pair; one row is no comparison."""
    rng = np.random.default_rng(1)
    lines = ["pair_id,prompt_id,worker,left,right,winner"]
    for prompt in range(100):
        for number, (left, right) in enumerate(("xy", "xz", "yz")):
            rate = rng.beta(4, 4)
            for vote in range(3):
                winner = "left" if rng.random() < rate else "right"
                lines.append(f"{prompt}-{number},{prompt},w{rng.integers(20)}{vote},{left},{right},{winner}")
    lines.append("0-0,0,w0,x,x,left")
    path = tmp_path / "votes.csv"
    path.write_text("\n".join(lines))
    return path


def test_it_shows_its_assumptions_and_what_the_plan_will_tell(plan):
    rows, parameters = plan("--generators", "2", "--prompts", "500", "--votes-per-pair", "3")
    assert parameters["assumptions"]["agreement"] == pytest.approx(0.64)
    assert parameters["assumptions"]["pair_share"] == 0.19
    assert parameters["assumptions"]["estimated_from_votes"] is False
    outcome = parameters["plan"]
    assert (outcome["votes"], outcome["pairs"]) == (1500, 500)
    assert outcome["difference_sd"] == pytest.approx(0.065, rel=0.03)
    assert (outcome["hours"], outcome["cost"]) == (pytest.approx(1500 * 10 / 3600), pytest.approx(75))
    by_votes = {float(row["votes_per_pair"]): row for row in rows}
    for votes_per_pair, deviation in ((1, 0.055), (3, 0.065), (5, 0.071), (15, 0.105)):
        assert float(by_votes[votes_per_pair]["difference_sd"]) == pytest.approx(deviation, rel=0.03)
        assert float(by_votes[votes_per_pair]["votes"]) == pytest.approx(1500)
    assert [row["votes_per_pair"] for row in rows if row["chosen"] == "1"] == ["3"]


def test_every_assumption_is_an_option(plan):
    _, before = plan("--generators", "4", "--prompts", "100")
    for option, value in [
        ("--agreement", "0.75"),
        ("--pair-share", "0.1"),
        ("--image-share", "0.2"),
        ("--ties", "0.3"),
        ("--votes-per-pair", "5"),
        ("--pairs-per-prompt", "3"),
    ]:
        _, after = plan("--generators", "4", "--prompts", "100", option, value)
        assert after["plan"]["difference_sd"] != before["plan"]["difference_sd"], option
    _, paid = plan("--generators", "4", "--prompts", "100", "--seconds", "20", "--price", "0.1", "--checks", "0.5")
    assert paid["plan"]["hours"] == pytest.approx(4 * before["plan"]["hours"])
    assert paid["plan"]["cost"] == pytest.approx(4 * before["plan"]["cost"])
    _, tastes = plan("--generators", "4", "--prompts", "100", "--people", "10", "--taste-share", "0.05")
    assert tastes["plan"]["difference_sd"] > before["plan"]["difference_sd"]


def test_it_says_how_many_votes_a_target_takes(plan):
    arguments = ["--generators", "2", "--votes-per-pair", "1", "--target-width", "0.05"]
    _, parameters = plan(*arguments, "--prompts", "100")
    needed = parameters["needed"]["width"]["with_new_prompts"]
    assert needed["more_votes"] == needed["votes"] - 100
    _, enough = plan(*arguments, "--prompts", str(needed["prompts"]))
    assert enough["plan"]["score_width"] <= 0.05
    assert enough["needed"]["width"]["with_new_prompts"]["more_votes"] == 0
    assert any(f"{needed['more_votes']:,} more votes on new prompts" in note for note in parameters["notes"])
    power = parameters["needed"]["power"]
    assert power["on_the_same_pairs"] is None
    _, able = plan(*arguments, "--prompts", str(power["with_new_prompts"]["prompts"]))
    assert able["plan"]["power"] == pytest.approx(0.8, abs=0.001)


def test_votes_so_far_tell_the_assumptions_and_how_many_more(plan, votes):
    _, parameters = plan(str(votes), "--skip-invalid", "--target-width", "0.1")
    assert parameters["assumptions"]["estimated_from_votes"] is True
    assert parameters["assumptions"]["pair_share"] == pytest.approx(1 / 9, abs=0.06)
    assert parameters["input"]["rows_left_out_invalid"] == 1
    outcome = parameters["plan"]
    assert (outcome["generators"], outcome["prompts"], outcome["votes"]) == (3, 100, 900)
    more = parameters["needed"]["width"]["with_new_prompts"]
    assert 0 < more["more_votes"] == more["votes"] - 900
    _, given = plan(str(votes), "--skip-invalid", "--pair-share", "0.4", "--prompts", "200")
    assert (given["assumptions"]["pair_share"], given["plan"]["votes"]) == (0.4, 1800)


def test_a_file_without_tasks_and_prompts_takes_each_vote_as_a_pair(plan, tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("worker,left,right,winner\n" + "".join(f"w{i},a,b,{'left' if i % 3 else 'right'}\n" for i in range(60)))
    _, parameters = plan(str(path))
    assert (parameters["plan"]["pairs"], parameters["plan"]["votes_per_pair"]) == (60, 1)
    assert "pair_share" in parameters["assumptions"]["not_told_by_the_votes"]
    assert any("do not tell" in note for note in parameters["notes"])


def test_files_are_written_where_asked(tmp_path, capfd):
    out, parameters = tmp_path / "plan.csv", tmp_path / "plan.json"
    assert main(["plan", "--generators", "3", "--prompts", "50", "--out", str(out), "--json", str(parameters)]) == 0
    assert capfd.readouterr() == ("", "")
    assert out.read_text().startswith("votes_per_pair,pairs,prompts,votes")
    assert json.loads(parameters.read_text())["method"] == "plan"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "needs --generators and --prompts"),
        (("--generators", "1", "--prompts", "5"), "1 is not 2 or more"),
        (("--generators", "4", "--prompts", "0"), "0 is not above 0"),
        (("--generators", "4", "--prompts", "5", "--pairs-per-prompt", "7"), "from 1 to 6 pairs per prompt"),
        (("--generators", "4", "--prompts", "5", "--agreement", "0.55", "--pair-share", "0.3"), "at most 0.10"),
        (("--generators", "4", "--prompts", "5", "--win-rate", "0.5"), "not between 0.5 and 1"),
        (("/nowhere/votes.csv",), "no such file"),
    ],
)
def test_a_plan_that_cannot_be_is_one_line(fault, arguments, complaint):
    assert complaint in fault(*arguments)


def test_an_invalid_row_names_its_file_and_line(fault, votes):
    assert f"{votes}, line 902: column right is the same as left" in fault(str(votes))


def test_help_lists_the_defaults(capfd):
    with pytest.raises(SystemExit):
        main(["plan", "--help"])
    text = " ".join(capfd.readouterr().out.split())
    for default in ("default 0.64", "default 0.19", "default 10", "default 0.05", "default 0.52", "default 0.8"):
        assert f"({default}" in text
