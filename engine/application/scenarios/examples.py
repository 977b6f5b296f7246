"""One example for every key of a scenario file, as a designer writes it: what an editor shows. See `engine.sop.examples`."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final[dict[str, dict[str, str]]] = {
    "Scenario": {
        "scenario": "consent-withdrawn",
        "title": "{en: Consent is withdrawn, fr: Le consentement est retiré}",
        "sop": "adult-return",
        "procedure": "../sops/adult-return.yaml",
        "from": "FR",
        "to": "AL",
        "actors": "[sample-fr, sample-al]",
        "launch": '{at: "2026-03-02T09:00:00+01:00", as: case_manager}',
        "like": "adult-return-fr-al",
        "until": '"2026-05-20T09:00:00+02:00"',
        "falls_due": "as_told",
        "harm": "{safeguard: consent-before-departure, lies: in_the_last_event}",
        "events": "[{expect: {steps: [counselling]}}]",
    },
    "Launch": {
        "at": '"2026-03-02T09:00:00+01:00"',
        "as": "case_manager",
        "facts": '{is_child: "false"}',
        "actors": "{receiving_worker: al-receiving-worker}",
    },
    "Harm": {
        "safeguard": "consent-before-departure",
        "lies": "in_the_last_event",
    },
    "Event": {
        "at": '"2026-05-20T10:00:00+02:00"',
        "as": "fr-case-manager",
        "record": "informed_consent.return",
        "act": "request_return",
        "ack": "travel",
        "assign": "{receiving_worker: al-second-worker}",
        "correct": "12",
        "sweep": "true",
        "fire": "no_word",
        "expect": "{steps: [assessment], outcome: null}",
        "with": "{decision: consents, signed_on: 2026-03-02}",
        "step": "counselling",
        "note": "By telephone",
        "why": "Recorded for the wrong case",
        "refused": "requirements",
        "because": "[Consent to return]",
    },
    "Expectation": {
        "steps": "[acceptance, consulate_request]",
        "outcome": "returned",
        "told": "[{kind: your_turn, role: case_manager}]",
        "silent": "[AL]",
        "heard": "{fr-case-manager: [your_turn]}",
        "withheld": "[consulate]",
    },
    "ToldTo": {
        "kind": "your_turn",
        "role": "case_manager",
    },
}
