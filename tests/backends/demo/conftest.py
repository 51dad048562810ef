"""Readable failures in the suite every backend runs."""

import pytest

pytest.register_assert_rewrite("phonework.testing.backend_contract")
