# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a device file reaches the host that runs the module: as it is, or checked and as text with one device a line."""

from __future__ import annotations

import pathlib
import typing as t

import yaml

from ...module_utils._desired import device_file
from ...module_utils._errors import InputError
from .._rollout_files.nodes import check_directives, known_tag

_LOADER: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT, _FLOAT, _STR = (f"tag:yaml.org,2002:{name}" for name in ("int", "float", "str"))


def is_yaml(path: str) -> bool:
    """Whether only the controller can read it."""
    return pathlib.PurePath(path).suffix.lower() in (".yml", ".yaml")


def as_text(content: bytes, name: str, column: str | None) -> bytes:
    """The devices of a file of any kind, checked, one a line. Raises InputError that names file and line.

    Args:
        name: the path that the user gave; its ending says what the file is.
        column: as the option ``devices_column``.
    """
    if is_yaml(name):
        if column is not None:
            raise InputError(f"devices_column names a column of a CSV file, and {name} is none.")
        device_file.check_size(content, name)
        declaration = device_file.check(_yaml(device_file.decode(content, name), name), name, check_luhn=False)
    else:
        declaration = device_file.parse(content, name, column=column, check_luhn=False)
    # Duplicates stay duplicates: the module reports them.
    return "".join(f"{device}\n" for device in (*sorted(declaration.devices), *declaration.duplicates)).encode()


def _yaml(text: str, name: str) -> device_file.Entries:
    """Read a YAML list by its events: a number keeps the digits that are written, and 100,000 devices stay small."""
    entries = device_file.Entries(name)
    if sentence := check_directives(text):
        raise InputError(f"{name}: {sentence}")
    try:
        loader = _LOADER(text)
        _expect(loader, name, yaml.StreamStartEvent, yaml.DocumentStartEvent, yaml.SequenceStartEvent)
        while not loader.check_event(yaml.SequenceEndEvent):
            event = loader.get_event()
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                raise InputError(f"{name} line {line}: not a device but a list, a mapping or an alias. The file must be a list of devices.")
            entries.add(_scalar(loader, event, f"{name} line {line}"), line)
        _expect(loader, name, yaml.SequenceEndEvent, yaml.DocumentEndEvent, yaml.StreamEndEvent)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InputError(f"{name} line {mark.line + 1 if mark else 1}: not YAML: {device_file.unquoted(error.problem or error.context or '')}.") from None
    except yaml.YAMLError as error:
        raise InputError(f"{name}: not YAML: {str(error).splitlines()[0]}.") from None
    except (ValueError, OverflowError):
        # What the parser in Python, which stands in for libyaml, makes of "\\UFFFFFFFF".
        raise InputError(f"{name}: not YAML: an escape of a character that there is not.") from None
    return entries


def _expect(loader: t.Any, name: str, *kinds: type[yaml.Event]) -> None:
    for kind in kinds:
        event = loader.get_event()
        if not isinstance(event, kind):
            line = event.start_mark.line + 1
            raise InputError(f"{name} line {line}: the file must be one YAML list of devices and nothing else.")


def _scalar(loader: t.Any, event: yaml.ScalarEvent, place: str) -> str:
    tag = event.tag or loader.resolve(yaml.ScalarNode, event.value, event.implicit)
    if tag in (_INT, _FLOAT):
        return device_file.Number(event.value)
    if tag == _STR:
        return event.value
    # Any text can be a tag, so none is told that is not one of YAML or of Ansible.
    raise InputError(f"{place}: no text but {known_tag(tag).lstrip('!') or 'something else'}. A device is a quoted string of 15 digits.")
