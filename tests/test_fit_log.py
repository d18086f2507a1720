from liverlab.fit_log import FitLog, LogKeeper


def content(folder):
    return (folder / "log" / "metrics.csv").read_bytes()


ROWS = [{"loss": 3.0}, {"loss": 0.1 + 0.2}, {"loss": 1.0, "accuracy": 0.5}, {"accuracy": 1.0}]


def attempt(folder, kept, first, *, until, saved_at=None):
    """Log rows as one process does; returns the state at `saved_at`."""
    log = FitLog(folder)
    if kept is not None:
        LogKeeper(log).load_state_dict(kept)
    for step in range(first, until):
        log.log_metrics(ROWS[step], step)
        log.save()
        if step + 1 == saved_at:
            kept = LogKeeper(log).state_dict()
    return kept


def test_a_log_cut_twice_is_the_log_left_alone(tmp_path):
    attempt(tmp_path / "alone", None, 0, until=4)
    # by hand: Lightning's columns in alphabetical order, lines as of Python's csv
    whole = b"accuracy,loss,step\r\n,3.0,0\r\n,0.30000000000000004,1\r\n0.5,1.0,2\r\n1.0,,3\r\n"
    assert content(tmp_path / "alone") == whole
    kept = attempt(tmp_path / "cut", None, 0, until=3, saved_at=1)  # row 2 brings the column that row 1 has not
    kept = attempt(tmp_path / "cut", kept, 1, until=2)
    kept = attempt(tmp_path / "cut", kept, 1, until=4, saved_at=3)
    assert content(tmp_path / "cut") == whole
    attempt(tmp_path / "cut", kept, 3, until=4)
    assert content(tmp_path / "cut") == whole


def test_a_state_from_before_the_first_row_leaves_none(tmp_path):
    kept = LogKeeper(FitLog(tmp_path)).state_dict()
    attempt(tmp_path, None, 0, until=2)
    attempt(tmp_path, kept, 0, until=0)
    assert not (tmp_path / "log" / "metrics.csv").exists()


def test_rows_that_were_not_written_yet_are_kept_too(tmp_path):
    log = FitLog(tmp_path)
    log.log_metrics({"loss": 1.0}, 7)
    assert log.rows() == "loss,step\r\n1.0,7\r\n"
