"""What every section of the settings is made of: its rules, and the kinds of values fields take."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode

YEAR_SECONDS = 366 * 24 * 3600


def _split(value: object) -> object:
    """A list as the environment writes it: JSON, or words between commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [word.strip() for word in value.split(",") if word.strip()]


def _mapping(value: object) -> object:
    """A table as the environment writes it: JSON."""
    return json.loads(value) if isinstance(value, str) else value


def expanded(place: str) -> str:
    try:
        return str(Path(place).expanduser())
    except RuntimeError as error:  # nobody of that name
        raise ValueError(str(error)) from error


def _home(value: object) -> object:
    return Path(expanded(value)) if isinstance(value, str) and value else value


def _origin(url: str) -> str:
    if not re.fullmatch(r"https?://[^/\s?#]+/?", url):
        raise ValueError(f"{url!r} is not an origin: http or https, a host, and no path")
    return url.rstrip("/")


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Variables = Annotated[dict[str, str], NoDecode, BeforeValidator(_mapping)]
Place = Annotated[Path, BeforeValidator(_home)]
Origin = Annotated[str, AfterValidator(_origin)]
Seconds = Annotated[float, Field(ge=0, le=YEAR_SECONDS, allow_inf_nan=False)]


class Section(BaseModel):
    """What all sections share: no unknown keys, no changes after loading, no truth values taken for numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, validate_default=False)
    purpose: ClassVar[str] = ""

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> Self:
        """A backend's own section, of all that it is built with. Raises pydantic.ValidationError."""
        return cls.model_validate({key: settings[key] for key in cls.model_fields if key in settings})

    @field_validator("*", mode="before")
    @classmethod
    def _not_a_truth_value(cls, value: object, info: ValidationInfo) -> object:
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and field.annotation is not bool:
            raise ValueError(f"must not be {str(value).lower()}")
        return value
