"""What the benchmarks share: a site to measure, campaigns to fill it with, and a load to put on it."""
