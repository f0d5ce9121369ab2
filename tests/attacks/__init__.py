"""What one stranger can try against the site, as bounded scripts: `make attack` starts a site on loopback, runs them all, and
prints what was held. A module here is one attack, with a function `run`; `attack.ATTACKS` lists them. The tests beside them are
their short forms.
"""
