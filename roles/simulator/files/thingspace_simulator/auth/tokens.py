# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OAuth token and session calls, and whose account a request is about."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from ..server.messages import ApiError, Json, Request, Response, invalid

if TYPE_CHECKING:
    from ..service import Service

_ACCOUNT = re.compile(r"[A-Za-z0-9_.-]+")


def check_account(service: Service, name: str) -> None:
    """The account of a request must be well formed, known, active and the user's."""
    if not _ACCOUNT.fullmatch(name):
        raise invalid("Invalid account name format")
    account = service.accounts.get(name)
    if account is not None and account.accessible:
        if not account.active:
            raise invalid("Inactive account")
        return
    if service.switches.account_error == "location":
        raise invalid(f"UWS verification failure (Could not find account {name})")
    if service.switches.account_error == "diagnostics":
        raise invalid("Account verification failed.", 401, "INVALID_ACCOUNT")
    reason = "AccountNotFound" if account is None else "AccountName"
    message = f"Could not find account {name}" if account is None else "The user is not associated with the account."
    raise invalid(message, code=f"UnifiedWebService.REQUEST_FAILED.{reason}")


def _check_application(service: Service, request: Request) -> dict[str, str]:
    """The form of an OAuth call made with the right key and secret."""
    scheme, dummy, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise service.auth.fault(401, "900902", "Missing Credentials", "Required OAuth credentials not provided.")
    try:
        given = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        given = ""
    owner = service.auth.credentials
    if given != f"{owner.app_key}:{owner.app_secret}":
        body = {"error": "invalid_client", "error_description": "Client Authentication failed."}
        raise ApiError(401, body)
    form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
    grant = form.get("grant_type")
    if not grant:
        body = {"error": "invalid_request", "error_description": "Missing grant_type parameter value"}
        raise ApiError(400, body)
    if grant != "client_credentials":
        body = {"error": "unsupported_grant_type", "error_description": "Unsupported grant_type value"}
        raise ApiError(400, body)
    return form


def issue_token(service: Service, request: Request) -> Json:
    """POST /oauth2/token"""
    _check_application(service, request)
    bearer = service.auth.current_bearer()
    left = int(bearer.expires - service.clock.now())
    return {"access_token": bearer.token, "scope": "am_application_scope", "token_type": "Bearer", "expires_in": left}


def revoke_token(service: Service, request: Request) -> Json:
    """POST /oauth2/revoke"""
    token = _check_application(service, request).get("token", "")
    if token in service.auth.bearers:
        service.auth.bearers[token].expires = 0.0
    return Response(200, headers={"RevokedAccessToken": token})


def login(service: Service, request: Request) -> Json:
    """POST /session/login"""
    given = request.fields()
    owner = service.auth.credentials
    right = given.get("username") == owner.username and given.get("password") == owner.password
    if service.auth.locked:
        raise invalid(
            "The user record is locked. Contact Verizon support.",
            code="UnifiedWebService.REQUEST_FAILED.Login.Locked",
        )
    if not right:
        service.auth.failed_logins += 1
        raise invalid("The user name or password is not correct.", code="UnifiedWebService.REQUEST_FAILED.Login.Invalid")
    service.auth.failed_logins = 0
    return {"sessionToken": service.auth.open_session()}


def logout(service: Service, request: Request) -> Json:
    """POST /session/logout"""
    token = service.auth.check_session(request)
    service.auth.end_session(token)
    return {"sessionToken": token}
