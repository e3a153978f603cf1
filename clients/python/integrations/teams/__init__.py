"""The platform's name for :mod:`claimlinc_teams`. `integrations` is a namespace package: another distribution may add to it."""

from claimlinc_teams import (
    Client,
    Receipt,
    TeamsNotificationError,
    TeamsPriority,
    install,
    send_teams_notification,
)

__all__ = [
    "Client",
    "Receipt",
    "TeamsNotificationError",
    "TeamsPriority",
    "install",
    "send_teams_notification",
]
