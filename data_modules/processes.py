"""Worker processes that do not outlive whoever started them."""

import os
import threading
import time


def end_with_parent() -> None:
    """Initializer of a worker process: it ends within a second of its parent, even if that was killed.

    A spawned worker otherwise waits for work for ever: it holds the writing end of its own queue.
    """
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
