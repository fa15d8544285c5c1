"""The command line: `ammon`, one file for a command or two.

Nothing heavy is imported before a command runs, so that help comes at once.
"""

from server.cli.app import main

__all__ = ["main"]
