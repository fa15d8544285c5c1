"""What the questions to one snapshot share: its modes, each made when it is first asked for."""

from functools import cached_property
from threading import Lock

from kg.errors import InputError
from kg.snapshot import Snapshot
from retrieval.copies import Copies
from retrieval.mode import Mode
from retrieval.modes import MODES, check_mode, make_mode
from retrieval.trace import Traced


class PreparedModes:
    """Modes by name, for several threads at once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._made: dict[str, Mode] = {}
        self._locks = {name: Lock() for name in MODES}

    @cached_property
    def copies(self) -> Copies:
        """Which passages have the same text."""
        return Copies.of(self._snapshot)

    @property
    def names(self) -> tuple[str, ...]:
        """Those that were made so far."""
        return tuple(self._made)

    def get(self, name: str) -> Mode:
        """The mode of that name, made once, for which only those wait who ask for it. Raises:
        InputError if there is none."""
        made = self._made.get(name) if isinstance(name, str) else None
        if made is None:
            check_mode(name)
            with self._locks[name]:
                made = self._made.get(name) or make_mode(name, self._snapshot)
                self._made[name] = made
        return made

    def traced(self, name: str) -> Traced:
        """The mode of that name. Raises: InputError if there is none, or it gives no receipts."""
        made = self.get(name)
        if not isinstance(made, Traced):
            having = ", ".join(name for name in MODES if isinstance(self.get(name), Traced))
            raise InputError(f"The mode {name!r} gives no receipts; use one of: {having}.")
        return made
