"""What an API server adds to every pod is left out."""

import pytest

from minipod.errors import ConfigError

HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n"
TOKEN = """
  volumes:
  - {name: mine, emptyDir: {}}
  - name: kube-api-access-x7k2q
    projected: {sources: [{serviceAccountToken: {path: token}}, {configMap: {name: kube-root-ca.crt}}]}
  containers:
  - name: a
    command: [b]
    volumeMounts:
    - {name: kube-api-access-x7k2q, mountPath: /var/run/secrets/kubernetes.io/serviceaccount}
    - {name: mine, mountPath: /mine}
"""


def test_the_token_that_a_cluster_adds_is_left_out(read):
    reading = read(HEAD + TOKEN.lstrip("\n"))
    assert [volume.name for volume in reading.pod.volumes] == ["mine"]
    assert [mount.volume for mount in reading.pod.units[0].mounts] == ["mine"]
    assert [problem.message for problem in reading.warnings] == ["the token for the API server is left out"]


def test_the_token_of_old_clusters_is_left_out(read):
    name = "default-token-x7k2q"
    text = TOKEN.replace("kube-api-access-x7k2q", name)
    lines = text.splitlines(keepends=True)
    lines[4] = f"    secret: {{secretName: {name}, defaultMode: 420}}\n"
    reading = read(HEAD + "".join(lines).lstrip("\n"))
    assert [volume.name for volume in reading.pod.volumes] == ["mine"]
    assert [problem.message for problem in reading.warnings] == ["the token for the API server is left out"]


def test_a_secret_that_only_has_such_a_name_stays(read):
    volume = "volumes: [{name: my-token-x7k2q, secret: {secretName: my-token-x7k2q}}]"
    mounts = "[{name: my-token-x7k2q, mountPath: /etc/token}]"
    text = f"{HEAD}  {volume}\n  containers: [{{name: a, command: [b], volumeMounts: {mounts}}}]\n"
    assert [each.name for each in read(text).pod.volumes] == ["my-token-x7k2q"]


def test_nothing_is_said_of_a_token_that_is_only_spoken_of(read):
    assert read(f"{HEAD}  containers: [{{name: a, command: [ls, kube-api-access-abcde]}}]\n").warnings == ()


def test_what_a_token_is_left_out_of_keeps_its_places(read):
    text = HEAD + TOKEN.lstrip("\n").replace("name: mine, mountPath: /mine", "name: nine, mountPath: /mine")
    with pytest.raises(ConfigError) as caught:
        read(text)
    places = [(problem.place.line, problem.message) for problem in caught.value.problems]
    assert (14, "no volume is called `nine`") in places
