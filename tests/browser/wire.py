"""A dashboard behind a real OpenID provider, and sessions that speak its WebSocket themselves."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.browser.chrome import dashboard, free_port

SECRET = "not-a-secret-but-long-enough-to-pass-0123456789"


@contextmanager
def provider(people: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Run an OpenID provider that knows these people (subject -> claims); yield its address."""
    from oidc_provider_mock import User, run_server_in_thread

    users = [User(sub=sub, claims=claims) for sub, claims in people.items()]
    with run_server_in_thread(user_claims=users) as server:
        yield f"http://localhost:{server.server_port}"


@contextmanager
def signed(store: Path, issuer: str) -> Iterator[str]:
    """Run the dashboard on a store with that provider; yield its address."""
    port = free_port()
    secrets = store.parent / f"secrets-{port}.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "http://localhost:{port}/oauth2callback"\n'
        f'cookie_secret = "{SECRET}"\nclient_id = "dashboard"\nclient_secret = "word"\n'
        f'server_metadata_url = "{issuer}/.well-known/openid-configuration"\n'
    )
    with dashboard(store, port, "--secrets.files", str(secrets), "--server.address", "localhost"):
        yield f"http://localhost:{port}"


class Session:
    """One WebSocket session, signed in or not; keeps every message it was sent."""

    def __init__(self, url: str, cookies: dict[str, str] | None = None) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, follow_redirects=False, timeout=60)
        self.http.cookies.update(cookies or {})
        self.http.get("/_stcore/health")
        self.http.get("/_stcore/host-config")
        self.received: list[ForwardMsg] = []
        self.id = ""
        self.socket = self._connect()

    def _connect(self) -> ClientConnection:
        jar = {c.name: c.value or "" for c in self.http.cookies.jar}
        token = jar.get("_streamlit_xsrf", "")
        cookie = "; ".join(f"{k}={v}" for k, v in jar.items())
        return connect(
            self.url.replace("http", "ws") + "/_stcore/stream",
            additional_headers={"Cookie": cookie},
            origin=self.url,  # type: ignore[arg-type]
            subprotocols=["streamlit", token, "no-session"] if token else ["streamlit"],  # type: ignore[list-item]
            max_size=None,
            legacy=True,
        )

    def run(
        self,
        page: str = "",
        by_hash: str = "",
        query: str = "",
        opened: Iterable[str] = (),
        **widgets: Any,
    ) -> list[ForwardMsg]:
        """Run a page by its address or its script's hash; return what came until it was done.

        ``opened`` are the ids of what is folded away and was opened; buttons are given True.
        """
        message = BackMsg()
        state = message.rerun_script
        state.query_string = query
        state.page_name = page
        state.page_script_hash = by_hash
        state.widget_states.SetInParent()
        for id_, value in widgets.items():
            one = state.widget_states.widgets.add()
            one.id = id_
            if value is True:
                one.trigger_value = True
            else:
                one.string_value = str(value)
        for id_ in opened:
            one = state.widget_states.widgets.add()
            one.id, one.bool_value = id_, True
        return self.send(message)

    def send(self, message: BackMsg, patience: float = 120) -> list[ForwardMsg]:
        """Send a message; return what came until a script was done, or nothing more came."""
        self.socket.send(message.SerializeToString())
        found: list[ForwardMsg] = []
        end = time.monotonic() + patience
        answered = message.WhichOneof("type") in ("rerun_script", "backend_operation_request")
        quiet = patience if answered else 2.0
        while time.monotonic() < end:
            try:
                raw = self.socket.recv(timeout=quiet)
            except (TimeoutError, ConnectionClosed):
                break
            got = ForwardMsg()
            got.ParseFromString(raw if isinstance(raw, bytes) else raw.encode())
            found.append(got)
            if got.WhichOneof("type") == "new_session":
                self.id = got.new_session.initialize.session_id
            if got.WhichOneof("type") == "backend_operation_response":
                break
            if got.WhichOneof("type") == "script_finished":
                quiet = 0.3 if got.script_finished == 0 else 5.0
        self.received += found
        return found

    def sign_in(self, subject: str) -> Session:
        """Go through the provider as a browser would; return a new session, signed in."""
        first = self.run()
        button = next(
            e for e in elements(first) if e.HasField("button") and "Sign in" in e.button.label
        )
        sent = self.run(**{button.button.id: True})
        to = next(m.auth_redirect.url for m in sent if m.WhichOneof("type") == "auth_redirect")
        asked = self.http.get(to)
        with httpx.Client(timeout=60) as elsewhere:
            agreed = elsewhere.post(asked.headers["location"], data={"sub": subject})
        back = self.http.get(agreed.headers["location"])
        assert back.status_code == 302, back.text
        self.close()
        return Session(self.url, {c.name: c.value or "" for c in self.http.cookies.jar})

    def close(self) -> None:
        """End the session."""
        self.socket.close()


def elements(messages: list[ForwardMsg]) -> list[Any]:
    """Return the elements drawn, in order."""
    return [
        m.delta.new_element
        for m in messages
        if m.WhichOneof("type") == "delta" and m.delta.HasField("new_element")
    ]


def folds(messages: list[ForwardMsg]) -> list[str]:
    """Return the ids of what is drawn when it is opened."""
    blocks = [m.delta.add_block for m in messages if m.WhichOneof("type") == "delta"]
    return [i for b in blocks for i in (b.popover.id, b.expandable.id) if i]


def kinds(messages: list[ForwardMsg]) -> list[str]:
    """Return of what kind each drawn element is."""
    return [str(e.WhichOneof("type")) for e in elements(messages)]


def texts(messages: list[ForwardMsg]) -> list[str]:
    """Return every text of every field of every message, Arrow tables and JSON taken apart."""
    found: list[str] = []
    for message in messages:
        # What the page is made of says nothing of the data.
        if message.WhichOneof("type") not in ("navigation", "new_session", "page_config_changed"):
            _gather(message, found)
    return found


def _gather(message: Message, found: list[str]) -> None:
    for field, value in message.ListFields():
        # A repeated field has a length, as a text has.
        several = (
            value if hasattr(value, "__len__") and not isinstance(value, (str, bytes)) else [value]
        )
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for one in several.values() if hasattr(several, "values") else several:
                if isinstance(one, Message):
                    _gather(one, found)
                else:
                    found.append(str(one))
        elif field.type == FieldDescriptor.TYPE_STRING:
            found += [str(v) for v in several]
        elif field.type == FieldDescriptor.TYPE_BYTES:
            for v in several:
                found += _table(bytes(v))


def _table(raw: bytes) -> list[str]:
    try:
        table = pa.ipc.open_stream(raw).read_all()
    except pa.ArrowInvalid:
        return [raw.decode("utf-8", "replace")]
    return [str(v) for column in table.columns for v in column.to_pylist()]
