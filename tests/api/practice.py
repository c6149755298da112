"""A small practice on a real server: what the tests of the interfaces ask about.

Must always be true: everything is made as an operator and a staff member make it, through the command line and the API.
"""

import hashlib
import json
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

PASSWORD = "three wet otters"


class Server:
    """limpet-server on a free port; ends with the block."""

    def __init__(self, program: str, data: Path):
        self.program, self.data = program, data

    def __enter__(self):
        self.process = subprocess.Popen(
            [self.program, "serve", "--data", str(self.data), "--listen", "127.0.0.1:0", "--webhooks-to-loopback"],
            stdout=subprocess.PIPE,
            stderr=(self.data / "log").open("ab"),
            text=True,
        )
        line = self.process.stdout.readline().strip()
        if not line.startswith("listening on "):
            raise SystemExit(f"limpet-server said {line!r}\n{self.log()}")
        self.url = line.removeprefix("listening on ")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=60)

    def log(self) -> str:
        return (self.data / "log").read_text()[-4000:]

    def command(self, *words: str, typed: str = "") -> str:
        """Runs a command of the operator's and answers what it prints."""
        command = [self.program, *words, "--data", str(self.data)]
        done = subprocess.run(command, input=typed, text=True, capture_output=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(words[:2])}: {done.stderr}")
        return done.stdout.strip()


class Asker:
    """Somebody with headers of their own."""

    def __init__(self, url: str, headers: dict[str, str]):
        self.url, self.headers = url, headers

    def ask(self, method: str, path: str, body=None, **headers):
        """Asks, and answers status, headers and bytes."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        kind = {} if data is None else {"content-type": "application/json"}
        more = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        request = urllib.request.Request(
            self.url + path, data=data, method=method, headers={**kind, **self.headers, **more}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers, refused.read()

    def do(self, method: str, path: str, body=None, **headers):
        """The same, where anything but success ends the test."""
        status, told, said = self.ask(method, path, body, **headers)
        if not 200 <= status < 300:
            raise SystemExit(f"{method} {path}: {status} {said!r}")
        return told, json.loads(said) if said[:1] in (b"{", b"[") else said


def new_id() -> str:
    return str(uuid.uuid4())


class Practice:
    """The practice, and everybody who may ask."""

    def __init__(self, server: Server):
        self.server = server
        self.id = server.command("practice", "add", "--name", "Lapa Veterinary Clinic", "--time-zone", "Europe/Madrid")
        self.admin_id = self.add_staff("ana@example.org", "admin")
        self.spare_id = self.add_staff("ben@example.org", "technician")
        self.staff = self.sign_in("ana@example.org")
        scopes = ["read:conversations", "read:media", "write:people", "write:conversations", "invite:clients"]
        named = [word for scope in scopes for word in ("--scope", scope)]
        token = server.command("token", "add", "--practice", self.id, "--name", "Fuzz", *named)
        self.token = Asker(server.url, {"Authorization": f"Bearer {token}"})
        self.cases = [self.open_case(name) for name in ("Marta Ruiz", "Eva Sanz")]

    def add_staff(self, email: str, role: str) -> str:
        words = ["--practice", self.id, "--name", "Dr. Ana Ruiz", "--email", email, "--role", role]
        return self.server.command("staff", "add", *words, typed=PASSWORD)

    def sign_in(self, email: str) -> Asker:
        nobody = Asker(self.server.url, {})
        _, session = nobody.do("POST", "/v1/sign-in", {"email": email, "password": PASSWORD, "device": "test"})
        return Asker(self.server.url, {"Authorization": f"Bearer {session['token']}"})

    def open_case(self, name: str) -> dict[str, str]:
        """A client, their animal, an open conversation, a message and a note."""
        client, patient, conversation = new_id(), new_id(), new_id()
        person = {"id": client, "name": name, "email": "", "phone": "555 0101", "address": "", "pms_id": ""}
        self.staff.do("PUT", f"/v1/clients/{client}", person)
        animal = {
            "id": patient, "client": client, "name": "Biscuit", "species": "Dog", "breed": "", "sex": "unknown",
            "born": "2019-05", "colour": "", "weight_kg": 12.4, "alert": "", "pms_id": "",
        }
        self.staff.do("PUT", f"/v1/patients/{patient}", animal)
        new = {"client": client, "patient": patient, "subject": "Limps", "opened_at": 1}
        self.staff.do("PUT", f"/v1/conversations/{conversation}", new)
        case = {"client": client, "patient": patient, "conversation": conversation}
        case["message"] = self.say(self.staff, conversation, "Please film it from the side.")
        case["note"] = self.say(self.staff, conversation, "Nervous", audience="staff")
        return case

    def say(self, who: Asker, conversation: str, body: str, audience="everyone", attachments=()) -> str:
        message = new_id()
        new = {
            "conversation": conversation, "audience": audience, "body": body, "sent_at": 1,
            "attachments": list(attachments),
        }
        who.do("PUT", f"/v1/messages/{message}", new)
        return message

    def announce(self, who: Asker, conversation: str, size: int) -> str:
        """Announces a document of so many bytes with a message of its own."""
        attachment = new_id()
        file = {"id": attachment, "kind": "document", "name": "scan.pdf", "mime": "application/pdf", "bytes": size}
        self.say(who, conversation, "", attachments=[{**file, "caption": ""}])
        return attachment

    def phone(self, case: dict[str, str]) -> Asker:
        """The client's device, which has opened the link."""
        _, invitation = self.staff.do("POST", f"/v1/conversations/{case['conversation']}/invitation")
        nobody = Asker(self.server.url, {})
        token = invitation["link"].rsplit("/", 1)[1]
        told, _ = nobody.do("POST", "/v1/open-invitation", {"invitation": token})
        return Asker(self.server.url, {"Cookie": told["set-cookie"].split(";")[0], "limpet-app": "owner"})

    def arrived(self, attachment: str) -> str:
        """The SHA-256 of a file, once the server has it whole and gives it back."""
        for _ in range(600):
            status, _, said = self.staff.ask("GET", f"/v1/attachments/{attachment}/original")
            if status == 200:
                return hashlib.sha256(said).hexdigest()
            time.sleep(0.1)
        raise SystemExit(f"{attachment} never arrived: {status} {said!r}\n{self.server.log()}")
