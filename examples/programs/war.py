"""Serves web applications from their archives: /NAME/… out of DIRECTORY/NAME.war, which stays packed.

    python3 war.py DIRECTORY [--port PORT]

Ends with 1 when there is no archive, or one that cannot be read. It must never serve WEB-INF or META-INF, nor anything
that is not in an archive.
"""

import argparse
import mimetypes
import sys
import zipfile
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from serving import Handler, serve

HIDDEN = ("web-inf/", "meta-inf/")


class Application:
    """One archive. Its web.xml may name the welcome files."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path)
        self._names = set(self._archive.namelist())
        self._welcome = self._welcome_files() or ["index.html"]

    def _welcome_files(self) -> list[str]:
        if "WEB-INF/web.xml" not in self._names:
            return []
        document = ElementTree.fromstring(self._archive.read("WEB-INF/web.xml"))
        return [each.text.strip() for each in document.iter() if each.tag.endswith("welcome-file") and each.text]

    def find(self, path: str) -> tuple[str, bytes] | None:
        """The name and the bytes of a file; of a directory its welcome file's."""
        inside = [path] if path and not path.endswith("/") else [path + name for name in self._welcome]
        for name in inside:
            if name in self._names and not name.lower().startswith(HIDDEN):
                return name, self._archive.read(name)
        return None


def load(directory: Path) -> dict[str, Application]:
    """All applications by their names; the one called ROOT by ""."""
    found = {path.stem: Application(path) for path in sorted(directory.glob("*.war"))}
    return {"" if name == "ROOT" else name: application for name, application in found.items()}


class Container(Handler):
    applications: dict[str, Application] = {}

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path).removeprefix("/")
        name, _, inside = path.partition("/")
        if name not in self.applications:
            name, inside = "", path
        application = self.applications.get(name)
        found = application.find(inside) if application else None
        if found is None:
            return self.answer(404, "no such page\n")
        self.answer(200, found[1], mimetypes.guess_type(found[0])[0] or "application/octet-stream")

    do_HEAD = do_GET


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    try:
        Container.applications = load(options.directory)
    except (OSError, zipfile.BadZipFile, ElementTree.ParseError) as problem:
        print(f"cannot read an archive in {options.directory}: {problem}", file=sys.stderr)
        return 1
    if not Container.applications:
        print(f"there is no .war in {options.directory}", file=sys.stderr)
        return 1
    print("deployed", *(f"/{name}" for name in Container.applications), flush=True)
    serve(Container, options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
