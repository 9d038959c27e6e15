import pytest
import sizes

GIB = 2**30
SIZES = sizes.load(
    [
        {"name": "small", "memory_bytes": 2 * GIB, "cpu": 1, "default": True},
        {"name": "large", "memory_bytes": 8 * GIB, "cpu": 2, "groups": ["instructors", "staff"]},
        {"name": "gpu", "memory_bytes": 14 * GIB, "gpu": 1, "groups": ["ml-team"]},
    ]
)


def names(found):
    return [s.name for s in found]


def test_open_sizes_are_for_everyone():
    assert names(sizes.allowed(SIZES, [])) == ["small"]


def test_any_of_the_groups_is_enough():
    assert names(sizes.allowed(SIZES, ["staff"])) == ["small", "large"]
    assert names(sizes.allowed(SIZES, ["ml-team", "other"])) == ["small", "gpu"]


def test_choose_takes_an_allowed_size():
    assert sizes.choose(SIZES, "large", ["instructors"]).memory_bytes == 8 * GIB


def test_a_size_of_another_group_is_refused_with_the_reason():
    with pytest.raises(sizes.NotAllowed) as refusal:
        sizes.choose(SIZES, "large", ["ml-team"])
    text = str(refusal.value)
    assert "instructors or staff" in text
    assert "You may start: small, gpu." in text


@pytest.mark.parametrize("name", ["huge", "", "SMALL", ["small"], 7, {"small": 1}])
def test_unknown_sizes_list_what_is_allowed(name):
    with pytest.raises(sizes.UnknownSize, match=r"You may start: small\.$"):
        sizes.choose(SIZES, name, [])


def test_no_choice_is_the_default():
    assert sizes.choose(SIZES, None, []).name == "small"


def test_default_falls_to_the_first_allowed():
    closed = sizes.load(
        [
            {"name": "a", "memory_bytes": GIB, "groups": ["x"], "default": True},
            {"name": "b", "memory_bytes": GIB},
            {"name": "c", "memory_bytes": GIB},
        ]
    )
    assert sizes.default(closed, []).name == "b"
    assert sizes.default(closed, ["x"]).name == "a"


def test_a_person_without_any_size_reads_why():
    closed = sizes.load([{"name": "a", "memory_bytes": GIB, "groups": ["x"]}])
    assert sizes.default(closed, []) is None
    for name in (None, "a"):
        with pytest.raises(sizes.NotAllowed, match="ask its administrator"):
            sizes.choose(closed, name, [])
    assert "ask its administrator" in sizes.form(closed, [])


def test_profiles_are_kubespawners():
    small, gpu = sizes.profiles(SIZES, ["ml-team"])
    assert small["default"] and not gpu["default"]
    assert small["slug"] == "small"
    assert small["kubespawner_override"] == {
        "mem_limit": 2 * GIB,
        "mem_guarantee": 2 * GIB,
        "cpu_limit": 1,
        "cpu_guarantee": 1,
    }
    assert gpu["kubespawner_override"]["extra_resource_limits"] == {"nvidia.com/gpu": "1"}
    assert "cpu_limit" not in gpu["kubespawner_override"]


def test_form_shows_only_allowed_sizes_and_checks_the_default():
    html = sizes.form(SIZES, ["staff"])
    assert 'value="large"' in html and 'value="gpu"' not in html
    assert html.count(" checked") == 1
    assert html.index(" checked") < html.index('value="large"')
    assert html.count("<label") == html.count('type="radio"') == 2


def test_form_escapes_what_the_file_says():
    bad = sizes.load(
        [
            {"name": 'a"b', "memory_bytes": GIB, "description": "<script>x</script>"},
            {"name": "c", "memory_bytes": GIB, "display_name": "<i>"},
        ]
    )
    html = sizes.form(bad, [], notes=["<b>"])
    assert "<script>" not in html and "<i>" not in html and "<b>" not in html
    assert 'value="a&quot;b"' in html


def test_nothing_to_choose_is_no_form():
    assert sizes.form(SIZES, []) == ""
    assert "radio" in sizes.form(SIZES, [], notes=["Your last server was stopped"])


@pytest.mark.parametrize(
    ("count", "text"),
    [(2 * GIB, "2 GiB"), (GIB * 3 // 2, "1.5 GiB"), (300 * 2**20, "300 MiB"), (512, "512 bytes")],
)
def test_memory_text(count, text):
    assert sizes.memory_text(count) == text


def test_unknown_keys_of_a_size_fail():
    with pytest.raises(TypeError):
        sizes.load([{"name": "a", "memory_bytes": GIB, "colour": "red"}])
