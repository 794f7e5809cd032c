"""Paid calls: the journal in the store, the money it adds up to, and what a person decides about open ones."""
