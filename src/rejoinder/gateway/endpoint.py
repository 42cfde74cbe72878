"""Where a model is found, and how hard it may be pressed. Holds no key: only the name of the variable that does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rejoinder.addresses import OPENAI_KEY, check_address


@dataclass(frozen=True)
class Endpoint:
    """One model on one OpenAI-compatible server."""

    model: str
    """As the server names it."""
    base_url: str
    """Up to and with the version, such as `http://127.0.0.1:8080/v1`."""
    key_variable: str = OPENAI_KEY
    """Environment variable that holds the key; servers on loopback need none."""
    in_flight: int = 64
    """Most requests under way at once; fewer while the server says that it is too much."""
    timeout: float = 600.0
    """Seconds that one attempt may take, from sending to the last byte of the answer."""
    attempts: int = 6
    """How often one request is tried when the server or the line fails; being told to wait counts a quarter."""
    first_pause: float = 0.5
    """Seconds before the second attempt, more or less by chance; doubled before each further one, up to a minute."""
    requests_per_minute: int | None = None
    input_tokens_per_minute: int | None = None
    output_tokens_per_minute: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further fields for every request's body, such as `{"chat_template_kwargs": {"enable_thinking": False}}`."""
    template: str | None = None
    """Jinja2 chat template of a reward model whose server takes text only (SGLang's `/classify`)."""

    def __post_init__(self) -> None:
        """Refuse what cannot be asked; see `addresses.check_address`."""
        check_address(self.model, self.base_url, self.key_variable)
