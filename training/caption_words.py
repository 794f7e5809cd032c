"""The words that training captions hold, so that the engine can say which words of a prompt are new to the model.

The words are those of a long draw of the very scenes that training draws, so rare ones may be missing.
"""

import argparse
import gzip
import re
from pathlib import Path

from training.library import load_library, load_pictures
from training.scenes import SceneMaker
from training.tokenizer import PATTERN

CELLS = 16


def caption_words(maker: SceneMaker, captions: int) -> list[str]:
    """The words of that many captions, sorted."""
    words: set[str] = set()
    for _ in range(captions):
        words.update(re.findall(PATTERN, maker.make(CELLS, CELLS).caption.lower()))
    return sorted(word for word in words if word.isalpha())


def main() -> None:
    """Writes `caption_words.txt.gz`, one word a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--captions", type=int, default=500_000)
    arguments = parser.parse_args()
    maker = SceneMaker(load_library(arguments.work, load_pictures(arguments.work)), seed=0)
    words = caption_words(maker, arguments.captions)
    text = "".join(f"{word}\n" for word in words)
    (arguments.work / "caption_words.txt.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{len(words)} words in {arguments.captions} captions")


if __name__ == "__main__":
    main()
