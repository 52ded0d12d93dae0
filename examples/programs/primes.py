"""Finds primes, and writes each as a line of a log file that is rotated by size, as many programs do by themselves.

    python3 primes.py FILE [--count N] [--every SECONDS] [--max-bytes N] [--keep N]

Ends with 0 after N primes, or at TERM; the last line says how many there were. It must never lose count: what it says
on stdout at its end is what stands in its files.
"""

import argparse
import logging
import logging.handlers
import signal
from collections.abc import Iterator
from itertools import count, islice


def primes() -> Iterator[int]:
    known: list[int] = []
    for number in count(2):
        if all(number % prime for prime in known):
            known.append(number)
            yield number


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--count", type=int, help="as many as there are, if nobody says")
    parser.add_argument("--every", type=float, default=0, metavar="SECONDS")
    parser.add_argument("--max-bytes", type=int, default=16384)
    parser.add_argument("--keep", type=int, default=9)
    options = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    handler = logging.handlers.RotatingFileHandler(
        options.file, maxBytes=options.max_bytes, backupCount=options.keep, encoding="utf-8"
    )
    logging.basicConfig(handlers=[handler], format="%(message)s", level=logging.INFO)
    found = 0
    for prime in islice(primes(), options.count):
        if signal.sigtimedwait({signal.SIGTERM}, options.every):
            break
        found += 1
        logging.info("prime %d is %d", found, prime)
    logging.info("found %d", found)
    print(f"found {found}", flush=True)


if __name__ == "__main__":
    main()
