"""A service that finds positions, on this machine: it answers what a test says, and keeps what it was asked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

STOP_LOOK_S = 0.02
"""How often the service looks whether it should stop; the end of a test waits for it."""


class StandIn:
    """What it answers, and with which status; the parameters of each question."""

    def __init__(self) -> None:
        self.answer: Any = []
        self.status = 200
        self.questions: list[dict[str, str]] = []
        self.url = ""


@contextmanager
def geocoding_service() -> Iterator[StandIn]:
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            stand_in.questions.append({name: values[0] for name, values in asked.items()})
            body = stand_in.answer if isinstance(stand_in.answer, bytes) else json.dumps(stand_in.answer).encode()
            self.send_response(stand_in.status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[STOP_LOOK_S], daemon=True)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def of_nominatim(latitude: float, longitude: float, reach: float = 0.001) -> dict[str, Any]:
    """Return a place as Nominatim answers it."""
    box = [latitude - reach, latitude + reach, longitude - reach, longitude + reach]
    return {"lat": str(latitude), "lon": str(longitude), "display_name": "x", "boundingbox": [str(one) for one in box]}


def of_baidu(latitude: float, longitude: float, confidence: int = 80) -> dict[str, Any]:
    """Return an answer of Baidu."""
    place = {"location": {"lng": longitude, "lat": latitude}, "precise": 1, "confidence": confidence, "level": "门址"}
    return {"status": 0, "result": place}
