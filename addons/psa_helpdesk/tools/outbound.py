"""One call over HTTP to an address somebody typed: never inside, never longer than it may last."""

import http.client
import json
import queue
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..core import webhook

ANSWER_BYTES = 2048
# Of the addresses of a name, so many are tried.
ADDRESSES = 3


class CallError(Exception):
    """The call did not get an answer; ``code`` says why."""

    def __init__(self, code, detail=""):
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Answer:
    status: int
    text: str


def resolve(host, port, timeout, allowed=()):
    """Return the IP addresses of a name; each of them must be one that may be reached.

    Who looks once and connects to the same addresses later is not fooled by a name that changes meanwhile.
    """
    answers = queue.SimpleQueue()

    def look_up():
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    # The system's own look-up takes as long as it likes; whoever waits for it does not.
    threading.Thread(target=look_up, daemon=True).start()
    try:
        found = answers.get(timeout=timeout)
    except queue.Empty as error:
        raise CallError("timeout", str(timeout)) from error
    if isinstance(found, Exception):
        raise CallError("unknown_host", str(found)) from found
    addresses = list(dict.fromkeys(entry[4][0] for entry in found))
    for address in addresses:
        if not webhook.may_reach(address, allowed):
            raise CallError("forbidden", address)
    return addresses[:ADDRESSES]


def _connect(addresses, port, deadline):
    """Return a connection to one of the addresses; one that is silent leaves the others their share of the time."""
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        try:
            return socket.create_connection((address, port), timeout=_remaining(deadline) / left)
        except OSError:
            if left == 1:
                raise
    return None


def _remaining(deadline):
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    return remaining


def post(url, body, headers, timeout, allowed=()):
    """Send a body and return the answer; redirects are not followed.

    :param timeout: seconds the whole call may take, however slowly the other side drips its answer
    :param allowed: networks that may be reached although they are not public
    """
    fault = webhook.address_fault(url)
    if fault:
        raise CallError(fault, url)
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    deadline = time.monotonic() + timeout
    addresses = resolve(parts.hostname, port, timeout, allowed)
    connection = http.client.HTTPConnection(parts.hostname, port, timeout=timeout)
    expired = threading.Event()
    open_socket = None

    def cut():
        expired.set()
        if open_socket:
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)

    watchdog = threading.Timer(max(0, deadline - time.monotonic()), cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        open_socket = _connect(addresses, port, deadline)
        open_socket.settimeout(_remaining(deadline))
        if secure:
            open_socket = ssl.create_default_context().wrap_socket(
                open_socket, server_hostname=parts.hostname, do_handshake_on_connect=False
            )
            open_socket.do_handshake()
        connection.sock = open_socket
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=headers)
        response = connection.getresponse()
        text = response.read(ANSWER_BYTES).decode("utf-8", "replace")
        if expired.is_set():
            raise CallError("timeout", str(timeout))
        return Answer(response.status, text)
    except TimeoutError as error:
        raise CallError("timeout", str(timeout)) from error
    except ssl.SSLCertVerificationError as error:
        raise CallError("certificate", error.verify_message or str(error)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        if expired.is_set():
            raise CallError("timeout", str(timeout)) from error
        raise CallError("no_answer", str(error) or type(error).__name__) from error
    finally:
        watchdog.cancel()
        connection.close()
        if open_socket:
            with suppress(OSError):
                open_socket.close()


def encode(payload):
    """Return what is sent: the same bytes for the same content."""
    return json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
