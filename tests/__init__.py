"""The tests. Importing them begins with what each of their processes needs."""

import os
import sys

# Whatever the shell says: tests start some hundred processes, and without its compiled files each takes ten seconds.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
