"""Rewriting an ONNX model's graph, so that intermediate values become inputs.

Exported models compute token positions and the attention mask from the shape of a batch. If these
are inputs instead, several texts fit into one row: each begins at position 0 and attends only to
itself. The nodes that computed them are removed and inputs are added; nothing else changes.

The file is Protocol Buffers: ModelProto.graph = 7; GraphProto.node = 1, .input = 11, .output = 12;
NodeProto.input = 1, .output = 2, .op_type = 4; ValueInfoProto.name = 1. Everything else is copied
unchanged.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kg.errors import WeightsInvalid

_Pieces: TypeAlias = list[memoryview | bytes]
_Rewrite: TypeAlias = Callable[[memoryview, int, int], _Pieces]
"""Returns a graph's new content; called with (data, start of the graph, end of the graph)."""

_GRAPH, _NODE, _INPUT, _OUTPUT = 7, 1, 11, 12
_READ, _MADE, _OPERATOR = 1, 2, 4
_NAME = 1
_LENGTHS = {1: 8, 5: 4}
"""Length in bytes of each wire type of fixed length."""
INT64, BOOL = 7, 9
"""TensorProto.DataType."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """A value's type: the type of its elements, and a name for each axis."""

    elements: int
    axes: Sequence[str]


def with_inputs(model: bytes, values: Mapping[str, Value]) -> _Pieces:
    """The model, in pieces, with these computed values as inputs.

    Raises: WeightsInvalid if it is not a model, or if no node computes one of the values.
    """

    def rewrite(data: memoryview, start: int, end: int) -> _Pieces:
        names = {name.encode() for name in values}
        kept: _Pieces = []
        for number, first, content, last in _fields(data, start, end):
            if number == _NODE and (made := names & set(_node(data, content, last).makes)):
                names -= made
                kept.append(data[start:first])
                start = last
        if names:
            missing = ", ".join(sorted(name.decode() for name in names))
            raise WeightsInvalid(
                f"The embedding model does not compute {missing}: install it again."
            )
        return [*kept, data[start:end], *(_input(name, value) for name, value in values.items())]

    return _rewritten(model, rewrite)


def without_guards(model: bytes) -> _Pieces:
    """The model, in pieces, without its guards against NaN.

    Exported attention replaces NaN by 0, for tokens that may attend to nothing. If each token may
    attend at least to itself, that is a thirtieth of the model's time for nothing. A guard stays if
    its value is a result of the model or has other uses. Raises: WeightsInvalid if it is not a
    model.
    """
    return _rewritten(model, _unguarded)


def _unguarded(data: memoryview, start: int, end: int) -> _Pieces:
    nodes = {
        first: _node(data, content, last)
        for number, first, content, last in _fields(data, start, end)
        if number == _NODE
    }
    results = {
        bytes(data[name:until])
        for number, _, content, last in _fields(data, start, end)
        if number == _OUTPUT
        for field, _, name, until in _fields(data, content, last)
        if field == _NAME
    }
    asked = {node.makes[0]: node.reads[0] for node in nodes.values() if node.operator == b"IsNaN"}
    guarded: dict[bytes, bytes] = {}
    for one in nodes.values():  # in topological order
        guards = one.operator == b"Where" and asked.get(one.reads[0]) == one.reads[2]
        if guards and one.makes[0] not in results:
            guarded[one.makes[0]] = guarded.get(one.reads[2], one.reads[2])
    others = (node.reads for node in nodes.values() if not guarded.keys() & {*node.makes})
    gone = guarded.keys() | (asked.keys() - results.union(*others))
    kept: _Pieces = []
    for _, first, content, last in _fields(data, start, end):
        node = nodes.get(first)
        if node is None or not (gone & {*node.makes, *node.reads}):
            kept.append(data[first:last])
        elif not gone.intersection(node.makes):
            kept.append(_reading(data, content, last, guarded))
    return kept


def _reading(data: memoryview, start: int, end: int, instead: Mapping[bytes, bytes]) -> bytes:
    """A node with some of the values it reads replaced by others."""
    fields = b"".join(
        _field(_READ, instead.get(name, name))
        if number == _READ and (name := bytes(data[first:last]))
        else bytes(data[field:last])
        for number, field, first, last in _fields(data, start, end)
    )
    return _field(_NODE, fields)


def _rewritten(model: bytes, rewrite: _Rewrite) -> _Pieces:
    """The model with a rewritten graph."""
    data = memoryview(model)
    pieces: _Pieces = []
    try:
        for number, start, content, end in _fields(data, 0, len(data)):
            if number == _GRAPH:
                graph = rewrite(data, content, end)
                pieces += [_head(_GRAPH, sum(map(len, graph))), *graph]
            else:
                pieces.append(data[start:end])
    except (IndexError, KeyError) as error:
        raise WeightsInvalid(
            "The embedding model is not a valid ONNX file: install it again."
        ) from error
    return pieces


@dataclass(frozen=True, kw_only=True, slots=True)
class _Node:
    """A node's operator, inputs and outputs."""

    operator: bytes
    reads: Sequence[bytes]
    makes: Sequence[bytes]


def _node(data: memoryview, start: int, end: int) -> _Node:
    said: dict[int, list[bytes]] = {_READ: [], _MADE: [], _OPERATOR: []}
    for number, _, first, last in _fields(data, start, end):
        if number in said:
            said[number].append(bytes(data[first:last]))
    return _Node(operator=b"".join(said[_OPERATOR]), reads=said[_READ], makes=said[_MADE])


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
    """A varint, and where it ends."""
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
