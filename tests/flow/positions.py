"""Every place of a request where the client packages' own types allow a string, a key or a number.

A position is found by walking the types: members of typed dicts and models, elements of lists, keys and values of maps,
each variant of a union. Its body is the smallest request of the format that has the position, with the members that the
types require around it. A type is not entered again inside itself.
"""

import base64
import collections.abc
import dataclasses
import datetime
import enum
import inspect
import types
import typing

import pydantic
import typing_extensions

STRING, KEY, NUMBER, BASE64 = "string", "key", "number", "base64"
UNIONS = (typing.Union, types.UnionType)
LISTS = (list, tuple, collections.abc.Iterable, collections.abc.Sequence)
MAPS = (dict, collections.abc.Mapping)
FREE = (object, typing.Any)
DEEPEST = 14


@dataclasses.dataclass(frozen=True)
class Position:
    path: str
    kind: str
    build: typing.Callable  # a value -> the body

    def body(self, canary):
        """The body and the value that it hides: MEDIUM as text or key, HIGH as a number."""
        if self.kind == NUMBER:
            value = canary.card().replace(" ", "")
            canary.values.append(value)
            return self.build(int(value))
        value = canary.email()
        text = f"write to {value}"
        return self.build(base64.b64encode(text.encode()).decode() if self.kind == BASE64 else value if self.kind == KEY else text)


def unwrap(hint):
    """Without Annotated, Required and NotRequired, and without the names of aliases and new types."""
    while True:
        origin = typing.get_origin(hint)
        if origin in (typing.Annotated, typing_extensions.Required, typing_extensions.NotRequired, typing.Required, typing.NotRequired):
            hint = typing.get_args(hint)[0]
        elif isinstance(hint, typing_extensions.TypeAliasType):
            hint = hint.__value__
        elif isinstance(hint, typing.NewType):
            hint = hint.__supertype__
        else:
            return hint


def members(hint):
    """(name on the wire, type, required) of a typed dict or a model; None for anything else."""
    if typing_extensions.is_typeddict(hint):
        hints = typing_extensions.get_type_hints(hint, include_extras=True)
        return [(wire_name(h) or name, h, name in hint.__required_keys__) for name, h in hints.items()]
    if inspect.isclass(hint) and issubclass(hint, pydantic.BaseModel):
        if hint.__name__ == "Image" and "value" in hint.model_fields:
            return None  # Ollama's package sends it as one string
        return [(field.serialization_alias or field.alias or name, field.annotation, field.is_required())
                for name, field in hint.model_fields.items() if field.exclude is not True]
    return None


def wire_name(hint):
    """The alias that the packages keep beside a type, when the name is no Python name."""
    for note in getattr(hint, "__metadata__", ()):
        if getattr(note, "alias", None):
            return note.alias
    return wire_name(typing.get_args(hint)[0]) if typing.get_origin(hint) in (typing.Required, typing_extensions.Required) else None


def variants(hint):
    hint = unwrap(hint)
    if typing.get_origin(hint) in UNIONS:
        return [v for one in typing.get_args(hint) for v in variants(one)]
    return [] if hint is type(None) else [hint]


def smallest(hint, inside=()):
    """The least value of a type."""
    hint = variants(hint)[0] if variants(hint) else None
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return typing.get_args(hint)[0]
    if inspect.isclass(hint) and issubclass(hint, enum.Enum):
        return next(iter(hint)).value
    if (found := members(hint)) is not None:
        return {name: smallest(h, (*inside, hint)) for name, h, required in found if required and hint not in inside}
    if origin in LISTS or hint in LISTS:
        return []
    if origin in MAPS or hint in MAPS:
        return {}
    return {bool: True, int: 1, float: 0.5}.get(hint, "x")


def name_of(hint, hints):
    """What tells a variant from its brothers: its type member, or its name."""
    if len(hints) == 1:
        return ""
    for name, h, _ in members(hint) or ():
        if name == "type" and typing.get_origin(unwrap(h)) is typing.Literal:
            return f"<{typing.get_args(unwrap(h))[0]}>"
    return f"<{getattr(hint, '__name__', hint)}>" if members(hint) else ""


def walk(hint, path, build, inside=()):
    hints = variants(hint)
    for one in hints:
        yield from walk_one(one, path + name_of(one, hints), build, inside)


def walk_one(hint, path, build, inside):
    origin = typing.get_origin(hint)
    if len(inside) > DEEPEST or hint in inside or origin is typing.Literal or hint is bool:
        return
    if (found := members(hint)) is not None:
        around = smallest(hint)
        for name, h, _ in found:
            yield from walk(h, f"{path}.{name}", lambda v, name=name: build({**around, name: v}), (*inside, hint))
    elif origin in LISTS or hint in LISTS:
        element = (*typing.get_args(hint), object)[0]
        yield from walk(element, path + "[]", lambda v: build([v]), (*inside, "list"))
    elif origin in MAPS or hint in MAPS:
        value = typing.get_args(hint)[1] if typing.get_args(hint) else object
        yield Position(path + ".{key}", KEY, lambda v: build({v: smallest(value)}))
        yield from walk(value, path + ".*", lambda v: build({"k": v}), (*inside, "map"))
    elif hint in FREE or isinstance(hint, typing.TypeVar):
        yield Position(path + "?", STRING, build)
        yield Position(path + "?.{key}", KEY, lambda v: build({v: "x"}))
        yield Position(path + "?.[]", STRING, lambda v: build({"a": [v]}))
    elif inspect.isclass(hint):
        if hint is bytes or issubclass(hint, pydantic.BaseModel):
            yield Position(path, BASE64, build)
        elif issubclass(hint, (int, float)) and not issubclass(hint, enum.Enum):
            yield Position(path, NUMBER, build)
        elif issubclass(hint, (str, datetime.date)) and not issubclass(hint, enum.Enum):
            yield Position(path, STRING, build)


def positions(hint, base):
    """Of a request type; `base` is a body that the format accepts. Members of the same path are one position."""
    found = {}
    for name, h, _ in members(hint):
        for position in walk(h, f"$.{name}", lambda v, name=name: {**base, name: v}, (hint,)):
            found.setdefault((position.path, position.kind), position)
    return list(found.values())
