"""The demo: scenes drawn by "generators" of known fidelity, judged over HTTP by simulated annotators of known reliability."""
