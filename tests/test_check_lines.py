from data_modules.phantom_check.check_lines import Line, check_table


def test_table_is_aligned_and_says_what_was_not_measured():
    lines = [
        Line("fat", "-100 HU", "-99 HU", True),
        Line("grain", "<= 40 %", "", None, "why"),
        Line("x", "y", "z", False),
    ]
    assert check_table(lines).splitlines() == [
        "what   target   measured                note",
        "fat    -100 HU  -99 HU    pass",
        "grain  <= 40 %  -         not measured  why",
        "x      y        z         FAIL",
    ]
