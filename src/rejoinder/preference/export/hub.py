"""A folder that is ready for the Hugging Face hub: one configuration per kind of data, and a card with counts and limits.

Uploads nothing and chooses no licence. Holds no provenance: that names users, files and conversations.
"""

from __future__ import annotations

from collections.abc import Iterator

from rejoinder.preference.export import trl
from rejoinder.preference.export.messages import Row
from rejoinder.preference.export.tally import SPLITS, Tally
from rejoinder.records import PreferenceExample

RESTRICTED = {
    "lmsys": "the LMSYS-Chat-1M licence forbids passing the conversations on",
}
"""Sources whose text may not be published, by the name of the format, with the reason."""
LICENCES = {
    "wildchat": "ODC-BY 1.0, as its card says: name WildChat, and pass the licence on",
    "wildfeedback": "ODC-BY, as its card says: derived from WildChat, and partly written by GPT-4",
    "lmsys": "LMSYS-Chat-1M Dataset License Agreement: no redistribution",
}
"""Licences of published logs, by the name of the format; what you export from a tool of your own is your users' text."""


def rows(example: PreferenceExample) -> Iterator[tuple[str, Row]]:
    """The same rows as for TRL, whose formats the hub's viewer and most libraries know."""
    return trl.rows(example)


def companions(tally: Tally) -> dict[str, str]:
    """The dataset card."""
    return {"README.md": f"---\n{_front_matter(tally)}---\n{_body(tally)}"} if tally.kept else {}


_CONFIGS = (("dpo", "pair"), ("reward", "pair"), ("kto", "unpaired"), ("sft", "sft"))
"""Every set that `rows` fills, and the kind of example that it holds."""
_REWARD = "`reward` holds the pairs of `dpo` in another shape: take one of the two.\n\n"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))


def _front_matter(tally: Tally) -> str:
    lines = [
        "# license: choose one that the licences of your logs allow",
        "pretty_name: Preference data mined from user feedback",
    ]
    codes = sorted(code for code in tally.languages if code != "und")
    if codes:
        lines += ["language:", *(f"- '{code}'" for code in codes)]  # quoted: YAML reads a bare `no` as false
    lines += ["size_categories:", f"- {_size(sum(tally.kept.values()))}"]
    lines += ["task_categories:", "- text-generation", "annotations_creators:", "- machine-generated"]
    tags = [name for name, kind in _CONFIGS if tally.has(kind)]
    lines += ["tags:", *(f"- {tag}" for tag in (*tags, "preference", "implicit-feedback", "trl", "rejoinder"))]
    lines.append("configs:")
    for name, kind in _CONFIGS:
        if tally.has(kind):
            lines += [f"- config_name: {name}", "  data_files:"]
            for split, word in SPLITS.items():
                if tally.has(kind, split):
                    lines += [f"  - split: {word}", f"    path: {name}/{word}.jsonl"]
    return "\n".join(lines) + "\n"


def _size(n: int) -> str:
    return next((name for limit, name in _SIZES if n < limit), "n>10M")


def _body(tally: Tally) -> str:
    labellers = ", ".join(f"`{name or 'unknown'}`" for name in sorted(tally.labellers))
    return f"""
# Preference data mined from user feedback

Made by Rejoinder from chat logs: what users said about a model's answers, in the
next turn or by a click, decides which answer is preferred. Nobody wrote or ranked these answers for training, except
where a rule below says so.

## What is in it

{_table(("configuration", "split", "rows"), _kept_lines(tally))}

{_REWARD if tally.has("pair") else ""}{_table(("kind", "rule that admitted it", "examples"), _lines(tally.rules))}

{_read(tally)}A conversation may give several examples, or none.
Examples by source: {_counted(tally.sources)}. By language: {_counted(tally.languages)}. Labelled by: {labellers}.

Answers that models wrote or judged, by prompt: {_counted(+tally.prompts)}. Recipes: {_counted(+tally.recipes)}.

## What was left out

{_table(("kind", "gate", "examples"), _lines(tally.dropped))}

`repeated` examples stand in the set once already; `contradicted` ones stand there with the opposite label, which came first.

Flags on examples that were kept: {_counted(tally.flags)}. Flags are not columns; they stand in the
provenance file of the export.
{_audited(tally)}
## Limits

- The labels are a classifier's or the log's own, with errors; the classifier's measured error stands in the report of the run.
- A mined pair prefers an answer that was written after the complaint to the one before it, and shows it as an answer to
  the first request. arXiv 2507.23158 calls this setting weak and found it a noisy signal: training on user feedback
  helped on short prompts and hurt on hard ones. Compare with a control before you trust a gain.
- Gates against unsafe requests go by the log's own moderation, lists of phrases and a small classifier: not complete.
- Conversation text can hold personal data. Redact before you publish.

## Licence

None is set. It follows from the licences of the logs: put it into the first lines of this file.

{_licences(tally)}
"""


def _read(tally: Tally) -> str:
    read = tally.card.read
    return f"Conversations: {', '.join(f'{n:,} {name}' for name, n in read.items())}. " if read else ""


def _audited(tally: Tally) -> str:
    """The audit's tables; cells are escaped, since they hold names and words of the log."""
    parts = []
    for table in tally.card.tables:
        cells = [[cell.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;") for cell in row] for row in table.rows]
        lines = [table.head, tuple("---" for _ in table.head), *cells]
        parts.append(f"### {table.title}\n\n{table.note}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n## Audit\n\n" + "\n\n".join(parts) + "\n" if parts else ""


def _licences(tally: Tally) -> str:
    unknown = "not known here: look it up where the log comes from"
    return "\n".join(f"- `{source}`: {LICENCES.get(source, unknown)}" for source in sorted(tally.sources))


def _kept_lines(tally: Tally) -> list[tuple[str, str, str]]:
    return [
        (name, word, str(tally.kept[kind, split]))
        for name, kind in _CONFIGS
        for split, word in SPLITS.items()
        if tally.has(kind, split)
    ]


def _lines(counts: dict[tuple[str, str], int]) -> list[tuple[str, str, str]]:
    return [(kind, name, str(n)) for (kind, name), n in sorted(counts.items())]


def _table(head: tuple[str, str, str], lines: list[tuple[str, str, str]]) -> str:
    if not lines:
        return "None."
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ("---", "---", "---:"), *lines))


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))) or "none"
