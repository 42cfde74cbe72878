"""One frozen tree of settings, read from one recipe file; only the command line and the pipeline see it.

A recipe is YAML or TOML with the same keys as the classes below. What a recipe leaves out keeps its default, and
`resolved` settings are written beside the output, so that a run can be repeated from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from rejoinder.addresses import OPENAI, OPENAI_KEY, check_address
from rejoinder.errors import SettingsError
from rejoinder.unknown_keys import explained

ROLES = ("default", "detector", "expert", "policy", "judge", "reward")
TARGETS = ("trl", "openai", "llamafactory", "axolotl", "openrlhf", "hub", "wildfeedback")
"""Known here too, so that a wrong name stops a run before its first row; a test compares it with `preference`."""
SOFT_GATES = ("low-quality", "only-longer", "personal-data")
"""Gates that drop only where `preference.drop` names them; compared with `preference` by a test, too."""
ARMS = (
    "random-scratch",
    "negative-scratch",
    "negative-semantics",
    "negative-preferences",
    "negative-repair",
    "on-policy",
    "polarity",
)
"""Data sets that `build` knows; compared with `preference` by a test, too."""
RECIPES = ("lens", "offline", "wildfeedback")
"""Recipes that ship with the package, by name."""


class _Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of settings: frozen, and an unknown key is an error."""


_LAST_SEED = 2**32 - 1
"""numpy's and scikit-learn's generators take no larger one."""


class IngestSettings(_Group, frozen=True, kw_only=True):
    """How logs become conversations."""

    format: str | None = None
    """Name of a format; None detects it for each file."""
    columns: dict[str, str] = {}
    """Column map for tables: role of the column (user, assistant, conversation ...) to its name."""
    limit: int | None = None
    """Read at most this many rows."""
    detect_language: bool = True
    redact: tuple[str, ...] = ()
    """Kinds of personal data to replace in all that a run writes but the spool of packed logs; see docs/ingest.md."""
    near_duplicates: float = 0.9
    """Estimated Jaccard similarity from which two conversations count as one; 1 drops only equal ones."""


class ModelSettings(_Group, frozen=True, kw_only=True):
    """One language model behind an OpenAI-compatible server; keys never stand here, only the name of the variable."""

    model: str
    """As the server names it."""
    base_url: str = OPENAI
    key_variable: str = OPENAI_KEY
    """Environment variable (or line of `.env`) that holds the key; a server without keys needs none."""
    in_flight: int = 64
    """Most requests under way at once; the gateway finds out how many the server bears."""
    timeout: float = 600.0
    """Seconds for one whole answer."""
    requests_per_minute: int | None = None
    input_tokens_per_minute: int | None = None
    output_tokens_per_minute: int | None = None
    parameters: dict[str, Any] = {}
    """Further fields of the request's body, such as `{"chat_template_kwargs": {"enable_thinking": false}}`."""


class FeedbackSettings(_Group, frozen=True, kw_only=True):
    """When feedback is sure enough to build data on; None takes the threshold that the classifier's card states."""

    pair_threshold: float | None = None
    good_threshold: float | None = None
    ask: Literal["unsure", "all"] = "unsure"
    """With a model: ask it only where the embedded classifier is unsure, or about every conversation."""
    ask_below: float = 0.62
    """Probability of the polarity below which the embedded classifier counts as unsure: about a fifth of the turns.
    `rejoinder detect --frontier` shows what each choice costs and gains."""
    trust: float = 0.83
    """Probability given to the polarity of a model's labels; `rejoinder evaluate detector` measures your model's."""
    rubrics: bool = False
    """Ask for the 18 SAT and DSAT rubrics of WildFeedback too."""


class PreferenceSettings(_Group, frozen=True, kw_only=True):
    """How preference data is split and written."""

    held_out: float = 0.1
    targets: tuple[str, ...] = TARGETS[:-1]
    """Trainers to write for; `wildfeedback` only where it is named, since it repeats the whole log. The hub folder stays
    without data where a source may not be published."""
    drop: tuple[str, ...] = ()
    """Gates that drop what they otherwise only flag: low-quality, only-longer, personal-data."""
    unsafe_threshold: float | Literal["off"] | None = None
    """Probability of the embedded classifier from which a request counts as unsafe; None takes its card's, `off` goes by
    moderation, detector and phrase lists alone."""
    rate_prompts: int = 0
    """For the audit, have the default model rate so many requests of each polarity; 0 takes the proxy and asks nobody."""
    allow_restricted: bool = False
    """Write text of sources that forbid redistribution (LMSYS) into the hub-ready folder."""


class BuildSettings(_Group, frozen=True, kw_only=True):
    """Data sets that are built response by response, beside what is mined from the log; see docs/building.md."""

    arms: tuple[str, ...] = ()
    """The data sets to build; none by default. They decide which samples are drawn and which answers are written."""
    size: int | None = None
    """Samples of each subset, at most; None takes all that there are."""
    equal_sizes: bool = False
    """Cut D_neg and D_rand to the size of the smaller one, so that their arms can be compared."""
    per_conversation: int = 1
    """Samples of one subset that a conversation may give."""
    control_share: float = 0.5
    """Share of conversations that only the random control may draw from, where an arm needs it."""
    least_probability: float | None = None
    """Least probability of a label that a sample rests on; None takes the threshold of the classifier's card."""
    most_characters: int = 24_000
    """Longest context, answer and feedback together that a model is asked about."""
    checklists: Literal["model", "evidence", "none"] = "evidence"
    """Who writes the checklists: the model of the role `expert`, or nobody and the user's words of correction are the items."""
    judge: bool = False
    """Have each pair judged under its checklist, in both orders. On-policy pairs need it."""
    keep: Literal["all", "not-loss", "win"] = "all"
    """Which judged expert pairs are kept; the others are dropped with the verdict. On-policy pairs are kept on a win only."""
    grades: bool = False
    """Write graded responses for an ordinal reward model."""
    temperature: float = 0.7
    """Of regenerated answers."""
    max_tokens: int = 1_024
    """Longest regenerated answer."""


class Settings(_Group, frozen=True, kw_only=True):
    """Everything that can change a run, but its inputs and the folder it writes to."""

    ingest: IngestSettings = IngestSettings()
    feedback: FeedbackSettings = FeedbackSettings()
    preference: PreferenceSettings = PreferenceSettings()
    build: BuildSettings = BuildSettings()
    models: dict[str, ModelSettings] = {}
    """By role: `default` for all, or `detector`, `expert`, `policy`, `judge`, `reward` for one; empty asks no model."""
    seed: int = 0


def load_settings(recipe: Path | None) -> Settings:
    """Read a recipe (`.yaml`, `.yml`, `.toml` or `.json`, or the name of one that ships), or take all defaults.

    Raises:
        SettingsError: the file is missing, does not parse, or holds an unknown key or a value of the wrong type.
    """
    if recipe is None:
        return Settings()
    recipe = _shipped(recipe)
    decoders = {".toml": msgspec.toml, ".json": msgspec.json, ".yaml": msgspec.yaml, ".yml": msgspec.yaml}
    try:
        settings = decoders[recipe.suffix].decode(recipe.read_bytes(), type=Settings)
    except KeyError:
        raise SettingsError(f"{recipe}: a recipe ends in {', '.join(decoders)}, or is one of {', '.join(RECIPES)}.") from None
    except OSError as error:
        raise SettingsError(f"{recipe}: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"{recipe}: {explained(error, Settings)} docs/settings.md lists every key.") from error
    return checked(settings)


def _shipped(recipe: Path) -> Path:
    """The recipe that ships under a bare name such as `wildfeedback`, where no file of that name lies here."""
    shipped = Path(__file__).with_name("recipes") / f"{recipe}.yaml"
    return shipped if not recipe.suffix and not recipe.exists() and shipped.exists() else recipe


def checked(settings: Settings) -> Settings:
    """The same settings, or the first value out of range.

    Raises:
        SettingsError: a share or threshold lies outside [0, 1], a number is too small, the seed too large, a name unknown.
    """
    unsafe = settings.preference.unsafe_threshold
    shares = {
        "ingest.near_duplicates": settings.ingest.near_duplicates,
        "feedback.pair_threshold": settings.feedback.pair_threshold,
        "feedback.good_threshold": settings.feedback.good_threshold,
        "feedback.ask_below": settings.feedback.ask_below,
        "feedback.trust": settings.feedback.trust,
        "preference.held_out": settings.preference.held_out,
        "preference.unsafe_threshold": None if unsafe == "off" else unsafe,
        "build.control_share": settings.build.control_share,
        "build.least_probability": settings.build.least_probability,
    }
    for name, value in shares.items():
        if value is not None and not 0 <= value <= 1:
            raise SettingsError(f"{name} is {value}; it must lie between 0 and 1.")
    for name, number in _numbers(settings).items():
        if number is not None and number < 1:
            raise SettingsError(f"{name} is {number}; it must be 1 or more.")
    from_zero = {"preference.rate_prompts": settings.preference.rate_prompts, "build.temperature": settings.build.temperature}
    for name, amount in from_zero.items():
        if amount < 0:
            raise SettingsError(f"{name} is {amount}; it must be 0 or more.")
    if not 0 <= settings.seed <= _LAST_SEED:
        raise SettingsError(f"seed is {settings.seed}; it must lie between 0 and {_LAST_SEED:,}.")
    if settings.feedback.ask not in ("unsure", "all"):
        raise SettingsError(f"feedback.ask is {settings.feedback.ask}; it is unsure or all.")
    for one in settings.models.values():
        check_address(one.model, one.base_url, one.key_variable)
    _check_names("models", settings.models, ROLES)
    _check_names("preference.targets", settings.preference.targets, TARGETS)
    _check_names("preference.drop", settings.preference.drop, SOFT_GATES)
    _check_names("build.arms", settings.build.arms, ARMS)
    if "on-policy" in settings.build.arms and not settings.build.judge:
        raise SettingsError("build.arms: on-policy pairs are kept only where a judge says so; set build.judge: true.")
    return settings


def _numbers(settings: Settings) -> dict[str, int | None]:
    """What is a number of something, of which there must be one at least."""
    build = settings.build
    return {
        "ingest.limit": settings.ingest.limit,
        "build.size": build.size,
        "build.per_conversation": build.per_conversation,
        "build.most_characters": build.most_characters,
        "build.max_tokens": build.max_tokens,
        **{f"models.{role}.in_flight": one.in_flight for role, one in settings.models.items()},
    }


def _check_names(key: str, given: Iterable[str], known: Sequence[str]) -> None:
    if unknown := set(given) - set(known):
        raise SettingsError(f"{key}: unknown {', '.join(sorted(unknown))}. Known: {', '.join(known)}.")
