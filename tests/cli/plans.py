"""A pod, what it shall become, and what is said of the difference."""

from pathlib import Path

from minipod.commands.compile import compile_pod
from minipod.config.read import read_pod

SHOP = """
[pod]
name = "shop"
labels = {tier = "web"}
[init.seed]
command = ["seed"]
[service.web]
command = ["serve"]
env = {PORT = "80", API_TOKEN = "hunter2"}
[service.db]
command = ["db"]
"""
NEXT = """
[pod]
name = "shop"
labels = {tier = "api"}
[sidecar.proxy]
command = ["proxy", "-p 1"]
[service.web]
command = ["serve", "--fast"]
env = {PORT = "81", API_TOKEN = "hunter3", DEBUG = ""}
stop_signal = "INT"
after = {db = "ready"}
[service.db]
command = ["db"]
"""
SAID = """\
pod shop: 1 unchanged, 1 changed, 1 new, 1 removed
    label tier                 web -> api
+ sidecar proxy  proxy '-p 1'
~ service web
    command                    serve -> serve --fast
    its stop                   SIGTERM to the whole process group; KILL after 10s
                            -> SIGINT to the whole process group; KILL after 10s
    env PORT                   80 -> 81
    env API_TOKEN              … -> …
    env DEBUG                  none -> ''
    after                      none -> db is ready
= service db
- init seed
"""


def raw(text: str, path: Path) -> bytes:
    path.write_text(text)
    return compile_pod(read_pod(str(path)).pod, str(path))
