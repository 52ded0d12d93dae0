"""Presets: what is put into every unit of the pods that a label selector picks (spec.md section 17)."""
