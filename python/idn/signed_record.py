"""Bytes that outlive a session, signed: until when, as what, and by whom. docs/wire.md has every field.

The time is handed in, in Unix milliseconds; nothing here reads a clock.
"""

from __future__ import annotations

from idn._native import extension

__all__ = ["Contact", "SignedRecord"]

SignedRecord = extension.signed_record.SignedRecord
Contact = extension.signed_record.Contact
