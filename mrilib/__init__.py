import sys

__version__ = "0.2.0"

# jsonschema, which Altair and nbformat import, would build a grammar for addresses that no figure or notebook has:
# 1.5 s of every kernel's start. Without it jsonschema leaves out the check of the format "iri".
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
