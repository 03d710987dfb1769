"""Parts of the benchmarks on published data sets (`stc3.py`, `ssa.py`)."""
