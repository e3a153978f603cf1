"""Lets Apprise send events: `apprise --plugin-path=/etc/apprise/plugins --title=claims-db --body="No backup" claimlinc://backup.failed`.

The host of the address is the type of the event. Its correlation id is the part after the slash, if there is one. Needs the
client of `clients/python/`, whose environment variables name the gateway.
"""

from apprise.decorators import notify
from claimlinc_teams import send_teams_notification

PRIORITIES = {"info": "INFO", "success": "INFO", "warning": "MEDIUM", "failure": "HIGH"}


@notify(on="claimlinc", name="claimlinc-teams")
def send(body, title, notify_type, meta, *_arguments, **_more):
    receipt = send_teams_notification(
        event_type=meta["host"],
        correlation_id=(meta.get("fullpath") or "").strip("/") or None,
        # A type's card has one pair of these; a field that it does not have is not kept.
        data={"component": title or "Apprise", "summary": body, "subject": title or "Apprise", "description": body},
        priority=PRIORITIES.get(str(getattr(notify_type, "value", notify_type))),
    )
    return receipt.state in ("accepted", "queued")
