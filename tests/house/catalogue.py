"""`python -m tests.house.catalogue` brings messages.po in line with the code; new texts stand empty."""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "webapp/translations/zh_CN/LC_MESSAGES/messages.po"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
HEAD = """# Simplified Chinese of shuangge. The msgids are the English texts of code and templates.
msgid ""
msgstr ""
"Language: zh_CN\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""


def texts() -> set[str]:
    """Every text of code and templates that goes through the catalogue."""
    found = extract_from_dir(str(ROOT / "webapp"), METHODS, keywords={"_": None, "N_": None})
    return {message for _file, _line, message, _comments, _context in found if message}


def main() -> None:
    """Write the catalogue, texts in alphabetical order; print what still lacks its Chinese."""
    with CATALOGUE.open("rb") as file:
        known = read_po(file, locale="zh_CN")
    catalogue = Catalog(locale="zh_CN", fuzzy=False)
    missing = []
    for text in sorted(texts(), key=str.lower):
        entry = known.get(text)
        translation = str(entry.string) if entry else ""
        missing += [] if translation else [text]
        catalogue.add(text, translation)
    out = io.BytesIO()
    write_po(out, catalogue, width=110, no_location=True, omit_header=True)
    CATALOGUE.write_text(HEAD + out.getvalue().decode().lstrip(), encoding="utf-8")
    print(f"{len(catalogue)} texts; without Chinese: {missing or 'none'}")


if __name__ == "__main__":
    main()
