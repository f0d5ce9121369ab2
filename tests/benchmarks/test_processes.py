import os
import subprocess
import sys

from benchmarks.support.processes import cpu_times

BURN = "sum(n * n for n in range(3_000_000))"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}]); print('done', flush=True); sys.stdin.read()"


def test_children_that_have_ended_count_for_their_parent():
    before = cpu_times({"worker": [os.getpid()]})
    subprocess.run([sys.executable, "-c", BURN], check=True)
    spent = cpu_times({"worker": [os.getpid()]}).since(before)

    assert spent["worker"] > 0.05


def test_each_role_has_the_time_of_its_own_processes():
    waiting = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with (
        subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent,
        subprocess.Popen(waiting, stdin=subprocess.PIPE) as idle,
    ):
        roots = {"web": [parent.pid], "postgres": [idle.pid]}
        before = cpu_times(roots)
        assert parent.stdout.readline() == "done\n"
        after = cpu_times(roots)
        parent.stdin.close()
        idle.stdin.close()

    assert after.since(before)["web"] > after.since(before)["postgres"]
    assert after.busiest_web_share(before) == 0.0  # its one child has ended
