"""Scripts that import each other, as they are served."""

from __future__ import annotations

import re

from django.core.files.base import ContentFile

from annotator.lib.static_modules import ModulesStorage


def test_modules_import_each_other_by_the_names_under_which_they_are_served(tmp_path, settings):
    storage = ModulesStorage(location=tmp_path)
    files = {
        "js/page/main.js": 'import { send } from "./send.js";\n',
        "js/page/send.js": "export const send = 1;\n",
        "package/other.js": '// import "./gone.js";\n',
    }
    for name, text in files.items():
        storage.save(name, ContentFile(text))

    done = {name: hashed for name, hashed, _ in storage.post_process({name: (storage, name) for name in files})}

    main = (tmp_path / storage.stored_name("js/page/main.js")).read_text()
    assert re.fullmatch(r'import \{ send \} from "\./send\.[0-9a-f]{12}\.js";\n', main)
    assert "package/other.js" in done
