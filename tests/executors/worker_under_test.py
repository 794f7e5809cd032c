"""A worker for the tests: answers, prints, dies or ends as it is told."""

from __future__ import annotations

import os
import signal
import sys

from renderlock.executors.worker_process import Frame, own_pipes, read_frame, write_frame


def main() -> None:
    reading, writing = own_pipes()
    while (frame := read_frame(reading)) is not None:
        match frame.header["do"]:
            case "print":
                print("something a library prints")  # noqa: T201 - that is the point
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "end":
                sys.exit("no more of this")
        write_frame(writing, Frame({"heard": dict(frame.header), "pid": os.getpid()}, bytes(frame.payload)[::-1]))


if __name__ == "__main__":
    main()
