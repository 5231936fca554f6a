"""Where ringfence.yaml is found, and how it is read: either a Configuration, or every fault of it at once."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from pydantic import ValidationError

from ringfence.checks import cross_check
from ringfence.node_settings import Configuration
from ringfence.stand_ins import StandIns, beyond
from rules.language.source import Document, Fault, RuleError, faults_of, load_document, shipped
from rules.numbering.typed import decided
from rules.settings.screening import StorageSettings

__all__ = ["Configuration", "find_configuration", "load_configuration", "read_configuration"]

FILE_NAME = "ringfence.yaml"
VARIABLE = "RINGFENCE_CONFIG"


class PartlyRead(RuleError):
    """A ringfence.yaml with faults, and what could be read of it beyond them."""

    def __init__(
        self, faults: Sequence[Fault], left: Configuration | None, document: Document, unread: Collection[str] = ()
    ) -> None:
        """`unread`: sections of which something could not be read."""
        super().__init__(faults)
        self.left, self.document, self.unread = left, document, unread


def find_configuration(named: Path | None = None) -> Path:
    """The file that applies: the one named, $RINGFENCE_CONFIG, ./ringfence.yaml, else the shipped default."""
    if named is None and (variable := os.environ.get(VARIABLE)):
        named = Path(variable)
    if named is not None:
        return named / FILE_NAME if named.is_dir() else named
    here = Path(FILE_NAME)
    return here if here.is_file() else shipped(FILE_NAME)


def load_configuration(path: Path) -> Configuration:
    """Read and check ringfence.yaml; raises RuleError, whose faults name everything that is wrong."""
    return read_configuration(path)[0]


def read_configuration(path: Path) -> tuple[Configuration, Document]:
    """The same, with the document that knows where each setting stands."""
    document = load_document(path)
    try:
        configuration = Configuration.model_validate({} if document.data is None else document.data)
    except ValidationError as error:
        stand_ins = StandIns(document)
        faults, left = faults_of(error, document, Configuration), stand_ins.read(error)
        if left is not None:
            faults = beyond(faults, cross_check(left, document, path.parent), document, stand_ins.unread)
        raise PartlyRead(faults, left, document, stand_ins.unread) from None
    if faults := cross_check(configuration, document, path.parent):
        raise PartlyRead(faults, configuration, document)
    tls = configuration.tls.under(path.parent.absolute())
    configuration = configuration.model_copy(update={"country": decided(configuration.home), "tls": tls})
    if path == shipped(FILE_NAME):
        configuration = configuration.model_copy(update={"storage": _kept_here(configuration.storage)})
    return configuration, document


def _kept_here(storage: StorageSettings) -> StorageSettings:
    """Data of the shipped file lie in the working folder: where Ringfence is installed is no place for them."""
    here = Path.cwd()
    places = {"database": here / storage.database, "key_file": here / storage.key_file}
    return storage.model_copy(update=places)
