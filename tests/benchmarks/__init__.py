"""How long the main pages and a whole lifecycle take, as ratios within one run (docs/benchmarks.md)."""
