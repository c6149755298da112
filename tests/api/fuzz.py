"""Asks a running server, as everybody who may ask, whether its OpenAPI document is true.

Schemathesis makes requests from the document: such as it allows, and such as it does not. No answer may be a server's
error, or one that the document does not have; what it allows is to be taken, what it forbids to be refused.

Each of them asks a server of their own, so that nobody finds what another left, and with the same seed the same is asked.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from practice import Practice, Server

HERE = Path(__file__).parent
CALLERS = ("staff", "client", "token")


def furnish(practice: Practice) -> dict[str, list[str]]:
    """Things in every state that a request may be about, by the words that name them in paths and bodies."""
    case, other = practice.cases
    phone = practice.phone(case)
    ready = practice.announce(practice.staff, case["conversation"], 20)
    coming = practice.announce(practice.staff, case["conversation"], 20)
    from_phone = practice.announce(phone, case["conversation"], 20)
    for who, attachment, sent in ((practice.staff, ready, 20), (practice.staff, coming, 5), (phone, from_phone, 5)):
        tus = {"tus_resumable": "1.0.0"}
        name = subprocess.run(["base64", "-w0"], input=attachment.encode(), capture_output=True).stdout.decode()
        who.do("POST", "/v1/uploads", b"", **tus, upload_length=20, upload_metadata=f"attachment {name}")
        chunk = {"content_type": "application/offset+octet-stream", "upload_offset": 0}
        who.do("PATCH", f"/v1/uploads/{attachment}", b"%PDF-1.4 0123456789."[:sent], **tus, **chunk)
    practice.arrived(ready)
    _, page = practice.staff.do("GET", "/v1/changes")
    states = (change["entity"]["state"] for change in page["changes"])
    links = [state["link"].rsplit("/", 1)[1] for state in states if state.get("link")]
    practice.sign_in("ana@example.org")
    sessions = practice.staff.do("GET", "/v1/sessions")[1]
    _, issued = practice.staff.do("POST", "/v1/tokens", {"name": "Spare", "scopes": ["read:media"]})
    # Nobody is there.
    hook = {"url": "http://127.0.0.1:9/", "events": ["message.created", "conversation.ended"]}
    _, webhook = practice.staff.do("POST", "/v1/webhooks", hook)
    _, invitation = practice.staff.do("POST", f"/v1/conversations/{case['conversation']}/invitation")
    return {
        "clients": [case["client"], other["client"]],
        "patients": [case["patient"], other["patient"]],
        "conversations": [case["conversation"], other["conversation"]],
        "messages": [case["message"], case["note"], other["message"]],
        "attachments": [ready, coming, from_phone],
        "uploads": [coming, from_phone],
        "staff": [practice.spare_id],
        "sessions": [session["id"] for session in sessions if not session["own"]],
        "tokens": [issued["id"]],
        # What the asker must not close, or nothing could be asked any more.
        "own": [practice.admin_id, *(session["id"] for session in sessions if session["own"])],
        "webhooks": [webhook["id"]],
        "m": links,
        "m-assets": ["media.css"],
        "o": [invitation["link"].rsplit("/", 1)[1]],
        "problems": ["not_found", "conflict"],
    }


def headers_of(practice: Practice, caller: str) -> dict[str, str]:
    if caller == "client":
        return practice.phone(practice.cases[0]).headers
    return (practice.staff if caller == "staff" else practice.token).headers


def fuzz(program: str, caller: str, seed: int, examples: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="limpet-fuzz.") as folder, Server(program, Path(folder)) as server:
        practice = Practice(server)
        known = Path(folder) / "known.json"
        known.write_text(json.dumps(furnish(practice)))
        words = [
            # The program beside this Python.
            str(Path(sys.executable).parent / "schemathesis"),
            "--config-file", str(HERE / "schemathesis.toml"),
            "run", f"{server.url}/v1/openapi.json", "--url", server.url,
            "--seed", str(seed), "--max-examples", str(examples),
        ]
        for name, value in headers_of(practice, caller).items():
            words += ["--header", f"{name}: {value}"]
        if caller == "client":
            # What a client's device may not say (notes, stills) the document says in words only.
            words += ["--exclude-checks", "positive_data_acceptance"]
        print(f"\n== asked as {caller}, seed {seed}", flush=True)
        env = {**os.environ, "LIMPET_KNOWN": str(known), "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
        done = subprocess.run(words, cwd=folder, env=env)
        if server.process.poll() is not None:
            print(f"the server ended\n{server.log()}")
            return False
        return done.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True, help="the limpet-server program")
    parser.add_argument("--as", dest="callers", action="append", choices=CALLERS)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--examples", type=int, default=15)
    asked = parser.parse_args()
    good = [fuzz(asked.server, caller, asked.seed, asked.examples) for caller in asked.callers or CALLERS]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
