"""Recognises an exported case in what was found, and takes names, categories and marks from its
manifest. What the manifest does not know is not brought in.
"""

from contextlib import aclosing
from dataclasses import replace

from casekeep.files.importing.model import Found, Source, SourceBroken, Told, left_out, refused
from casekeep.files.manifest import CASE, MANIFEST, SUMS, ExportedFile, read_manifest
from casekeep.kernel.errors import InputNotValid

_LARGEST_MANIFEST = 64 << 20


async def as_exported(source: Source) -> Source:
    """The files of an exported case, in its order; anything else as it is. Raises InputNotValid for
    an export that this version does not read.
    """
    by_path = {found.path: found for found in source.files}
    document = by_path.pop(MANIFEST, None)
    if document is None or document.size > _LARGEST_MANIFEST:
        return source
    manifest = read_manifest(await _content(document))
    if manifest is None:
        return source
    files: list[Found] = []
    told: list[Told] = []
    for said in manifest.files:
        found = by_path.pop(said.path, None)
        if found is None:
            told.append(refused(said.path, "the manifest has it, and it is not there"))
        else:
            files.append(_with(found, said))
    others = [path for path in by_path if path not in {CASE, SUMS}]
    told += [left_out(path, "the manifest does not have it") for path in others]
    return Source(tuple(files), (*source.told, *told))


def _with(found: Found, said: ExportedFile) -> Found:
    return replace(found, said=said)


async def _content(document: Found) -> bytes:
    content = bytearray()
    try:
        async with aclosing(document.read()) as pieces:
            async for piece in pieces:
                content += piece
                if len(content) > _LARGEST_MANIFEST:
                    return b""
    except SourceBroken as broken:
        raise InputNotValid(f"{MANIFEST}: {broken}") from None
    return bytes(content)
