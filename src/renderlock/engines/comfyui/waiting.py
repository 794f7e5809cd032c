"""Waiting for a prompt: over the progress socket while there is one, by the history where there is none."""

from __future__ import annotations

import time
from dataclasses import dataclass

from renderlock.engines.comfyui.progress import Progress
from renderlock.engines.comfyui.server import Job, Server
from renderlock.engines.watching import Steps
from renderlock.errors import HostedError

LOOK_EVERY_S = 0.25
QUIET_S = 2.0
MISSES_ALLOWED = 8


@dataclass
class Waiting:
    """Waits for a prompt, over the socket while there is one, with a look at the history now and then.

    The socket tells nothing of a prompt that ended before it was opened, so silence is never waited out.
    """

    server: Server
    progress: Progress
    steps: Steps
    prompt_id: str
    misses: int = 0
    looked_at: float = float("-inf")

    def job(self) -> Job | None:
        """What became of the prompt, None where the server does not know it any more.

        What the watch raises ends the waiting at once; raises `HostedError` where the server cannot be asked.
        """
        while True:
            self.steps.beat()
            if self.progress.heard:
                is_due = self._is_over() or time.monotonic() - self.looked_at > QUIET_S
            else:
                is_due = True
                time.sleep(LOOK_EVERY_S)
            if is_due:
                found, is_known = self._look()
                if found is not None or not is_known:
                    return found

    def _is_over(self) -> bool:
        """Follows the socket for a moment; True where it says that the prompt is over, or is gone itself."""
        news = self.progress.next(LOOK_EVERY_S)
        if news is not None:
            self.steps.reached(news.step)
        return not self.progress.heard or (news is not None and news.over)

    def _look(self) -> tuple[Job | None, bool]:
        """The job where it has ended, and whether the server still knows the prompt."""
        self.looked_at = time.monotonic()
        try:
            found = self.server.job(self.prompt_id)
            is_known = found is not None or self.server.is_queued(self.prompt_id)
            # It may have ended between the two questions.
            found = found or (None if is_known else self.server.job(self.prompt_id))
        except HostedError:
            self.misses += 1
            if self.misses > MISSES_ALLOWED:
                raise
            return None, True
        self.misses = 0
        return found, is_known or found is not None
