"""Axolotl: DPO by the model's chat template, KTO in ChatML, SFT with the loss on the last answer only, and YAML to start from.

Its KTO loader knows no chat template: earlier turns are joined by ChatML's marks inside `prompt`, so `chatml.ultra` renders
the whole conversation.
"""

from __future__ import annotations

from collections.abc import Iterator

from rejoinder.preference.export.messages import Row, completion, prompt, said, system_and_turns
from rejoinder.preference.export.tally import Tally
from rejoinder.records import PreferenceExample


def rows(example: PreferenceExample) -> Iterator[tuple[str, Row]]:
    """The row of an example and the set it belongs to: `dpo`, `kto` or `sft`."""
    if example.kind == "pair":
        yield "dpo", {"messages": prompt(example), "chosen": said(example.chosen), "rejected": said(example.rejected)}
    elif example.kind == "unpaired":
        system, turns = system_and_turns(example)
        row = {"system": system, "prompt": chatml(turns), "completion": completion(example)}
        yield "kto", {**row, "label": example.chosen is not None}
    else:
        earlier = [{**m, "train": False} for m in prompt(example)]
        yield "sft", {"messages": [*earlier, {**said(example.chosen), "train": True}]}


def chatml(turns: list[Row]) -> str:
    """The turns as ChatML, without the opening of the first user message and the end of the last: the loader adds these."""
    first, *others = turns or [{"content": ""}]
    return str(first["content"]) + "".join(f"<|im_end|>\n<|im_start|>{m['role']}\n{m['content']}" for m in others)


def companions(tally: Tally) -> dict[str, str]:
    """One YAML per set that has rows."""
    weights = tally.weights
    kto = _KTO.format(good=weights.desirable_weight, bad=weights.undesirable_weight)
    recipes = (("dpo", "pair", _DPO), ("kto", "unpaired", kto), ("sft", "sft", _SFT))
    return {
        f"{name}.yaml": text + (_HELD_OUT.format(name=name) if tally.has(kind, "held_out") else "")
        for name, kind, text in recipes
        if tally.has(kind, "train")
    }


_DPO = """# Run in this folder: axolotl train dpo.yaml
base_model: CHANGE-ME/your-model
rl: dpo
datasets:
  - path: ./dpo/train.jsonl
    ds_type: json
    split: train
    type: chat_template.default
    field_messages: messages
    field_chosen: chosen
    field_rejected: rejected
    message_property_mappings: {role: role, content: content}
    roles: {user: [user], assistant: [assistant], system: [system]}
sequence_len: 1024
output_dir: ./dpo-out
"""
_KTO = """# Run in this folder: axolotl train kto.yaml. The rows are ChatML: use a model that was trained with it.
base_model: CHANGE-ME/your-model
rl: kto
rl_beta: 0.1
kto_desirable_weight: {good}
kto_undesirable_weight: {bad}
remove_unused_columns: false
datasets:
  - path: ./kto/train.jsonl
    ds_type: json
    split: train
    type: chatml.ultra
sequence_len: 1024
output_dir: ./kto-out
"""
_SFT = """# Run in this folder: axolotl train sft.yaml. Only the last answer of each conversation is learnt (`train: true`).
base_model: CHANGE-ME/your-model
datasets:
  - path: ./sft/train.jsonl
    ds_type: json
    split: train
    type: chat_template
    field_messages: messages
    message_property_mappings: {role: role, content: content}
    roles_to_train: []
    train_on_eos: turn
    message_field_training: train
sequence_len: 1024
output_dir: ./sft-out
"""
_HELD_OUT = "# Held-out rows: ./{name}/test.jsonl (list them under test_datasets, with the same type).\n"
