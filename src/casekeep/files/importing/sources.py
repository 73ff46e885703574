"""Opens what an operator names: a folder, or a ZIP."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from casekeep.files.importing.exported import as_exported
from casekeep.files.importing.folders import find_in_folder
from casekeep.files.importing.model import Source
from casekeep.files.importing.zips import find_in_zip
from casekeep.kernel.errors import InputNotValid


@asynccontextmanager
async def open_source(path: Path) -> AsyncGenerator[Source, None]:
    """What a folder or a ZIP holds, an exported case with what its manifest says, to be read within
    the context. Raises InputNotValid for anything else.
    """
    with ExitStack() as opened:
        try:
            source = await asyncio.to_thread(_found, path, opened)
        except PermissionError:
            raise InputNotValid("this path may not be read") from None
        yield await as_exported(source)


def _found(path: Path, opened: ExitStack) -> Source:
    if path.is_dir():
        return find_in_folder(path)
    if path.is_file():
        return opened.enter_context(find_in_zip(path))
    raise InputNotValid("there is no folder and no ZIP at this path")
