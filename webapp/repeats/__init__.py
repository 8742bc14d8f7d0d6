"""Repeats of one matter: what is linked, offered for merging, merged, and listed beside the directives."""
