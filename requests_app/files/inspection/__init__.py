"""A program of its own that opens one hostile file (ADR 12, ADR 32).

`requests_app/files/inspectors.py` starts it without our environment and modules: `python -I -c … photo|pdf|seal < file`. It caps its
own memory and time before it reads a byte (fault 32), and writes a line of JSON, for a photo followed by the new
JPEG. A refusal is `{"refused": code, …}`; `uploads` has the words.

Nothing of the portal is imported here. Only `limits` and the way to start it may be imported by the portal.
"""
