"""What a pod's host is called (spec.md section 14). Pure: it must never ask what this host is called."""

MOST = 63  # of a label
MOST_LONG = 64  # the kernel's own limit
CLUSTER_DOMAIN = "cluster.local"  # of nearly every cluster


def truncate(name: str) -> str:
    """What of a name the kernel takes; it does not end with ``-`` or ``.``."""
    return name if len(name) <= MOST else name[:MOST].rstrip("-.")


def name_and_domain(
    pod: str,
    namespace: str,
    *,
    hostname: str = "",
    subdomain: str = "",
    override: str | None = None,
    cluster: str = CLUSTER_DOMAIN,
) -> tuple[str, str]:
    """The host's name, and its domain, "" for none. The names are right ones; ``override`` goes before all others."""
    if override:
        return truncate(override), ""
    domain = f"{subdomain}.{namespace}.svc.{cluster}" if subdomain else ""
    return truncate(hostname or pod), domain


def names(host: str, domain: str) -> tuple[str, ...]:
    """As a line of /etc/hosts has them: the long one first, if there is one."""
    return (f"{host}.{domain}", host) if domain else (host,)
