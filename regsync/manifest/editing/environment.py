"""What belongs to one environment: the variables of `--var`, of `--var-file` and of overlays.

Manifests are shared by all environments; the text of one must not take over what only one of them says. An alias that is
made of such a variable is edited where the variable is set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from regsync.manifest.editing.places import Entry, Place, repeated, written_version
from regsync.manifest.editing.splice import Document, Pin, Splice
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.spans import Map, Scalar, spans
from regsync.slots import dataclass

_REFERENCE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_-]*)\}")


@dataclass(frozen=True, slots=True)
class Setting:
    """The value that a variable has for one environment, and where it is set; nowhere: on the command line."""

    value: str
    document: Document | None = None
    entry: Entry | None = None
    is_escaped: bool = False
    """Whether a literal `${` is written `$${` there: in manifests it is, in files of variables not."""

    @property
    def place(self) -> str:
        """Where it is set, as messages say it."""
        return self.document.name if self.document else "the command line"


def settings_of(
    overlays: tuple[Source, ...], variable_files: tuple[Source, ...], variables: Mapping[str, str]
) -> dict[str, Setting]:
    """Every variable that is set outside of the shared manifests; the later of two settings counts."""
    found: dict[str, Setting] = {}
    for source in overlays:
        found.update(_settings(source, ("variables",)))
    for source in variable_files:
        found.update(_settings(source, ()))
    return found | {name: Setting(value) for name, value in variables.items()}


def variables_in(text: str) -> set[str]:
    """The names of the variables that a text is made of."""
    return {match[1] for match in _REFERENCE.finditer(text) if match[1]}


def texts_of(place: Place, alias: str) -> list[str]:
    """What is written for an alias at a place: its version and its digest."""
    entry = place.alias(alias)
    if entry is None:
        return []
    digest = entry[1].find("digest") if isinstance(entry[1], Map) else None
    return [text for text in (written_version(entry), digest and written_version(digest)) if text is not None]


def reset(place: Place, alias: str, value: Pin, settings: Mapping[str, Setting]) -> Iterator[list[tuple[str, Splice]]]:
    """Ways to bind an alias by giving its variables other values, each as changes with the files that they are in.

    `settings`: the variables of the environment, and the values of all others.
    """
    entry = place.alias(alias)
    if entry is None:
        return
    written = written_version(entry)
    own = entry[1].find("digest") if isinstance(entry[1], Map) else None
    digest = written_version(own) if own else None
    if written is None or (digest is None) != (value.digest is None):
        return
    for name in sorted(variables_in(written), key=written.rindex, reverse=True):
        new = _solved(written, name, value.version.replace("$${", "${"), settings)
        changes = {name: new}
        if digest is not None and value.digest is not None and _filled(digest, settings) != value.digest:
            others = [(each, _solved(digest, each, value.digest, settings)) for each in variables_in(digest)]
            changes |= dict(others or [(name, None)])
        splices = [_splice(settings.get(each), text) for each, text in changes.items()]
        if None not in splices:
            yield [each for each in splices if each]


def _splice(setting: Setting | None, text: str | None) -> tuple[str, Splice] | None:
    if setting is None or text is None or setting.document is None or setting.entry is None:
        return None
    pin = Pin(text.replace("${", "$${") if setting.is_escaped else text)
    (change,) = setting.document.replace(setting.entry, pin, flow=setting.document.flow)
    return setting.document.name, change


def _solved(template: str, name: str, wanted: str, settings: Mapping[str, Setting]) -> str | None:
    """The value of the variable `name` with which the template means what is wanted."""
    pattern, at = "", 0
    for match in _REFERENCE.finditer(template):
        pattern += re.escape(template[at : match.start()])
        if match[1] is None:
            pattern += re.escape("${")
        elif match[1] != name:
            if match[1] not in settings:
                return None
            pattern += re.escape(settings[match[1]].value)
        else:
            pattern += "(?P=it)" if "(?P<it>" in pattern else "(?P<it>.+)"
        at = match.end()
    found = re.fullmatch(pattern + re.escape(template[at:]), wanted, re.DOTALL)
    return found["it"] if found and "it" in found.groupdict() else None


def _filled(template: str, settings: Mapping[str, Setting]) -> str:
    return _REFERENCE.sub(
        lambda match: "${" if match[1] is None else settings[match[1]].value if match[1] in settings else match[0],
        template,
    )


def shared_settings(sources: tuple[Source, ...]) -> dict[str, Setting]:
    """The variables of the shared manifests. They are not for editing: other aliases have them too."""
    return {name: Setting(each.value) for source in sources for name, each in _settings(source, ("variables",))}


def _settings(source: Source, steps: tuple[str, ...]) -> Iterator[tuple[str, Setting]]:
    """The variables in a file; `steps`: the keys above the map that holds them."""
    text, is_escaped = source.data.decode(), bool(steps)
    for written in spans(text):
        node = written.root
        for step in steps:
            entry = node.find(step) if isinstance(node, Map) else None
            node = entry[1] if entry else node
            if entry is None:
                break
        else:
            if isinstance(node, Map):
                document = Document(text, source.name, frozenset(repeated(written.root)), node.flow)
                for entry in node.entries:
                    key, value = entry
                    if isinstance(key, Scalar) and isinstance(value, Scalar):
                        meaning = value.value.replace("$${", "${") if is_escaped else value.value
                        yield key.value, Setting(meaning, document, entry, is_escaped)
