"""A slip in a recipe's key is answered with the key that was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from rejoinder.errors import SettingsError
from rejoinder.settings import load_settings
from rejoinder.training import load_recipe


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("fedback: {}", "unknown key `fedback`. Did you mean `feedback`?"),
        ("preference: {targts: [trl]}", "unknown key `preference.targts`. Did you mean `preference.targets`?"),
        ("targets: [trl]", "unknown key `targets`. Did you mean `preference.targets`?"),
        ("models: {judge: {modl: tiny}}", "unknown key `models.*.modl`. Did you mean `models.*.model`?"),
        ("qqqqqq: 1", "unknown key `qqqqqq`. docs/settings.md lists every key."),
        ("seed: much", "Expected `int`, got `str` - at `$.seed`. docs/settings.md"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_one(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "recipe.yaml").write_text(text)
    with pytest.raises(SettingsError) as refused:
        load_settings(tmp_path / "recipe.yaml")
    assert told in str(refused.value)


def test_a_training_recipe_says_so_too(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\nstages: [{method: dpo, epoch: 2}]\n")
    with pytest.raises(SettingsError, match=r"unknown key `stages.*.epoch`. Did you mean `stages.*.epochs`\?"):
        load_recipe(str(tmp_path / "mine.yaml"))
