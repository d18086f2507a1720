import os
import signal
import subprocess
import sys
import time

# A parent that starts one idle worker, prints its number, and waits.
PARENT = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from data_modules.processes import end_with_parent
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, mp_context=context, initializer={initializer})
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


def worker_after_its_parent_was_killed(initializer: str, folder) -> bool:
    script = folder / "parent.py"
    script.write_text(PARENT.format(initializer=initializer))
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    worker = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for _ in range(30):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    return True


def test_a_worker_ends_with_its_killed_parent(tmp_path):
    assert not worker_after_its_parent_was_killed("end_with_parent", tmp_path)


def test_without_the_initializer_it_stays(tmp_path):
    assert worker_after_its_parent_was_killed("None", tmp_path)
