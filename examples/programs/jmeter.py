"""A stand-in for JMeter: reads a test plan (.jmx), does its HTTP requests, writes each as a line of CSV.

    python3 jmeter.py -n -t PLAN [-l RESULTS] [-Jname=value …]

Of a plan it knows thread groups with loops, HTTP samplers, response assertions and ${__P(name,default)}; anything else
that would change what is asked is refused. 0: all samples were as they should be; 1: some were not; 2: the plan cannot
be run. It must never report a sample that was not made.
"""

import argparse
import csv
import http.client
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

CONTAINS, EQUALS, SUBSTRING = 2, 8, 16  # of a response assertion; the first is a regular expression
FIELDS = "timeStamp elapsed label responseCode threadName success bytes".split()


class Assertion(NamedTuple):
    field: str
    kind: int
    texts: list[str]

    def holds(self, status: int, body: str) -> bool:
        seen = str(status) if self.field == "Assertion.response_code" else body
        if self.kind == EQUALS:
            return all(text == seen for text in self.texts)
        if self.kind == SUBSTRING:
            return all(text in seen for text in self.texts)
        return all(re.search(text, seen) for text in self.texts)


class Sampler(NamedTuple):
    label: str
    method: str
    host: str
    port: int
    path: str
    assertions: list[Assertion]

    def sample(self) -> tuple[int, bool, int]:
        """The status (0: no answer), whether all is well, and how many bytes came."""
        asked = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            asked.request(self.method, self.path)
            reply = asked.getresponse()
            status, body = reply.status, reply.read()
        except (OSError, http.client.HTTPException):
            return 0, False, 0
        finally:
            asked.close()
        text = body.decode(errors="replace")
        return status, status < 400 and all(each.holds(status, text) for each in self.assertions), len(body)


class Group(NamedTuple):
    name: str
    threads: int
    loops: int
    samplers: list[Sampler]


class Plan:
    """What stands in a .jmx. An element's children are in the hashTree that follows it."""

    def __init__(self, path: str, properties: dict[str, str]) -> None:
        self._properties = properties
        tree = ElementTree.parse(path).getroot().find("hashTree")
        if tree is None:
            raise ValueError("it has no hashTree")
        self.groups = [group for plan, inner in self._pairs(tree) for group in self._read_plan(plan, inner)]
        if not any(group.samplers for group in self.groups):
            raise ValueError("it asks for nothing")

    def _pairs(self, tree: Element) -> Iterator[tuple[Element, Element]]:
        row = list(tree)
        for i, element in enumerate(row):
            if element.tag != "hashTree" and element.get("enabled") != "false":
                follows = row[i + 1] if i + 1 < len(row) and row[i + 1].tag == "hashTree" else Element("hashTree")
                yield element, follows

    def _read_plan(self, plan: Element, inner: Element) -> Iterator[Group]:
        self._expect(plan, {"TestPlan"})
        for element, below in self._pairs(inner):
            self._expect(element, {"ThreadGroup", "ResultCollector"})
            if element.tag == "ThreadGroup":
                threads, loops = (
                    int(self._text(element, key)) for key in ("ThreadGroup.num_threads", "LoopController.loops")
                )
                samplers = [self._sampler(*pair) for pair in self._pairs(below) if pair[0].tag != "ResultCollector"]
                yield Group(element.get("testname", "Thread Group"), threads, loops, samplers)

    def _sampler(self, element: Element, below: Element) -> Sampler:
        self._expect(element, {"HTTPSamplerProxy"})
        host, port, path, method = (self._text(element, f"HTTPSampler.{key}") for key in _HTTP)
        assertions = [self._assertion(each) for each, _ in self._pairs(below)]
        label = element.get("testname", path)
        return Sampler(label, method or "GET", host, int(port or 80), path or "/", assertions)

    def _assertion(self, element: Element) -> Assertion:
        self._expect(element, {"ResponseAssertion"})
        texts = element.find("collectionProp[@name='Asserion.test_strings']")  # so it is called
        found = [self._fill(each.text or "") for each in (texts if texts is not None else ())]
        kind = int(self._text(element, "Assertion.test_type") or CONTAINS)
        if kind not in (CONTAINS, EQUALS, SUBSTRING):
            raise ValueError(f"a response assertion of type {kind} is not known here")
        return Assertion(self._text(element, "Assertion.test_field"), kind, found)

    def _text(self, element: Element, name: str) -> str:
        found = element.find(f".//*[@name='{name}']")
        return self._fill((found.text or "").strip()) if found is not None else ""

    def _fill(self, text: str) -> str:
        return re.sub(r"\$\{__P\((\w+),([^)]*)\)\}", lambda found: self._properties.get(found[1], found[2]), text)

    @staticmethod
    def _expect(element: Element, known: set[str]) -> None:
        if element.tag not in known:
            raise ValueError(f"a {element.tag} is not known here")


_HTTP = ("domain", "port", "path", "method")


class Results:
    """The lines, and how many of them are errors."""

    def __init__(self, path: str) -> None:
        self._file = open(path or os.devnull, "w", newline="")
        self._lines = csv.writer(self._file)
        self._lines.writerow(FIELDS)
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self.count = self.errors = 0

    def add(self, sampler: Sampler, thread: str) -> None:
        stamp, began = int(time.time() * 1000), time.monotonic()
        status, is_good, size = sampler.sample()
        elapsed = int((time.monotonic() - began) * 1000)
        with self._lock:
            self.count += 1
            self.errors += not is_good
            good = "true" if is_good else "false"
            self._lines.writerow([stamp, elapsed, sampler.label, status or "none", thread, good, size])

    def close(self) -> None:
        self._file.close()
        took, share = time.monotonic() - self._began, 100 * self.errors / max(self.count, 1)
        print(f"summary = {self.count} in {took:.1f} s, Err: {self.errors} ({share:.2f}%)", flush=True)


def is_told_to_stop() -> bool:
    """Nobody takes the signal, so that all threads see it."""
    return signal.SIGTERM in signal.sigpending()


def run(plan: Plan, results: Results) -> None:
    """All groups at once, each thread its loops, unless told to stop."""

    def work(group: Group, name: str) -> None:
        for _ in range(group.loops):
            for sampler in group.samplers:
                if is_told_to_stop():
                    return
                results.add(sampler, name)

    names = [(group, f"{group.name} 1-{i + 1}") for group in plan.groups for i in range(group.threads)]
    threads = [threading.Thread(target=work, args=each) for each in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", action="store_true", help="there is no window anyway")
    parser.add_argument("-t", required=True, metavar="PLAN")
    parser.add_argument("-l", default="", metavar="RESULTS")
    parser.add_argument("-J", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        plan = Plan(options.t, dict(each.split("=", 1) for each in options.J))
        results = Results(options.l)
    except (OSError, ValueError, ElementTree.ParseError) as problem:
        print(f"cannot run {options.t}: {problem}", file=sys.stderr)
        return 2
    print(f"begins {options.t}", flush=True)
    run(plan, results)
    results.close()
    if is_told_to_stop():
        return 128 + signal.SIGTERM
    return 1 if results.errors else 0


if __name__ == "__main__":
    sys.exit(main())
