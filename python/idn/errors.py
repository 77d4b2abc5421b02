"""What can fail at run time, as one family: `except idn.errors.Error` catches all of it.

A caller's mistake (a wrong argument) is a `ValueError` instead.
"""

from __future__ import annotations


class Error(RuntimeError):
    """A failure at run time; the message names the bad value and what to do."""


class DataError(Error):
    """A data set is missing, damaged or not what it claims to be."""


class DownloadError(DataError):
    """A download did not arrive whole; what has arrived is kept, and the next try resumes it."""


class StoreError(Error):
    """A file of ours, a content store or a network in the package cannot be read or written."""


class PackageError(Error):
    """A package is refused: it is none, is damaged, or asks for more than it may."""


class ExecutionError(Error):
    """A graph cannot be run on the values it was given; the message names the node."""


class IdentityError(Error):
    """An identity cannot be read or written."""


class MissingIdentity(IdentityError):  # noqa: N818
    """The file of an identity does not exist."""


class WrongPermissions(IdentityError):  # noqa: N818
    """The file of an identity is not its owner's alone, is another user's, or the system forbids its use."""


class DamagedIdentity(IdentityError):  # noqa: N818
    """The file of an identity is not what idn wrote; the message names the byte and the field."""


class WrongPassword(IdentityError):  # noqa: N818
    """The password of an identity is wrong, missing or needless."""


class ConfigError(Error):
    """A configuration is refused: unknown key, wrong type, or a cycle of `extends`."""


class RunError(Error):
    """A training or evaluation run cannot go on."""


class PolicyError(Error):
    """A policy file cannot be read or written, or is of another network."""


class ProfileError(Error):
    """A profile cannot be read or written, or is of another package or machine."""


class ExportError(Error):
    """A module cannot become a package; the message names its line and what could replace it."""
