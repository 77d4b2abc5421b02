"""One file over HTTP: from the first mirror that gives it whole, resumed where an earlier try was cut off."""

from __future__ import annotations

import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from idn.data.progress import Progress
from idn.data.sources import SourceFile
from idn.data.verification import fits
from idn.errors import DownloadError

_TIMEOUT_S = 30.0
_BLOCK_BYTES = 1 << 18
_ATTEMPTS = 3  # at each mirror: a connection that breaks off is taken up again where it broke


class _RefusedError(Exception):
    """A mirror does not have the file, or has another one."""


def download(file: SourceFile, target: Path, mirrors: Sequence[str], *, progress: bool = True) -> None:
    """Bring a file to `target`, which exists only once its checksums are right.

    What has arrived waits in `target`.part for the next try, also for that of another process or another
    mirror.

    :raises DownloadError: if no mirror gives the file; the message says why not, each. What arrived is kept,
        unless it is wrong.
    """
    part = target.with_name(target.name + ".part")
    reasons = []
    for mirror in mirrors:
        url = mirror.rstrip("/") + "/" + file.name
        try:
            _from_mirror(url, file, part, progress)
        except _RefusedError as refused:
            reasons.append(f"{url}: {refused}")
            continue
        except OSError as error:
            raise DownloadError(
                f"{part} cannot be written: {error.strerror or error}. What has arrived is kept; make room "
                "or choose "
                "another folder, and run the same command again."
            ) from error
        part.replace(target)
        return
    kept = (
        f" {part.stat().st_size} of {file.bytes} bytes are kept and will be resumed." if part.exists() else ""
    )
    raise DownloadError(
        f"{file.name} could not be fetched: {'; '.join(reasons) or 'no mirror is known'}.{kept} "
        f"You can also bring the file yourself, as {target}, and run the same command again."
    )


def _from_mirror(url: str, file: SourceFile, part: Path, progress: bool) -> None:
    reason = ""
    for _ in range(_ATTEMPTS):
        resumed = part.stat().st_size if part.exists() else 0
        if resumed < file.bytes:
            broken = _fetch(url, file, part, resumed, progress)
            if broken:
                if part.exists() and part.stat().st_size > resumed:
                    reason = broken
                    continue  # it got further: worth another connection
                raise _RefusedError(broken)
        if fits(part, file):
            return
        part.unlink()
        reason = "what came has another checksum than published, and was thrown away"
        if not resumed:
            break
        # The beginning came from an earlier try or another mirror: this one may still have the right file.
    raise _RefusedError(reason)


def _fetch(url: str, file: SourceFile, part: Path, resumed: int, progress: bool) -> str:
    """Append to the part what the mirror sends; return why it ended too early, or nothing."""
    if not url.startswith(("https://", "http://")):
        return "this is no address that begins with https:// or http://"
    request = urllib.request.Request(url, headers={"User-Agent": "idn", "Accept-Encoding": "identity"})
    if resumed:
        request.add_header("Range", f"bytes={resumed}-")
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        return f"the server says {error.code} {error.reason}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"no connection ({getattr(error, 'reason', error)})"
    with response:
        appending = response.status == 206 and _range_begins(response.headers.get("Content-Range")) == resumed
        if resumed and response.status == 206 and not appending:
            return f"the server sent the range {response.headers.get('Content-Range')}, not the one asked for"
        length = response.headers.get("Content-Length")
        if not appending and resumed and length is not None and length != str(file.bytes):
            # An error page, or a portal: what arrived from elsewhere is worth more.
            return f"the server sent {length} bytes where {file.bytes} were expected"
        begin = resumed if appending else 0
        with (
            part.open("ab" if appending else "wb") as stream,
            Progress(file.name, file.bytes, progress) as shown,
        ):
            shown.advance(begin)
            left = file.bytes - begin
            while True:
                try:
                    # One byte more than expected tells a longer file, which the size then gives away.
                    block = response.read1(min(_BLOCK_BYTES, left + 1))
                except (OSError, http.client.HTTPException) as error:
                    _to_disk(stream.fileno())
                    return f"the connection broke after {file.bytes - left} of {file.bytes} bytes ({error})"
                if not block:
                    break
                stream.write(block)
                left -= len(block)
                shown.advance(len(block))
                if left < 0:
                    break
            stream.flush()
            _to_disk(stream.fileno())
    return f"it ended after {file.bytes - left} of {file.bytes} bytes" if left > 0 else ""


def _to_disk(descriptor: int) -> None:
    os.fsync(descriptor)


def _range_begins(content_range: str | None) -> int | None:
    """Read the 100 of "bytes 100-199/200"."""
    words = (content_range or "").removeprefix("bytes ").split("-")
    return int(words[0]) if len(words) > 1 and words[0].isdigit() else None
