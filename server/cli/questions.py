"""The questions of `ammon query --questions`, a line each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import typer

from kg.errors import AmmonError, InputError
from server.cli.output import print_error, print_json, print_warning


@dataclass(slots=True)
class QuestionLines:
    """Reads each question when the one before is answered, so that they can be typed on standard
    input. A line that cannot be asked is reported in its place, and does not stop the others."""

    file: typer.FileText
    as_json: bool
    refused: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[str]:
        """The lines that are not blank and can be asked; a warning if all are blank. Raises:
        InputError."""
        from retrieval.checks import check_question

        found = False
        try:
            for number, line in enumerate(self.file, 1):
                if not (question := line.strip()):
                    continue
                found = True
                try:
                    check_question(question, 1)
                except InputError as error:
                    self._refuse(number, error)
                    continue
                yield question
        except UnicodeDecodeError as error:
            raise InputError(
                f"The questions in {self.file.name!r} are not UTF-8. Save the file as UTF-8."
            ) from error
        if not found:
            print_warning(f"There is no question in {self.file.name!r}: write one on each line.")

    def _refuse(self, number: int, error: InputError) -> None:
        self.refused += 1
        message = f"Line {number} of {self.file.name!r}: {error}"
        if self.as_json:
            _print_error_line(type(error).__name__, message)
        else:
            print_error(message)


@contextmanager
def errors_on_a_line() -> Iterator[None]:
    """Prints an error that ends the command as one line of JSON, as the answers before it are.
    Raises: typer.Exit."""
    try:
        yield
    except AmmonError as error:
        _print_error_line(type(error).__name__, str(error))
        raise typer.Exit(1) from error


def _print_error_line(kind: str, message: str) -> None:
    """Print an error as one line of JSON."""
    print_json({"error": {"type": kind, "message": message}}, line=True)
