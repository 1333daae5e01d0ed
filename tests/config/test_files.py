"""A configuration file that cannot be read is refused with the place of the fault."""

# ruff: noqa: E501 - tables of cases hold one case per line, messages whole

import os
import subprocess
import sys

import pytest

from pellucid.config.load import load_config
from pellucid.errors import ConfigError

NO_JSON = "Unable to load analysis configuration as JSON."


def fault(tmp_path, content):
    file = tmp_path / "job.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    return str(caught.value)


def test_a_file_is_read_with_its_document(tmp_path):
    file = tmp_path / "analysis_config.json"
    file.write_text('{"dataset_type": "text/csv", "methods": {"report": {"name": "größe"}}}', encoding="utf-8")
    loaded = load_config(str(file), strict=True)
    assert loaded.config.methods.report.name == "größe"
    assert loaded.document == {"dataset_type": "text/csv", "methods": {"report": {"name": "größe"}}}
    assert loaded.warnings == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", f"job.json: {NO_JSON} The file is empty. Write one JSON object into it."),
        (" \n", f"job.json: {NO_JSON} The file is empty. Write one JSON object into it."),
        (b'{"label":\n"\xff"}', f"job.json, line 2: {NO_JSON} Byte 0xff is not UTF-8. Save the file as UTF-8."),
        ("[1]", "job.json: got [1]. Use one JSON object."),
        ('{"label": "a", "label": "b"}', "label: This key stands more than once in one object. Keep one."),
        ('{"facet": [{"a": 1}, {"a": 1, "a": 1}]}', "facet[1].a: This key stands more than once in one object. Keep one."),
        ('{"a": 1', f"job.json, line 1, column 8: got '{{\"a\": 1'. {NO_JSON} Expecting ',' delimiter. The file ends too early: a brace, bracket or quote is not closed."),
        ('{\n  "a": True\n}', f"job.json, line 2, column 8: got '\"a\": True'. {NO_JSON} Expecting value. Write true."),
        ("{'a': 1}", f"job.json, line 1, column 2: got \"{{'a': 1}}\". {NO_JSON} Expecting property name enclosed in double quotes. Use double quotes."),
        ('{"a": 1 // one\n}', f"job.json, line 1, column 9: got '{{\"a\": 1 // one'. {NO_JSON} Expecting ',' delimiter. JSON has no comments: remove this one."),
        ("[" * 100_000, f"job.json: {NO_JSON} Objects and lists are nested too deeply."),
        *(('{"seed": ' + "1" * digits + "}", f"job.json: got '{'1' * 56} ... {'1' * 56}'. {NO_JSON} A number has too many digits.") for digits in (310, 5000)),
    ],
)  # fmt: skip
def test_what_is_no_json_is_shown_where_it_stands(tmp_path, content, message):
    assert fault(tmp_path, content) == message


def test_a_comma_too_many_is_named(tmp_path):
    message = fault(tmp_path, '{\n "a": 1,\n}')
    assert message.startswith("job.json, line ")
    assert NO_JSON in message
    assert message.endswith("Remove the comma before the closing brace or bracket.")


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError) as missing:
        load_config(tmp_path / "no.json")
    assert str(missing.value) == f"{tmp_path / 'no.json'}: There is no such file. Give the path of a JSON file."
    with pytest.raises(ConfigError) as folder:
        load_config(tmp_path)
    assert str(folder.value) == f"{tmp_path}: This is a folder. Give the path of a JSON file in it."


def test_a_byte_order_mark_is_read_with_a_warning_and_refused_in_strict_mode(tmp_path):
    file = tmp_path / "job.json"
    file.write_text('{"dataset_type": "text/csv", "methods": {"report": {"name": "r"}}}', encoding="utf-8-sig")
    assert load_config(file).warnings == (
        "job.json: begins with a byte order mark, which Clarify refuses. Save it as UTF-8 without one.",
    )
    with pytest.raises(ConfigError) as caught:
        load_config(file, strict=True)
    assert str(caught.value) == f"job.json: {NO_JSON} Save the file as UTF-8 without a byte order mark."


def test_plugins_of_pydantic_are_looked_for_again_once_a_configuration_was_read():
    script = (
        "import os\n"
        "from pellucid.config.load import parse_config\n"
        "parse_config({'dataset_type': 'text/csv', 'label': 'paid', 'label_values_or_threshold': [1], 'facet': [{'name_or_index': 'sex'}],"
        " 'methods': {'pre_training_bias': {'methods': 'all'}}})\n"
        "from pydantic.plugin._loader import get_plugins\n"
        "print(get_plugins.__module__, 'PYDANTIC_DISABLE_PLUGINS' in os.environ)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYDANTIC_DISABLE_PLUGINS"}
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert said.stdout == "pydantic.plugin._loader False\n"


def test_strict_mode_refuses_our_keys_in_a_file(tmp_path):
    file = tmp_path / "job.json"
    file.write_text('{"dataset_type": "text/csv", "methods": {}, "seed": 3}')
    assert load_config(file).config.seed == 3
    with pytest.raises(ConfigError) as caught:
        load_config(file, strict=True)
    assert "seed: got 3. This key is Pellucid's own and Clarify refuses it. Remove it here." in str(caught.value)
