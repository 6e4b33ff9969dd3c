"""A visit to a running dashboard without a browser: the same WebSocket, the same messages."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

FINISHED = ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY
_WORDS = {"markdown": "body", "heading": "body", "alert": "body", "exception": "message"}


@dataclass
class Drawn:
    """One run of a page: what it said, how long it took, what could be changed on it."""

    seconds: float
    words: tuple[str, ...]
    errors: tuple[str, ...]
    boxes: dict[str, tuple[str, tuple[str, ...]]]
    frames: list[bytes] = field(default_factory=list)


class Visit:
    """One session. ``frames`` of each run are kept where ``keep`` is asked for."""

    def __init__(self, connection: ClientConnection, keep: bool = False) -> None:
        self._connection, self._keep = connection, keep
        self._chosen: dict[str, tuple[str, ...]] = {}

    @staticmethod
    async def to(address: str, *, keep: bool = False, **options: Any) -> Visit:
        """Open a session with the dashboard at ``http://HOST:PORT``."""
        stream = address.replace("http", "ws", 1) + "/_stcore/stream"
        connection = await connect(
            stream,
            origin=address,  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=None,
            ping_interval=None,
            **options,
        )
        return Visit(connection, keep)

    async def close(self) -> None:
        """Leave."""
        await self._connection.close()

    async def page(self, name: str, query: str = "", script: str = "") -> Drawn:
        """Open a page by its name, or by the hash of its script, as a link or the menu does."""
        self._chosen.clear()
        return await self._run(name, query, script)

    async def choose(self, name: str, boxes: dict[str, tuple[str, ...]]) -> Drawn:
        """Set multiselects, by their ids, and have the page drawn again."""
        self._chosen |= boxes
        return await self._run(name)

    async def _run(self, name: str, query: str = "", script: str = "") -> Drawn:
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_name = name
        message.rerun_script.page_script_hash = script
        for box, options in self._chosen.items():
            state = message.rerun_script.widget_states.widgets.add()
            state.id = box
            state.string_array_value.data.extend(options)
        began = time.perf_counter()
        await self._connection.send(message.SerializeToString())
        words: list[str] = []
        errors: list[str] = []
        boxes: dict[str, tuple[str, tuple[str, ...]]] = {}
        frames: list[bytes] = []
        while True:
            raw = await self._connection.recv(decode=False)
            if self._keep:
                frames.append(raw)
            told = ForwardMsg()
            told.ParseFromString(raw)
            kind = told.WhichOneof("type")
            if kind == "new_session":  # a run that was begun anew draws everything again
                words.clear()
                errors.clear()
            elif kind == "script_finished" and told.script_finished == FINISHED:
                took = time.perf_counter() - began
                return Drawn(took, tuple(words), tuple(errors), boxes, frames)
            elif kind == "delta" and told.delta.WhichOneof("type") == "new_element":
                element = told.delta.new_element
                part = str(element.WhichOneof("type"))
                if part in _WORDS:
                    text = getattr(getattr(element, part), _WORDS[part])
                    words.append(text)
                    failed = part == "alert" and element.alert.format == Alert.Format.ERROR
                    if failed or part == "exception":
                        errors.append(text)
                elif part == "multiselect":
                    found = element.multiselect
                    boxes[found.label] = (found.id, tuple(found.options))
