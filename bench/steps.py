"""Where a question's time goes, step by step, by timing wrappers put around the code from outside.

Every public function and method of the modules that are named gets a wrapper while `with` lasts;
each module is a step and is charged with the time that it spends itself, without what it calls in
other steps. The wrappers cost some microseconds a call: the sum is a little above the true time.
"""

import functools
import importlib
import inspect
import pkgutil
import sys
import time
from collections.abc import Callable, Sequence
from types import FunctionType, ModuleType
from typing import Any, Self


class StepTimes:
    """Milliseconds by step, while `with` lasts; on one thread."""

    def __init__(self, packages: Sequence[str]) -> None:
        """`packages` name modules, or packages, whose modules are all meant."""
        self.ms: dict[str, float] = {}
        self._modules = [module for name in packages for module in _modules(name)]
        self._undo: list[tuple[Any, str, Any]] = []
        self._inner: list[float] = []

    def __enter__(self) -> Self:
        names = {module.__name__ for module in self._modules}
        for module in self._modules:
            for name, value in vars(module).copy().items():
                if inspect.isclass(value) and value.__module__ == module.__name__:
                    self._wrap_methods(value)
                elif _is_public(name, value) and value.__module__ in names:
                    self._replace(name, value)
        return self

    def __exit__(self, *_: object) -> None:
        for owner, name, value in reversed(self._undo):
            setattr(owner, name, value)
        self._undo.clear()

    def _wrap_methods(self, owner: type) -> None:
        for name, value in vars(owner).copy().items():
            if _is_public(name, value):
                self._set(owner, name, self._timed(value))

    def _replace(self, name: str, function: FunctionType) -> None:
        """Wrap a function wherever a module holds it by this name."""
        timed = self._timed(function)
        for module in list(sys.modules.values()):
            if module is not None and vars(module).get(name) is function:
                self._set(module, name, timed)

    def _set(self, owner: Any, name: str, value: Any) -> None:
        self._undo.append((owner, name, vars(owner)[name]))
        setattr(owner, name, value)

    def _timed(self, function: FunctionType) -> Callable[..., Any]:
        step = function.__module__.rpartition(".")[2]

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            self._inner.append(0.0)
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.perf_counter() - started
                self.ms[step] = self.ms.get(step, 0.0) + 1000 * (spent - self._inner.pop())
                if self._inner:
                    self._inner[-1] += spent

        return wrapper


def _modules(name: str) -> list[ModuleType]:
    module = importlib.import_module(name)
    below = getattr(module, "__path__", None)
    if below is None:
        return [module]
    found = pkgutil.iter_modules(below, f"{name}.")
    return [importlib.import_module(entry.name) for entry in found]


def _is_public(name: str, value: object) -> bool:
    return isinstance(value, FunctionType) and not name.startswith("_")
