"""Hands out the proof that a file was destroyed, to those who look after an organisation."""

from dataclasses import replace

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases.overseeing import overseeing
from casekeep.db.database import Database
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.errors import CertificateNotKnown
from casekeep.kernel.ids import FileId
from casekeep.retention import queries, queries_purging
from casekeep.retention.model import DestructionPage


async def find_certificate(db: Database, audit: AuditLog, actor: Actor, file_id: FileId) -> str:
    """The signed certificate of a destroyed file: the JSON that was signed, byte by byte.

    Raises RoleNotAllowed, and CertificateNotKnown while anything is left of the file.
    """
    asked = Event(Action.CERTIFICATE_SHOWN, file_id=file_id)
    async with overseeing(db, audit, actor, asked) as tx:
        certificate = await queries.certificate_of(tx, file_id)
        if certificate is None:
            raise CertificateNotKnown
        await audit.record(tx, who(actor), asked)
    return certificate


async def list_certificates(
    db: Database, audit: AuditLog, actor: Actor, *, most: int = 50, after: FileId | None = None
) -> DestructionPage:
    """The files of which a certificate says that they were destroyed, those that had come last
    first. `after`: go on behind this file.

    Raises RoleNotAllowed.
    """
    asked = Event(Action.CERTIFICATES_LISTED)
    async with overseeing(db, audit, actor, asked) as tx:
        found = await queries_purging.certified(tx, before=after, most=most + 1)
    shown = tuple(found[:most])
    await audit.note_listing(who(actor), replace(asked, details={"count": len(shown)}))
    return DestructionPage(shown, shown[-1].file_id if len(found) > most else None)
