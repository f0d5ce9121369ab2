"""The demo from the first picture to the log-ins, for `serve --demo` and `seed_demo`."""

from __future__ import annotations

import httpx
from rich.console import Console

from annotator.demo import findings
from annotator.demo.checking import Checks
from annotator.demo.people import Misbehaviour
from annotator.demo.steps import Demo
from annotator.demo.support import DemoFailed
from annotator.scoring.statistics import compute_statistics


def run_demo(*, url: str, pairs: int, console: Console, check: bool) -> bool:
    """The demo, its summary and its log-ins; with `check` whether all checks passed. Raises DemoFailed."""
    demo = Demo(url=url, pairs=pairs, console=console)
    try:
        demo.run()
        # The periodic job would, within a minute; whoever follows the links now would see an empty page.
        compute_statistics(campaign=demo.campaign)
        found = findings.find(demo)
        findings.show(found, demo, console)
        is_right = not check or Checks(console).run(demo, found)
    except Misbehaviour as misbehaviour:
        raise DemoFailed(f"A page shown to an annotator is wrong: {misbehaviour}") from misbehaviour
    except httpx.TransportError as error:
        raise DemoFailed(f"No response from {url}: {error}") from error
    findings.show_log_ins(demo, console)
    return is_right
