"""The control plane: what is true and how it may change.

`plane` is the door; each type of resource has its provider; `bulk` does to many machines at once, in SQL, what providers
do to one. Knows the feed and the rules; the index is not its affair.
"""
