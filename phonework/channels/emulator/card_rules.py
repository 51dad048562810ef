"""Which properties each part of a card 2.0 may have, as data.

Source: Feishu Open Platform, "Card JSON 2.0 structure" and the pages of the components. Unknown properties are errors
in 2.0. A component whose properties are not listed here (charts, people pickers) is let through unchecked.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMMON: Final = _words("tag element_id margin fallback")
_LAYOUT: Final = _words("direction horizontal_spacing horizontal_align vertical_spacing vertical_align padding")
_INPUT: Final = _words("name required disabled width placeholder confirm behaviors value")

CARD: Final = _words("schema config card_link header body")
CONFIG: Final = _words(
    "streaming_mode streaming_config summary locales enable_forward update_multi width_mode use_custom_translation "
    "enable_forward_interaction style"
)
HEADER: Final = _words("title subtitle text_tag_list i18n_text_tag_list template icon padding")
BODY: Final = _LAYOUT | {"elements"}
PANEL_HEADER: Final = _words(
    "title background_color vertical_align padding position width icon icon_position icon_expanded_angle"
)
CONFIRM: Final = _words("title text")
BEHAVIOR: Final = _words("type value default_url android_url ios_url pc_url")
OPTION: Final = _words("text value icon multi_url")

COMPONENTS: Final[dict[str, frozenset[str] | None]] = {
    "column_set": _COMMON | _words("flex_mode horizontal_spacing horizontal_align background_style action columns"),
    "column": _COMMON | _LAYOUT | _words("background_style width weight elements action"),
    "form": _COMMON | _LAYOUT | _words("name elements confirm"),
    "collapsible_panel": _COMMON | _LAYOUT | _words("expanded background_color header border elements"),
    "interactive_container": _COMMON
    | _LAYOUT
    | _words(
        "width height background_style has_border border_color corner_radius behaviors disabled disabled_tips confirm "
        "hover_tips elements name"
    ),
    "markdown": _COMMON | _words("content text_align text_size icon i18n_content"),
    "div": _COMMON | _words("width text icon fields"),
    "plain_text": _COMMON
    | _words("content i18n_content text_size text_align text_color lines notation_margin_top lang"),
    "lark_md": _COMMON | _words("content i18n_content text_size text_align text_color lines"),
    "hr": _COMMON,
    "img": _COMMON
    | _words("img_key alt title corner_radius scale_type size transparent preview mode custom_width compact_width"),
    "img_combination": None,
    "person": None,
    "person_list": None,
    "chart": None,
    "audio": None,
    "table": _COMMON | _words("page_size row_height row_max_height freeze_first_column header_style columns rows"),
    "button": _COMMON
    | _words(
        "type size width text icon hover_tips disabled disabled_tips confirm behaviors form_action_type name required "
        "value url multi_url complex_interaction action_type"
    ),
    "input": _COMMON
    | _INPUT
    | _words(
        "default_value max_length input_type show_icon rows auto_resize max_rows label label_position i18n_placeholder"
    ),
    "select_static": _COMMON | _INPUT | _words("type options initial_option initial_index"),
    "multi_select_static": _COMMON | _INPUT | _words("type options selected_values"),
    "select_person": None,
    "multi_select_person": None,
    "overflow": _COMMON | _words("width options value confirm behaviors"),
    "date_picker": _COMMON | _INPUT | _words("initial_date"),
    "picker_time": _COMMON | _INPUT | _words("initial_time"),
    "picker_datetime": _COMMON | _INPUT | _words("initial_datetime"),
    "select_img": None,
    "checker": _COMMON
    | _words(
        "name checked disabled text overall_checkable button_area checked_style padding confirm behaviors hover_tips "
        "disabled_tips"
    ),
    "text_tag": _COMMON | _words("text color"),
    "standard_icon": _COMMON | _words("token color size"),
    "custom_icon": _COMMON | _words("img_key size"),
}

OLD_TAGS: Final = frozenset({"action", "note"})
CONTAINERS: Final = frozenset({"column_set", "form", "collapsible_panel", "interactive_container"})
NAMED_IN_FORM: Final = frozenset(
    [
        "button",
        "input",
        "select_static",
        "multi_select_static",
        "select_person",
        "multi_select_person",
        "date_picker",
        "picker_time",
        "picker_datetime",
        "select_img",
        "checker",
    ]
)
BUTTON_TYPES: Final = frozenset(
    ["default", "primary", "danger", "text", "primary_text", "danger_text", "primary_filled", "danger_filled", "laser"]
)
TEMPLATES: Final = frozenset(
    [
        "blue",
        "wathet",
        "turquoise",
        "green",
        "yellow",
        "orange",
        "red",
        "carmine",
        "violet",
        "purple",
        "indigo",
        "grey",
        "default",
    ]
)
BEHAVIORS: Final = frozenset({"callback", "open_url", "form_action"})
