"""Contact sheets and variance reports as self-contained HTML pages and as pictures."""
