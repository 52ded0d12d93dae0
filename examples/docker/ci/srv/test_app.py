"""What the application promises, asked over HTTP."""

import json
import socket
import time
import unittest
from urllib.request import urlopen

URL = "http://127.0.0.1:8000/"


def wait_for_app(seconds=30):
    """Returns once the application listens. It was started before, but that is all that is known."""
    end = time.monotonic() + seconds
    while True:
        try:
            return socket.create_connection(("127.0.0.1", 8000)).close()
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


class NotesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        wait_for_app()

    def test_what_is_added_is_listed(self):
        urlopen(URL, data=b"buy milk").close()
        with urlopen(URL) as answer:
            self.assertEqual(json.load(answer), ["buy milk"])


if __name__ == "__main__":
    unittest.main()
