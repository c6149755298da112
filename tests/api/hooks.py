"""Most requests that the document allows are made to be about something that is there.

Must always be true: a request that is meant to be wrong stays as it is.
"""

import base64
import json
import os
import zlib
from pathlib import Path

import schemathesis

KNOWN = json.loads(Path(os.environ["LIMPET_KNOWN"]).read_text())
# Fields of bodies, and what they name.
FIELDS = {"client": "clients", "patient": "patients", "conversation": "conversations", "from": "conversations", "invitation": "o"}
# Names in paths.
NAMES = ("id", "attachment", "capability", "invitation", "code", "file")


def known(kind: str, like: object) -> str:
    """One of those that are there; the same for the same request, so that a seed always asks the same."""
    these = KNOWN[kind]
    return these[zlib.crc32(repr(like).encode()) % len(these)]


def one_in_four_not(like: object) -> bool:
    return zlib.crc32(repr(like).encode()) % 4 != 0


def is_meant_well(case) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.serializer("application/offset+octet-stream")
def chunk(context, value):
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_call(context, case, kwargs):
    kind = next((part for part in case.path.split("/") if part not in ("", "v1")), "")
    # Copies: cases share what they are made of.
    path = dict(case.path_parameters or {})
    name = next((name for name in NAMES if name in path), None)
    well_meant = is_meant_well(case)
    # One in four stays about nothing, and nothing closes the asker's own door.
    if name and kind in KNOWN and (path[name] in KNOWN["own"] or (well_meant and one_in_four_not(path))):
        path[name] = known(kind, path)
        case.path_parameters = path
    if not well_meant:
        return
    if isinstance(case.body, dict):
        case.body = about_what_is_there(case.body, path.get(name))
        if kind == "clients" and case.body.get("email"):
            # An e-mail address is more than a schema says.
            case.body = {**case.body, "email": "marta@example.org"}
    if kind == "uploads" and case.method == "POST" and case.headers is not None:
        announced = base64.b64encode(known("uploads", case.body).encode()).decode()
        headers = case.headers.copy()
        headers["Upload-Metadata"] = f"attachment {announced}"
        case.headers = headers


def about_what_is_there(body: dict, in_path: str | None) -> dict:
    body = dict(body)
    for field, of in FIELDS.items():
        if isinstance(body.get(field), str) and one_in_four_not(body):
            body[field] = known(of, body)
    if isinstance(body.get("assign"), dict) and isinstance(body["assign"].get("to"), str):
        body["assign"] = {"to": known("staff", body)}
    if isinstance(body.get("conversations"), list):
        body["conversations"] = [known("conversations", one) for one in body["conversations"]]
    if "id" in body and in_path:
        # The id in the body is the one in the path.
        body["id"] = in_path
    return body
