"""Forms of the releases pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from annotator.choices import USUAL_CONFIGS, ReleaseConfig
from annotator.releasing.lifecycle import SHARD_BYTES_MAX, SHARD_BYTES_MIN, SHARD_COUNT_MAX
from annotator.releasing.withdrawal import REASON_LIMIT

MEGABYTE = 1_000_000
CONTENTS = {
    ReleaseConfig.PAIRS: gettext_lazy("Pairs with both images and their labels"),
    ReleaseConfig.BINARIZED: gettext_lazy("Pairs with a winner, as chosen and rejected image"),
    ReleaseConfig.DIFFUSION_DPO: gettext_lazy("Pairs with a winner, as Diffusion-DPO scripts read them"),
    ReleaseConfig.PAIR_INFO: gettext_lazy("Pairs without images and votes"),
    ReleaseConfig.LABELS: gettext_lazy("Labels by pair and question, without images"),
    ReleaseConfig.IMAGES: gettext_lazy("Each image once, in files that later releases share"),
    ReleaseConfig.TRL_PREFERENCE: gettext_lazy("Answers of a judge of two images, as TRL reads them"),
    ReleaseConfig.ARENA: gettext_lazy("Votes as battles of two models, as arena-rank and evalica read them"),
    ReleaseConfig.PICKAPIC_V2: gettext_lazy("Pairs with votes, ties too, in the columns of Pick-a-Pic v2"),
    ReleaseConfig.IMAGE_REWARD_PAIRS: gettext_lazy("Pairs with a winner, as ImageRewardDB has them"),
}


class ReleaseForm(forms.Form):
    """What a release is to hold, and how it is cut into files."""

    configs = forms.MultipleChoiceField(
        label=gettext_lazy("Contents"),
        choices=[(config.value, words) for config, words in CONTENTS.items()],
        initial=USUAL_CONFIGS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("All votes and the leaderboards are always included."),
    )
    shard_megabytes = forms.IntegerField(
        label=gettext_lazy("Megabytes per file"),
        required=False,
        min_value=SHARD_BYTES_MIN // MEGABYTE,
        max_value=SHARD_BYTES_MAX // MEGABYTE,
        help_text=gettext_lazy("500 unless you say otherwise."),
    )
    shard_count = forms.IntegerField(
        label=gettext_lazy("Files per split"),
        required=False,
        min_value=1,
        max_value=SHARD_COUNT_MAX,
        help_text=gettext_lazy("Instead of a size: each split of a config is cut into this many files."),
    )

    @property
    def options(self) -> dict[str, Any]:
        """As `create_release` takes them."""
        megabytes = self.cleaned_data["shard_megabytes"]
        return {
            "configs": self.cleaned_data["configs"],
            "shard_bytes": None if megabytes is None else megabytes * MEGABYTE,
            "shard_count": self.cleaned_data["shard_count"],
        }


class YankForm(forms.Form):
    """Why a release is taken back, and its name, typed."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=REASON_LIMIT,
        help_text=gettext_lazy("Everybody who asks for the release reads it."),
    )
    name = forms.CharField(label=gettext_lazy("Name of the release"), max_length=20)

    def __init__(self, *args: Any, number: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = f"v{number}"
        self.fields["name"].help_text = gettext("Type %(name)s to confirm.") % {"name": self.expected}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if name != self.expected:
            raise forms.ValidationError(gettext("Type %(name)s to confirm.") % {"name": self.expected})
        return name


class TakeDownForm(forms.Form):
    sha256 = forms.RegexField(
        r"^[0-9a-f]{64}$",
        label=gettext_lazy("sha256 of the image"),
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
        help_text=gettext_lazy("On the page of each of its pairs, and in releases as sha256_a and sha256_b."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=REASON_LIMIT, help_text=gettext_lazy("For the managers of the campaign.")
    )
