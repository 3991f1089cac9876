"""Start the gallery; apart from it, so that its pages belong to a module of the tests."""

import os

from tests.pages.components.gallery import main

main(int(os.environ.get("QUDAO_PORT", "8123")))
