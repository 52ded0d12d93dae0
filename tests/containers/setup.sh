#!/usr/bin/env bash
# setup.sh DIR: makes real containers (podman and runc) usable on a Debian 12 machine, as root, with or without systemd.
# Idempotent. Debian packages only; all configuration, images and state live below DIR. Then:
#     . DIR/env.sh       podman works, and python:3.11-slim is there without any registry
#     containers_down    stops what runs there and removes DIR
#
# It must never write to /etc, /var/lib/containers or any other configuration of the machine's owner, never ask an
# image registry, never start a daemon.
set -euo pipefail
dir=${1:?usage: setup.sh DIR}
here=$(dirname "$(readlink -f "$0")")
fail() { echo "cannot set up containers: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "this needs root"
command -v apt-get >/dev/null || fail "this needs a Debian with apt-get"

# netavark is never used (no container here has a network), it fills podman's dependency at the least size.
packages="podman runc conmon netavark catatonit busybox-static python3 python3-pip libpython3-dev ca-certificates"
install_missing() {
  local missing='' p
  for p in $packages; do
    dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null | grep -q '^ii' || missing="$missing $p"
  done
  [ -n "$missing" ] || return 0
  local apt="apt-get -o DPkg::Lock::Timeout=300 -q -y"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  $apt install --no-install-recommends $missing || { $apt update && $apt install --no-install-recommends $missing; }
}
install_missing || fail "apt-get could not install $packages"

mkdir -p "$dir"/{tmp,copy,run,storage,networks,volumes}
dir=$(readlink -f "$dir")
# podman asks for 1048576 files unless told otherwise, which needs CAP_SYS_RESOURCE where the hard limit is lower.
files=$(ulimit -Hn)
if [ "$files" = unlimited ] || [ "$files" -gt 4096 ]; then files=4096; fi

cat > "$dir/containers.conf" <<END
[containers]
default_ulimits = ["nofile=$files:$files", "nproc=4096:4096"]
netns = "none"
log_driver = "k8s-file"
init_path = "/usr/bin/catatonit"
[engine]
runtime = "runc"                # Debian's crun refuses the mixed cgroups of some machines
cgroup_manager = "cgroupfs"     # works without systemd
events_logger = "file"
lock_type = "file"
tmp_dir = "$dir/tmp"
image_copy_tmp_dir = "$dir/copy"
volume_path = "$dir/volumes"
image_default_transport = "containers-storage:"
[network]
network_backend = "netavark"
network_config_dir = "$dir/networks"
END
cat > "$dir/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$dir/storage"
runroot = "$dir/run"
END
# An image that is not here fails at once instead of being asked for elsewhere.
cat > "$dir/registries.conf" <<'END'
unqualified-search-registries = []
short-name-mode = "disabled"
END
cat > "$dir/env.sh" <<END
export CONTAINERS_DIR=$dir CONTAINERS_CONF=$dir/containers.conf
export CONTAINERS_STORAGE_CONF=$dir/storage.conf CONTAINERS_REGISTRIES_CONF=$dir/registries.conf
containers_down() {
  podman rm --force --all --time 0
  podman umount --force --all
  umount $dir/storage/overlay
  rm -rf --one-file-system $dir
} >/dev/null 2>&1
END

# shellcheck disable=SC1091
. "$dir/env.sh"
image=docker.io/library/python:3.11-slim
podman image exists "$image" ||
  "$here/base.sh" | podman import --quiet --change "ENV PIP_CERT=/etc/ssl/trusted-by-the-machine.pem" - "$image" ||
  fail "the base image could not be made"
