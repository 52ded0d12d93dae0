"""Status: what is known of a pod, as Kubernetes would show it to people and programs."""
