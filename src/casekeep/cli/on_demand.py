"""Loads a command when it is asked for, so that none waits for what only others import: all of them
together take seconds on a small machine. Where each one is stands in `main`.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from pkgutil import resolve_name
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup


class OnDemand(TyperGroup):
    """A group whose commands lie elsewhere. `places`: the name of each command or group, in the
    order of the help, and where it is: `package.module:attribute`.
    """

    places: ClassVar[Mapping[str, str]]

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - typer's own
        super().__init__(**attributes)
        self.commands = _Commands(self.places)


class _Commands(MutableMapping[str, Any]):
    """Commands by their names; a value is loaded when it is looked up."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - typer hides what a command is
        if name not in self._loaded:
            self._loaded[name] = _built(name, resolve_name(self._places[name]))
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:  # noqa: ANN401 - as above
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _built(name: str, found: Any) -> Any:  # noqa: ANN401 - a function or a group, as typer takes them
    holder = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name)
    else:
        holder.command(name)(found)
    return typer.main.get_group(holder).commands[name]
