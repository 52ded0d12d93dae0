"""An adapter: the application's own words at /status, asked anew for each request, as Prometheus' text at /metrics.

    python3 adapter.py --of PORT [--port PORT]

It must never make up a number: when the application does not answer, app_up is 0 and there is nothing else.
"""

import argparse
import re

from serving import Handler, ask, serve

# Their name: ours, how it is measured, what one of theirs is of ours, what it means.
METRICS = {
    "answered": ("app_requests_total", "counter", 1, "Requests answered, by status."),
    "received-kb": ("app_received_bytes_total", "counter", 1000, "Bytes that came with requests."),
    "busy-ms": ("app_busy_seconds_total", "counter", 0.001, "Time spent answering."),
}
LINE = re.compile(r"(\S+)(?: (\d+))? = (\S+)")


def translate(status: str) -> str:
    """Prometheus' text from the application's; what it does not know is left out."""
    samples: dict[str, list[str]] = {}
    for name, label, value in LINE.findall(status):
        if name in METRICS:
            metric, _, factor, _ = METRICS[name]
            labels = f'{{code="{label}"}}' if label else ""
            samples.setdefault(name, []).append(f"{metric}{labels} {float(value) * factor!r}")
    return up(1) + "".join(head(name) + "\n".join(lines) + "\n" for name, lines in samples.items())


def head(name: str) -> str:
    metric, kind, _, meaning = METRICS[name]
    return f"# HELP {metric} {meaning}\n# TYPE {metric} {kind}\n"


def up(value: int) -> str:
    return f"# HELP app_up Whether the application answers.\n# TYPE app_up gauge\napp_up {value}\n"


class Adapter(Handler):
    of = 0

    def do_GET(self) -> None:
        if self.path != "/metrics":
            return self.answer(404, "there is only /metrics\n")
        try:
            status, words = ask(self.of, "/status")
        except OSError:
            status, words = 0, ""
        text = translate(words) if status == 200 else up(0)
        self.answer(200, text, "text/plain; version=0.0.4; charset=utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--of", type=int, required=True, metavar="PORT")
    parser.add_argument("--port", type=int, default=9102)
    options = parser.parse_args()
    Adapter.of = options.of
    serve(Adapter, options.port)
