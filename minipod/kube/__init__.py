"""Kubernetes manifests: from text to the same model that a pod file makes. Imported only when a manifest is read."""
