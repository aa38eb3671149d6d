"""Who may log in: one user with one password, checked the same way for both protocols."""

import hmac
from dataclasses import dataclass, field

from deploy.local.clickhouse.errors import Code, ServerError


@dataclass(frozen=True)
class Credentials:
    user: str
    password: str = field(repr=False)

    def require(self, user: str, password: str) -> None:
        """ServerError AUTHENTICATION_FAILED unless both are right; takes as long whichever is wrong."""
        right_user = hmac.compare_digest(_raw(user), _raw(self.user))
        right_password = hmac.compare_digest(_raw(password), _raw(self.password))
        if not (right_user & right_password):
            raise ServerError.of(
                Code.AUTHENTICATION_FAILED,
                "Authentication failed: password is incorrect, or there is no user with such name.",
            )


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
