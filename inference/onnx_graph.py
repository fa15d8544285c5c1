"""Opening an ONNX model's graph: values inside become inputs.

Exported models compute tokens' positions, and who attends to whom, from the length of a batch.
Where these are inputs instead, several texts fit into one row: each begins at position 0 and
attends to itself alone. The nodes that computed them go, the inputs come; nothing else changes.

The file is Protocol Buffers: ModelProto.graph = 7; GraphProto.node = 1, .input = 11;
NodeProto.output = 2. What is not looked for is copied as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kg.errors import WeightsInvalid

_GRAPH, _NODE, _INPUT, _OUTPUT = 7, 1, 11, 2
_LENGTHS = {1: 8, 5: 4}
"""Bytes of the wire types of fixed length."""
INT64, BOOL = 7, 9
"""TensorProto.DataType."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """A value's type: of its elements, and a name for each axis."""

    elements: int
    axes: Sequence[str]


def with_inputs(model: bytes, values: Mapping[str, Value]) -> list[memoryview | bytes]:
    """A model, in pieces, in which values that nodes compute are inputs.

    Raises: WeightsInvalid if it is no model, or no node computes one of them.
    """
    data = memoryview(model)
    pieces: list[memoryview | bytes] = []
    try:
        for number, start, content, end in _fields(data, 0, len(data)):
            if number == _GRAPH:
                graph = _graph(data, content, end, values)
                pieces += [_head(_GRAPH, sum(map(len, graph))), *graph]
            else:
                pieces.append(data[start:end])
    except (IndexError, KeyError) as error:
        raise WeightsInvalid("The embedding model is no ONNX file: install it anew.") from error
    return pieces


def _graph(
    data: memoryview, start: int, end: int, values: Mapping[str, Value]
) -> list[memoryview | bytes]:
    names = {name.encode() for name in values}
    kept: list[memoryview | bytes] = []
    for number, first, content, last in _fields(data, start, end):
        if number == _NODE and (made := names & _outputs(data, content, last)):
            names -= made
            kept.append(data[start:first])
            start = last
    if names:
        missing = ", ".join(sorted(name.decode() for name in names))
        raise WeightsInvalid(f"The embedding model computes no {missing}: install it anew.")
    return [*kept, data[start:end], *(_input(name, value) for name, value in values.items())]


def _outputs(data: memoryview, start: int, end: int) -> set[bytes]:
    """The names of what a node computes."""
    fields = _fields(data, start, end)
    return {bytes(data[first:last]) for number, _, first, last in fields if number == _OUTPUT}


def _input(name: str, value: Value) -> bytes:
    """A field GraphProto.input: ValueInfoProto of a tensor, its axes of any length."""
    axes = b"".join(_field(1, _field(2, axis.encode())) for axis in value.axes)
    tensor = b"\x08" + _number(value.elements) + _field(2, axes)
    return _field(_INPUT, _field(1, name.encode()) + _field(2, _field(1, tensor)))


def _fields(data: memoryview, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """A message's fields: (number, where it starts, where its content does, where both end)."""
    at = start
    while at < end:
        first = at
        key, at = _read(data, at)
        length, kind = 0, key & 7
        if kind == 0:
            _, at = _read(data, at)
        elif kind == 2:
            length, at = _read(data, at)
        else:
            length = _LENGTHS[kind]
        yield key >> 3, first, at, at + length
        at += length


def _read(data: memoryview, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _number(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _head(number: int, length: int) -> bytes:
    return _number(number << 3 | 2) + _number(length)


def _field(number: int, content: bytes) -> bytes:
    return _head(number, len(content)) + content
