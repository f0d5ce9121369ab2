"""The embedded servers as they are: real PostgreSQL, real Valkey, held by real processes that end in every way."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from annotator.local import embedded_servers
from annotator.local.embedded_servers import EmbeddedServerError, Postgres, Server, Valkey
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
HOLD = """
import sys
from pathlib import Path
from annotator.local import embedded_servers as embedded
embedded.hold(Path(sys.argv[1]), *sys.argv[2:])
print("held", flush=True)
sys.stdin.read()
"""

Hold = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For all tests of this module: setting up a database takes longer than any of them."""
    return tmp_path_factory.mktemp("embedded")


@pytest.fixture
def data_dir(shared_folder: Path) -> Iterator[Path]:
    yield shared_folder
    wait_until_off(shared_folder)


@pytest.fixture
def start_holder() -> Iterator[Hold]:
    """Starts processes that hold servers until their standard input ends."""
    started = []

    def start(data_dir: Path, *names: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOLD, str(data_dir), *(names or embedded_servers.SERVERS)]
        started.append(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for holder in started:
        holder.communicate(timeout=10)  # ends its input


@pytest.fixture
def hold(start_holder: Hold) -> Hold:
    """As `start_holder`, and waits until the servers are up."""

    def start_and_wait(data_dir: Path, *names: str) -> subprocess.Popen[str]:
        holder = start_holder(data_dir, *names)
        wait_until_held(holder)
        return holder

    return start_and_wait


def test_processes_that_start_at_once_share_one_server_of_each_kind(data_dir, start_holder):
    holders = [start_holder(data_dir) for _ in range(3)]
    for holder in holders:
        wait_until_held(holder)

    assert Postgres(data_dir).is_up()
    assert Valkey(data_dir).is_up()
    for program, needed in [("postgres", "-D"), ("valkey-server", "unixsocket:")]:
        assert len(processes_of(data_dir, program)) == 1, (program, needed)


def test_the_servers_stop_when_the_last_holder_ends(data_dir, hold):
    first, second = hold(data_dir), hold(data_dir)
    before = postmaster(data_dir)

    first.communicate(timeout=10)
    assert_stays_up(data_dir)
    assert postmaster(data_dir) == before

    second.communicate(timeout=10)
    wait_until_off(data_dir)


def test_the_servers_stop_when_their_holder_is_killed(data_dir, hold):
    holder = hold(data_dir)

    holder.kill()

    wait_until_off(data_dir)


def test_data_survives_a_stop_and_a_start(data_dir, hold):
    holder = hold(data_dir, "postgres")
    with psycopg.connect(**Postgres(data_dir).connection_parameters()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('still here')")
    holder.communicate(timeout=10)
    wait_until_off(data_dir)

    hold(data_dir, "postgres")

    with psycopg.connect(**Postgres(data_dir).connection_parameters()) as connection:
        assert connection.execute("SELECT DISTINCT word FROM kept").fetchall() == [("still here",)]


@pytest.mark.parametrize("kind", [Postgres, Valkey])
def test_a_server_that_was_killed_is_started_again(data_dir, hold, kind):
    hold(data_dir, kind.name)
    (killed,) = processes_of(data_dir, "postgres" if kind is Postgres else "valkey-server")

    killed.kill()

    wait_until(lambda: not killed.is_running(), why="the end of the killed server")
    wait_until(kind(data_dir).is_up, why=f"another {kind.name}")


def test_this_process_can_let_go_and_hold_again(data_dir):
    for _ in range(2):
        embedded_servers.hold(data_dir, "valkey")
        embedded_servers.hold(data_dir, "valkey")  # a second time changes nothing
        assert Valkey(data_dir).is_up()

        embedded_servers.release(data_dir)
        assert not Valkey(data_dir).is_up()
        assert not Valkey(data_dir).has_keeper()


def test_only_their_user_can_reach_the_servers(data_dir, hold):
    hold(data_dir)

    for server in (Postgres(data_dir), Valkey(data_dir)):
        assert stat.S_IMODE(server.socket_dir.stat().st_mode) & 0o077 == 0
    assert not [c for process in servers_of(data_dir) for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN]


def test_a_folder_whose_path_is_too_long_for_a_socket_is_fine(tmp_path, hold):
    data_dir = tmp_path / ("a long name" * 9)

    hold(data_dir)

    for server in (Postgres(data_dir), Valkey(data_dir)):
        assert server.is_up()
        assert server.socket_dir != server.home
        assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700


def test_it_says_why_when_the_data_is_of_another_version(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")

    with pytest.raises(EmbeddedServerError) as error:
        embedded_servers.hold(tmp_path, "postgres")

    assert "The embedded postgres did not start" in str(error.value)
    assert "expecting version 18 but found version 16" in str(error.value)
    assert not Postgres(tmp_path).has_keeper()


def test_it_says_why_when_the_server_refuses_its_data(tmp_path, data_dir):
    (tmp_path / "valkey").write_text("in the way")

    with pytest.raises(EmbeddedServerError) as error:
        embedded_servers.hold(tmp_path, "valkey")

    assert str(tmp_path / "valkey.log") in str(error.value)
    assert not Valkey(tmp_path).has_keeper()


def test_it_says_why_when_the_folder_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(EmbeddedServerError, match=r"DATA_DIR='.*/file' cannot be used"):
        embedded_servers.hold(tmp_path / "file", "valkey")


def test_a_folder_that_failed_can_be_used_once_it_is_mended(tmp_path):
    (tmp_path / "valkey").write_text("in the way")
    with pytest.raises(EmbeddedServerError):
        embedded_servers.hold(tmp_path, "valkey")
    (tmp_path / "valkey").unlink()

    embedded_servers.hold(tmp_path, "valkey")

    assert Valkey(tmp_path).is_up()
    embedded_servers.release(tmp_path)


def wait_until_held(holder: subprocess.Popen[str]) -> None:
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"


def all_servers(data_dir: Path) -> list[Server]:
    return [kind(data_dir) for kind in embedded_servers.SERVERS.values()]


def wait_until_off(data_dir: Path) -> None:
    wait_until(
        lambda: not any(server.has_keeper() for server in all_servers(data_dir)) and not servers_of(data_dir),
        why=lambda: f"the end of {servers_of(data_dir)} and {[s.name for s in all_servers(data_dir) if s.has_keeper()]}",
    )


def assert_stays_up(data_dir: Path) -> None:
    """The keepers look several times a period; a server that was wrongly stopped would be gone after two of them."""
    looks = iter(range(2 * int(embedded_servers.KEEPER_PERIOD / 0.02) + 1))

    def has_been_looked_at_long_enough() -> bool:
        assert all(server.is_up() for server in all_servers(data_dir))
        return next(looks, None) is None

    wait_until(has_been_looked_at_long_enough, why="the keepers to look")


def postmaster(data_dir: Path) -> str:
    return (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0]


def servers_of(data_dir: Path) -> list[psutil.Process]:
    return [*processes_of(data_dir, "postgres"), *processes_of(data_dir, "valkey-server")]


def processes_of(data_dir: Path, program: str) -> list[psutil.Process]:
    """The server processes (without their children) that run in this folder."""
    found = []
    for process in psutil.process_iter(["name", "cmdline", "status"]):
        facts = process.info
        here = any(str(data_dir) in argument for argument in facts["cmdline"] or [])
        if facts["name"] == program and here and facts["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found
