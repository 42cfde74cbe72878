"""OpenRLHF: `prompt`, `chosen` and `rejected` as lists of messages, for its reward and DPO trainers.

Its command line has no KTO trainer; SFT rows are those of TRL.
"""

from __future__ import annotations

from collections.abc import Iterator

from rejoinder.preference.export.messages import Row, prompt, said
from rejoinder.preference.export.tally import Tally
from rejoinder.records import PreferenceExample


def rows(example: PreferenceExample) -> Iterator[tuple[str, Row]]:
    """The row of a pair; other examples have none."""
    if example.kind == "pair":
        yield "preference", {"prompt": prompt(example), "chosen": [said(example.chosen)], "rejected": [said(example.rejected)]}


def companions(tally: Tally) -> dict[str, str]:
    """A page with the flags that read these rows."""
    return {"README.md": _PAGE} if tally.has("pair") else {}


_PAGE = """# For OpenRLHF

```sh
python -m openrlhf.cli.train_dpo ... --data.prompt_key prompt --data.chosen_key chosen \\
  --data.rejected_key rejected --data.apply_chat_template --data.max_len 1024
```

Name the folder `preference` beside this page as the dataset; it holds `train.jsonl` and, where anything was held out,
`test.jsonl`.

`prompt` and the answers are concatenated before the template is applied. The default `--data.max_len` is 512:
see `../lengths.json`.
"""
