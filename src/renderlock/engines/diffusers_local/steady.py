"""Settings of torch and its libraries for the length of one render, put back afterwards.

The same recipe gives the same pixels only with deterministic kernels; the number of threads is the machine owner's
choice; and what the libraries say in progress bars, log lines and warnings is collected instead of printed.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import diffusers.utils.logging
import torch
import transformers.utils.logging

_LIBRARIES = (("diffusers", diffusers.utils.logging), ("transformers", transformers.utils.logging))


@contextmanager
def steady(threads: int, device: str) -> Iterator[None]:
    """Runs torch with deterministic kernels on `threads` CPU threads.

    An operation that has no deterministic form warns (torch's `warn_only`) rather than fails. On CUDA, cuBLAS needs
    its workspace setting before the first call; a value that is set already is respected.
    """
    if device == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    threads_before = torch.get_num_threads()
    strict_before = torch.are_deterministic_algorithms_enabled()
    warning_before = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
            yield
    finally:
        torch.use_deterministic_algorithms(strict_before, warn_only=warning_before)
        torch.set_num_threads(threads_before)


@contextmanager
def quiet() -> Iterator[list[str]]:
    """Keeps the libraries' progress bars, log lines and warnings from the terminal; gives the texts of the
    log lines from level WARNING and of the warnings, complete when the context ends."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as warned, _redirected_logs(_Collector(said)), _without_bars():
        warnings.simplefilter("always")
        yield said
        said += [str(warning.message) for warning in warned]


class _Collector(logging.Handler):
    """Keeps the texts of log records."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.append(record.getMessage())


@contextmanager
def _redirected_logs(handler: logging.Handler) -> Iterator[None]:
    loggers = [logging.getLogger(name) for name, _ in _LIBRARIES]
    before = [(logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)


@contextmanager
def _without_bars() -> Iterator[None]:
    shown = [module for _, module in _LIBRARIES if module.is_progress_bar_enabled()]
    for module in shown:
        module.disable_progress_bar()
    try:
        yield
    finally:
        for module in shown:
            module.enable_progress_bar()
