#!/usr/bin/env bash
# base.sh: writes to stdout a tar of a root file system that stands in for the image python:3.11-slim: Python 3 with pip,
# headers and no compiler, on a Debian with a working apt. It is made of the machine's own installed Debian packages and
# of their part of dpkg's database, so nothing is downloaded and no registry is asked.
#
# It must never write outside its own throw-away directory, nor take users, keys or package sources that are not Debian's
# from the machine.
set -euo pipefail
shopt -s nullglob

here=$(mktemp -d)
trap 'rm -rf --one-file-system "$here"' EXIT
root=$here/root

wanted="apt mawk ca-certificates debian-archive-keyring netbase python3 python3-pip"
closure() {
  # shellcheck disable=SC2046,SC2086
  apt-cache depends --recurse --installed --important \
    $wanted $(dpkg-query -W -f '${Essential} ${Package}\n' | sed -n 's/^yes //p') |
    grep -oE '^[a-z0-9][a-z0-9.+-]*(:[a-z0-9]+)?' | sort -u
}
installed() { # of the names on stdin, those that dpkg knows as installed
  xargs dpkg-query -W -f '${db:Status-Abbrev}${binary:Package}\n' 2>/dev/null | sed -n 's/^ii *//p' | sort -u || true
}
closure | installed > "$here/packages"
mapfile -t packages < "$here/packages"

# Debian merged /bin, /lib and /sbin into /usr; dpkg's lists still name some files by the old paths.
{
  dpkg-query -L "${packages[@]}"
  find /usr/include/python3* /usr/include/*-linux-gnu/python3* # the image has the headers, and not from a package
  for p in "${packages[@]}"; do
    printf '%s\n' /var/lib/dpkg/info/"${p%%:*}".* /var/lib/dpkg/info/"$p".*
  done
  printf '%s\n' /bin /sbin /lib /lib64 /etc/ssl/certs/ca-certificates.crt \
    /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources
} | grep '^/' | grep -vE '^/usr/share/(doc|man|locale|lintian|info)/|^/\.$' |
  sed -E 's#^/(bin|sbin|lib|lib64)/#/usr/\1/#' | sort -u |
  while read -r path; do
    if [ -e "$path" ] || [ -L "$path" ]; then echo "${path#/}"; fi
  done > "$here/paths"

mkdir -p "$root"/{dev,proc,sys,run,root,tmp,usr/local/bin,var/tmp,etc/alternatives,var/lib/dpkg/{info,alternatives,updates}}
tar -C / -c --no-recursion -T "$here/paths" | tar -C "$root" -x
chmod 1777 "$root/tmp" "$root/var/tmp"
dpkg-query -s "${packages[@]}" > "$root/var/lib/dpkg/status"
cp /usr/share/base-passwd/passwd.master "$root/etc/passwd"
cp /usr/share/base-passwd/group.master "$root/etc/group"

# What no package contains, because its maintainer script writes it, and what others' maintainer scripts need.
for kind in auth account password session; do
  echo "$kind required pam_permit.so" > "$root/etc/pam.d/common-$kind"
done
(cd "$root/usr/share/ca-certificates" && find . -name '*.crt' -printf '%P\n') > "$root/etc/ca-certificates.conf"
# The machine may trust more than Debian does: a file of its own, so that no update rewrites it.
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/trusted-by-the-machine.pem"
# As the image has it: nothing that is thrown away after a power cut needs to be synced, nor a list translated.
echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
echo 'Acquire::Languages "none";' > "$root/etc/apt/apt.conf.d/no-languages"
ln -sf python3 "$root/usr/bin/python"
ln -sf mawk "$root/usr/bin/awk"
# In the real image pip may install next to the interpreter.
rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
tar -C "$root" -c .
