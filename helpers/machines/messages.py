"""Bytes through a pipe, one message after the other: its length first, in eight bytes."""

import struct

LENGTH = struct.Struct("!Q")


def write(pipe, message):
    """Send one message. Raises OSError where nobody reads any more."""
    pipe.write(LENGTH.pack(len(message)))
    pipe.write(message)
    pipe.flush()


def read(pipe):
    """The next message, or None where the pipe has ended.

    >>> import io
    >>> pipe = io.BytesIO()
    >>> write(pipe, b"three"), pipe.seek(0)
    (None, 0)
    >>> read(pipe), read(pipe)
    (b'three', None)
    """
    head = read_all(pipe, LENGTH.size)
    return head and read_all(pipe, *LENGTH.unpack(head))


def read_all(pipe, length):
    """So many bytes, or None where the pipe ends before: a pipe may hand them out in pieces."""
    parts = []
    while length and (part := pipe.read(length)):
        parts.append(part)
        length -= len(part)
    return None if length else b"".join(parts)
