"""``python -m pages serve``: the dashboard, after asking whether it may be served there."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

from data.errors import UserError
from data.store import Store
from pages.parts import access

DASHBOARD = Path(__file__).parents[1] / "dashboard.py"
PORT, ADDRESS = 8501, "localhost"


def action(args: argparse.Namespace) -> None:
    """Serve the dashboard until it is stopped.

    Raises ``UserError`` before any port is opened: where nobody signs in and the address is not this
    computer's alone, where sign-in is not set up whole, and where the port is taken.
    """
    root = Store(args.store).root.absolute()
    # Settings and secrets are looked for beside the dashboard, wherever the command is run.
    os.chdir(DASHBOARD.parent)
    access.refuse_address(args.address, Store(root).settings)
    _refuse_taken(args.address, args.port)
    os.environ["CIT_STORE"] = str(root)
    options = [f"--server.port={args.port}", f"--server.address={args.address}"]
    options += [f"--server.allowedHosts={host}" for host in access.hosts(args.address)]
    _run(["run", str(DASHBOARD), *options])


def _refuse_taken(address: str, port: int) -> None:
    if not 0 < port < 65536:
        raise UserError(f"--port {port}: a port is a number from 1 to 65535")
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    except OSError:
        raise UserError(f"--address {address}: no such address on this computer") from None
    for family, kind, protocol, _, place in found[:1]:
        with socket.socket(family, kind, protocol) as tried:
            if os.name != "nt":
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(place)
            except OSError as error:
                raise UserError(
                    f"--address {address} --port {port}: cannot be served ({error.strerror});"
                    " give another --port"
                ) from None


def _run(arguments: list[str]) -> None:
    from streamlit.web import cli  # slow to import: not before there is something to serve

    sys.argv = ["streamlit", *arguments]
    cli.main(arguments)
