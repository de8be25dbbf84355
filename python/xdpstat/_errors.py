# SPDX-License-Identifier: BSD-2-Clause
"""The exceptions of xdpstat."""

from __future__ import annotations


class Error(OSError):
    """A failure of the system, or something that is not as it was asked for. str() is one line: what was tried on what,
    the cause, and what to do next.

    kind: "system", "not_found", "permission", "busy", "incompatible", "unsupported" or "invalid"
    operation: what was tried, such as "open"
    object: on what, such as a path
    errno: the system's number of the cause, or one that stands for the kind
    hint: what to do next, or ""
    detail: further lines, such as the table of all differences of two layouts, or ""
    """

    kind: str
    operation: str
    object: str
    errno: int
    strerror: str
    hint: str
    detail: str

    def __init__(self, kind: str, operation: str, object: str, errno: int, hint: str, detail: str, message: str) -> None:
        super().__init__(errno, message)
        self.kind, self.operation, self.object, self.hint, self.detail = kind, operation, object, hint, detail
        self._parts = (kind, operation, object, errno, hint, detail, message)

    def __str__(self) -> str:
        return self.strerror

    def __reduce__(self) -> tuple[type[Error], tuple[str, str, str, int, str, str, str]]:
        return type(self), self._parts


class NotFoundError(Error, FileNotFoundError):
    """There is no such counter, map or pin."""


class AccessError(Error, PermissionError):
    """A capability or a file's permission is missing."""


class BusyError(Error):
    """Somebody else holds it, or several have the name."""


class IncompatibleError(Error):
    """It is there, but of another kind, size or layout; `detail` lists the differences."""


class UnsupportedError(Error):
    """This kernel, or a map of this kind, cannot do it."""


class InvalidError(Error, ValueError):
    """An argument makes no sense, such as a key that does not fit the map's type."""


_CLASSES: dict[str, type[Error]] = {
    "not_found": NotFoundError,
    "permission": AccessError,
    "busy": BusyError,
    "incompatible": IncompatibleError,
    "unsupported": UnsupportedError,
    "invalid": InvalidError,
}


# How a hint ends that leaves it to the caller to say how (src/counter/reader.hpp).
_BY_SIZE = "it can be opened by its size"


def from_parts(kind: str, operation: str, object: str, errno: int, hint: str, detail: str, message: str) -> Error:
    """The exception for an error of the compiled part."""
    if hint.endswith(_BY_SIZE):
        hint, message = hint + ": by_size=True", message + ": by_size=True"
    return _CLASSES.get(kind, Error)(kind, operation, object, errno, hint, detail, message)
