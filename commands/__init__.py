"""What the Makefile's targets do.

`bootstrap`, `console`, `debian` and `toolchain` run on whatever `python3` the machine has (3.9 or
later, standard library only); the rest runs on the project's own Python in `.venv`.
"""
