# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a module starts, fails and exits. The only place that calls ``exit_json`` and ``fail_json``."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

from .. import _stop, _text
from .._desired.checks import Params
from .._errors import InputError, InternalError, ThingSpaceError
from .._http import transport
from .._http.redact import redactor
from .._results.result import Result
from . import options
from .connection import Connector

Job = t.Callable[[Params, Connector, bool], Result]
EmptyResult = t.Callable[[Params], dict[str, t.Any]]


class _Module(AnsibleModule):  # type: ignore[misc]  # ansible-core has no type hints
    """AnsibleModule whose own refusals of options, made while it starts, carry all that other failures carry."""

    def __init__(self, empty_result: EmptyResult, **kwargs: t.Any) -> None:
        self._empty_result = empty_result
        super().__init__(**kwargs)

    def warn(self, warning: str) -> None:
        # ansible-core 2.19 and newer print warnings as they are; older ones censor them.
        hide = redactor(self.no_log_values)
        super().warn(hide(_text.message(hide(warning))))

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        if "error" not in kwargs:
            error = InputError(msg).as_dict()
            kwargs = {"changed": False, "requests": 0, **self._empty_result(self.params), "error": error, **kwargs}
        super().fail_json(**self.told({**kwargs, "msg": msg, "invocation": self.invocation}))
        raise AssertionError("fail_json came back")

    @property
    def invocation(self) -> dict[str, t.Any]:
        """The options, as ansible-core adds them to the result."""
        return {"module_args": dict(self.params)}

    def told(self, values: dict[str, t.Any]) -> dict[str, t.Any]:
        """The values as every ansible-core takes them, without secret options.

        From 2.22 on ansible-core masks what is printed, and what is registered no more. A service that names a field or a status after a
        token tells it all the same.
        """
        told: dict[str, t.Any] = _text.told(values, redactor(self.no_log_values))
        return told


@_stop.listening()
def run(spec: options.Spec, job: Job, empty_result: EmptyResult = lambda params: {}, **module_kwargs: t.Any) -> t.NoReturn:
    """Run a module: parse the options, do the job, exit. The whole ``main()`` of every module.

    Args:
        spec: options of the module.
        job: gets the options, the connector and whether this is check mode; returns a Result or raises ThingSpaceError.
        empty_result: the return values of a task that failed before its job began, from the options as they were given.
        module_kwargs: for AnsibleModule, such as ``required_if``.
    """
    module = _Module(empty_result, argument_spec=spec, supports_check_mode=True, **module_kwargs)
    connector = Connector(module.params, module.warn)
    try:
        result = job(module.params, connector, module.check_mode)
    except ThingSpaceError as error:
        result = Result(failure=error)
    except Exception as mistake:
        # Whoever has sent a change and cannot tell any more what became of it must let handlers run.
        result = Result(empty_result(module.params), changed=connector.has_written, failure=InternalError(mistake), unknown=connector.has_written)
    values: dict[str, t.Any] = {"changed": result.changed, "requests": connector.requests, **result.values}
    if result.diff is not None and module._diff:
        values["diff"] = result.diff
    for warning in result.warnings:
        module.warn(warning)
    if result.failure is not None:
        values.pop("msg", None)
        exception = transport.REQUESTS_TRACEBACK if result.failure.kind == "dependency" else result.failure.exception
        values |= {"exception": exception} if exception else {}
        values |= {"changes_known": False} if result.unknown else {}
        module.fail_json(msg=result.failure.sentence, error=result.failure.as_dict(), **values)
    values = _text.told(values, text=str) if result.intact else module.told(values)
    values |= module.told({"invocation": module.invocation})
    # Done here: ansible-core would censor intact values too.
    module.no_log_values = set()
    module.exit_json(**values)
    raise AssertionError("exit_json came back")
