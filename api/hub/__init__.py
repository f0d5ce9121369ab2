"""The read side of the Hub's protocol, below /hub/: what `datasets`, `huggingface_hub` and tools built on them use.

A campaign with a finished release is the repository `<HUB_NAMESPACE>/<slug>`, and `<slug>.dpo` for scripts that can name
neither a config nor a revision. `main` is the newest release, `v3` the third, and a revision's 40 digits are its own.

urls          the routes; every other address is a 404
views         one function per route
caller        the caller, and the errors for missing data and missing access
repositories  repositories, their revisions and the files at a revision
dpo           what `<slug>.dpo` holds
git           the names that git would give to contents
"""
