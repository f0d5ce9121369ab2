"""The read side of the Hub's protocol, below /hub/: what `datasets`, `huggingface_hub` and whatever rests on them speak.

A campaign with a finished release is the repository `<HUB_NAMESPACE>/<slug>`, and `<slug>.dpo` for scripts that can name
neither a config nor a revision. `main` is the newest release, `v3` the third, and a revision's 40 digits are its own.

urls          the routes; whatever else is asked, is not there
views         one function per route
asking        who asks, and what is said to somebody who may not see a thing or asks for one that is not there
repositories  repositories, their revisions and the files at a revision
dpo           what `<slug>.dpo` holds
git           the names that git would give to contents
"""
