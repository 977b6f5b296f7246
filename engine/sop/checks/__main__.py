"""Writes docs/reference/checks.md: every check, why it is there, and an example that the tests run."""

from __future__ import annotations

from engine.sop.checks import CHECKS


def reference() -> str:
    """Return the page of all checks."""
    head = (
        "# The checks\n\nWhat `passerelle sop check` looks for, beside the form of the file (docs/reference/diagnostics.md). "
        "Each example is a part of a procedure,\nand is run by the tests: the first is told this code, the second nothing.\n\n"
        "<!-- made by `python -m engine.sop.checks > docs/reference/checks.md`; a test compares -->\n"
    )
    return head + "".join(
        f"\n## {one.code} {one.title}\n\n{one.reason} ({one.severity})\n\nWrong:\n\n```yaml\n{one.bad}```\n\nRight:\n\n"
        f"```yaml\n{one.good}```\n"
        for one in sorted(CHECKS, key=lambda check: check.code)
    )


if __name__ == "__main__":
    print(reference(), end="")
