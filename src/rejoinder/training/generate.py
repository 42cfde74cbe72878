"""A local model as a policy: batches of conversations in, one answer each out; greedy, or sampled from a seed.

Serves no network; for big models and many prompts take a server and its endpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rejoinder.records import Message
from rejoinder.training.models import device, load_model, load_tokenizer


@dataclass(frozen=True)
class LocalPolicy:
    """Answers prompts with a model from a folder, an adapter's folder or the hub; the same call gives the same answers.

    Sampling and padding work by batch, so other companions in a batch may change an answer.
    """

    model: str
    adapter: str | None = None
    """A LoRA adapter's folder; its base is `model`, or where `model` is itself an adapter, that model merged."""
    max_tokens: int = 256
    """Most tokens of an answer."""
    temperature: float = 0.0
    """0 takes the likeliest token each time."""
    seed: int = 0
    batch: int = 8
    max_prompt: int = 3_072
    """Tokens of a prompt; what is longer loses its beginning."""

    def __call__(self, prompts: Sequence[Sequence[Message]]) -> list[str]:
        """One answer for each prompt, in order; prompts are messages that end in a user's.

        Raises:
            UsageError: the extra `train` is missing, or the model cannot be loaded.
        """
        order = sorted(range(len(prompts)), key=lambda i: sum(len(m.content) for m in prompts[i]))  # little padding
        answers: dict[int, str] = {}
        for start in range(0, len(order), self.batch):
            chosen = order[start : start + self.batch]
            answers |= zip(chosen, self._answers([prompts[i] for i in chosen], start), strict=True)
        return [answers[i] for i in range(len(prompts))]

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        machine = device()
        tokenizer = load_tokenizer(self.adapter or self.model)
        tokenizer.padding_side = tokenizer.truncation_side = "left"
        model = load_model(self.model, bf16=machine.name != "cpu" and machine.bf16)
        if self.adapter is not None:
            from peft import PeftModel  # noqa: PLC0415

            model = PeftModel.from_pretrained(model, self.adapter).merge_and_unload()
        return model.to(machine.name).eval(), tokenizer

    def _answers(self, prompts: Sequence[Sequence[Message]], start: int) -> list[str]:
        import torch  # noqa: PLC0415

        model, tokenizer = self._loaded
        chats = [[{"role": m.role, "content": m.content} for m in prompt] for prompt in prompts]
        options: dict[str, Any] = {"padding": True, "truncation": True, "max_length": self.max_prompt}
        inputs = tokenizer.apply_chat_template(
            chats, add_generation_prompt=True, return_dict=True, return_tensors="pt", **options
        ).to(model.device)
        sampling = {"do_sample": True, "temperature": self.temperature} if self.temperature > 0 else {"do_sample": False}
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(self.seed * 1_000_003 + start)
            made = model.generate(**inputs, **sampling, max_new_tokens=self.max_tokens, pad_token_id=tokenizer.pad_token_id)
        texts = tokenizer.batch_decode(made[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        return [text.strip() for text in texts]
