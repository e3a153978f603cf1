"""Sends events to a claimlinc-teams gateway, which makes Adaptive Cards of them in Microsoft Teams.

One file, standard library only, Python 3.9 or newer::

    from claimlinc_teams import TeamsPriority, send_teams_notification

    send_teams_notification(
        event_type="backup.failed",
        data={"subject": "claims-db", "description": "No backup for 26 hours"},
        priority=TeamsPriority.HIGH,
    )

The call returns once the gateway has the event in its database, or, while the gateway is away, once the event is in the
outbox of this machine. It never raises unless it is asked to, and it ends within ``CLAIMLINC_TEAMS_TIMEOUT`` seconds.

``install(app)`` reports failed, retried, revoked and rejected tasks of a Celery app by themselves.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import fnmatch
import importlib
import json
import logging
import os
import queue
import random
import re
import socket
import sqlite3
import sys
import threading
import time
import traceback as tracebacks
import urllib.error
import urllib.parse
import urllib.request
import uuid
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

__all__ = [
    "Client",
    "Receipt",
    "TeamsNotificationError",
    "TeamsPriority",
    "install",
    "send_teams_notification",
]
__version__ = "0.1.0"

log = logging.getLogger("claimlinc_teams")

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_TIMEOUT_S = 5.0
DEFAULT_OUTBOX_EVENTS = 10_000
#: Most bytes of one event in the outbox; the gateway takes bodies of 5 MB.
MAX_EVENT_BYTES = 512 * 1024
#: Most bytes of the outbox on disk.
MAX_OUTBOX_BYTES = 256 * 1024 * 1024
#: Events and bytes of one request from the outbox.
BATCH_EVENTS, BATCH_BYTES = 100, 1024 * 1024
#: Refused events that the outbox keeps for `python -m claimlinc_teams status`.
MAX_REFUSED = 1_000
#: Most bytes of an answer that are read.
MAX_ANSWER_BYTES = 1024 * 1024
#: Longest wait for another process that writes to the outbox.
BUSY_S = 2.0
#: A process that sends from the outbox and does not renew this lease has ended.
LEASE_S = 60.0
#: Waits between tries: of one call, and of the thread that sends from the outbox.
FIRST_RETRY_S, FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 1.0, 60.0
#: Frames of a traceback that a report has.
MAX_FRAMES = 50

#: Statuses that say something about the event: sending it again does not help. After any other the event waits.
REFUSING_STATUSES = frozenset({400, 409, 413, 415, 422})
#: Statuses after which a call tries again within its time.
TRANSIENT_STATUSES = frozenset({429, 502, 503, 504})


class TeamsPriority(str, enum.Enum):
    """Urgency of an event."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    INFO = "INFO"


_RANKS = {priority.value: rank for rank, priority in enumerate(TeamsPriority)}


class TeamsNotificationError(Exception):
    """An event that was not taken. The message says what is wrong and what to do, and quotes no data of the event."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        #: A code of docs/reference/errors.md.
        self.code = code


@dataclass(frozen=True)
class Receipt:
    """What became of one event."""

    #: `accepted`: in the gateway's database. `queued`: in the outbox of this machine. `refused`: not valid, or the key
    #: was used for another event. `lost`: the gateway is away, and the outbox can not be used.
    state: str
    #: Repeat the call with this key, and no second card appears.
    idempotency_key: str
    #: Ids of an accepted event; None for others.
    event_id: Optional[str] = None
    correlation_id: Optional[str] = None
    #: True for an event that the gateway had already.
    duplicate: bool = False
    #: Why it was not accepted; None for an accepted event.
    problem: Optional[str] = None
    code: Optional[str] = None


class _Answer(NamedTuple):
    """What became of one request: `accepted`, `refused` (for the events' own sake) or `away`."""

    kind: str
    events: Sequence[Mapping[str, Any]] = ()
    code: str = ""
    problem: str = ""
    transient: bool = False
    retry_after_s: float = 0.0


class _Row(NamedTuple):
    """A waiting event of the outbox."""

    id: int
    idempotency_key: str
    body: str


# --- Events -----------------------------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """JSON for what a task's data often has. The error names the type and never the value, which may be a patient's."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, uuid.UUID, os.PathLike)):
        return str(value)
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raise TypeError(f"a value of the type {type(value).__name__}")


def _event_body(event: Mapping[str, Any]) -> str:
    """The event as JSON. Raises TeamsNotificationError `invalid_event` for what has no JSON form, or is too large."""
    given = {name: value for name, value in event.items() if value is not None}
    found = None
    body = ""
    try:
        # Without NaN, which is no JSON, and in ASCII, so that lone surrogates can be sent.
        body = json.dumps(given, default=_plain, allow_nan=False, separators=(",", ":"))
    except TypeError as error:
        # json's own message names a type of a key; _plain's one of a value.
        found = str(error)
    except (ValueError, RecursionError):
        found = "a number that is NaN or infinite, or a circular reference"
    if found is None and len(body) > MAX_EVENT_BYTES:
        found = f"an event of {len(body)} bytes"
    if found is not None:
        expected = f"JSON of at most {MAX_EVENT_BYTES} bytes: texts, numbers, lists, dates and dictionaries of them"
        raise TeamsNotificationError("invalid_event", f"data: {found}, expected {expected}")
    return body


# --- Settings ---------------------------------------------------------------------------------------------------------


def _setting(name: str, default: Optional[str] = None) -> Optional[str]:
    return os.environ.get(name, "").strip() or default


def _number(name: str, default: float, least: float, most: float) -> float:
    text = _setting(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if least <= value <= most:
        return value
    log.warning("claimlinc_teams: %s is no number from %g to %g; %g is used", name, least, most, default)
    return default


def _default_outbox() -> Optional[str]:
    given = _setting("CLAIMLINC_TEAMS_OUTBOX")
    if given is not None:
        return None if given.lower() in ("off", "none", "false") else os.path.expanduser(given)
    state = _setting("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(state, "claimlinc-teams", "outbox.sqlite3") if os.path.isabs(state) else None


def _base_url(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme in ("http", "https") and parts.hostname and not (parts.username or parts.query or parts.fragment):
        return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    # The URL itself may have a password in it.
    raise TeamsNotificationError(
        "invalid_settings",
        "CLAIMLINC_TEAMS_URL: not an address of a gateway, expected an http or https URL such as "
        f"{DEFAULT_URL}, without user name, query and fragment",
    )


# --- Requests ---------------------------------------------------------------------------------------------------------


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could send the token to another server."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


_ADDRESS = "CLAIMLINC_TEAMS_URL: the address at which `claimlinc-teams serve` says that it listens"


def _away(
    problem: str, transient: bool = True, code: str = "gateway_unreachable", retry_after_s: float = 0.0
) -> _Answer:
    return _Answer("away", code=code, problem=problem, transient=transient, retry_after_s=retry_after_s)


def _explain(error: BaseException) -> str:
    """What a failed connection means, without the error's own text, which may quote URLs and headers."""
    reason = getattr(error, "reason", error)
    name = type(reason).__name__
    if isinstance(reason, ConnectionRefusedError):
        return f"no program listens at the address ({name}). Check {_ADDRESS}"
    if "gaierror" in name:
        return f"the host name is not known ({name}). Check {_ADDRESS}"
    if "CertVerification" in name:
        return f"the certificate can not be checked ({name}). SSL_CERT_FILE names a file with further authorities"
    if name.startswith("SSL"):
        return f"the program there speaks no TLS ({name}). Check {_ADDRESS}"
    if "imeout" in name or name == "timed out":
        return f"no answer in time ({name})"
    return f"the connection failed ({name})"


def _read(response: Any, deadline: float) -> bytes:
    """The answer, up to a limit of bytes and of time: a server that sends slowly must not hold a thread for ever."""
    chunks: List[bytes] = []
    size = 0
    while size <= MAX_ANSWER_BYTES and time.monotonic() < deadline:
        chunk = response.read1(65536) if hasattr(response, "read1") else response.read(4096)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def _describe_problem(answer: Mapping[str, Any]) -> str:
    """The gateway's own words. It names fields and kinds of values and quotes none."""
    errors = answer.get("errors")
    told = [
        f"{item.get('at')}: {item.get('found')}, expected {item.get('expected')}"
        for item in (errors if isinstance(errors, list) else [])[:10]
        if isinstance(item, dict)
    ]
    return ". ".join([str(answer.get("title", "")), *told, str(answer.get("todo", ""))])[:2_000]


def _judge(status: int, raw: bytes, retry_after: Optional[str], count: int) -> _Answer:
    """What an answer means. Only a gateway's own answer makes an event accepted or refused."""
    try:
        answer = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        answer = None
    events = answer.get("events") if isinstance(answer, dict) else None
    if 200 <= status < 300 and isinstance(events, list) and len(events) == count:
        if all(isinstance(event, dict) for event in events):
            return _Answer("accepted", events=events)
    try:
        wait = min(max(float(retry_after or 0), 0.0), LONGEST_PAUSE_S)
    except ValueError:
        wait = 0.0
    if isinstance(answer, dict) and isinstance(answer.get("code"), str):
        code, problem = answer["code"], _describe_problem(answer)
        if status in REFUSING_STATUSES:
            return _Answer("refused", code=code, problem=problem)
        return _away(problem, status in TRANSIENT_STATUSES, code, wait)
    problem = f"status {status} from something that is no gateway. Check {_ADDRESS}"
    return _away(problem, status in TRANSIENT_STATUSES, retry_after_s=wait)


def _is_known(answer: _Answer, key: str) -> bool:
    """True where the gateway knows a failure of a task already, from Celery's events or a second delivery."""
    return answer.kind == "refused" and answer.code == "idempotency_key_reused" and key.startswith("celery:")


# --- The outbox -------------------------------------------------------------------------------------------------------


class _Outbox:
    """Events that wait for the gateway: one SQLite file, for all processes of a user, readable by that user alone.

    SQLite, since its locks and its journal keep the file whole when a process is killed in the middle of a write, on
    Windows too. Each operation opens the file anew: SQLite's locks do not survive a fork, and Celery forks its workers.
    """

    def __init__(self, path: str, most_events: int) -> None:
        self.path = path
        self.most_events = most_events
        #: Held while the file is open. A fork waits for it, so that no child has an open file of its parent.
        self.lock = threading.Lock()

    def _open(self) -> sqlite3.Connection:
        os.makedirs(os.path.dirname(os.path.abspath(self.path)), mode=0o700, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(self.path, flags, 0o600)
        try:
            if hasattr(os, "fchmod"):
                # Also the mode of the journal: SQLite copies it. Fails for a file of another user, as it should.
                os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
        connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
        try:
            # Without fsync: what is written survives every kill of a process. After a power failure the file may be
            # damaged, and is put aside. With fsync a worker whose tasks all fail could report 200 of them a second.
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA journal_mode = TRUNCATE").fetchone()
            # Sent events are overwritten, not only forgotten.
            connection.execute("PRAGMA secure_delete = ON").fetchone()
            connection.execute(f"PRAGMA max_page_count = {MAX_OUTBOX_BYTES // 4096}").fetchone()
            connection.execute(
                "CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, rank INTEGER NOT NULL,"
                " idempotency_key TEXT NOT NULL, event_type TEXT NOT NULL, body TEXT NOT NULL, queued_at REAL NOT NULL,"
                " problem TEXT)"
            )
            connection.execute("CREATE INDEX IF NOT EXISTS waiting ON outbox (rank DESC, id) WHERE problem IS NULL")
            connection.execute("CREATE TABLE IF NOT EXISTS sender (only INTEGER PRIMARY KEY, holder TEXT, ends REAL)")
        except BaseException:
            connection.close()
            raise
        return connection

    def _run(self, work: Callable[[sqlite3.Connection], Any], write: bool) -> Any:
        """Runs `work` in a transaction. A file that is no database is put aside, so that the next event can be kept."""
        with self.lock:
            try:
                return self._transaction(work, write)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                aside = f"{self.path}.damaged-{int(time.time())}"
                os.replace(self.path, aside)
                if os.path.exists(f"{self.path}-journal"):
                    os.unlink(f"{self.path}-journal")
                log.error("claimlinc_teams: the outbox is damaged and was put aside as %s; a new one is used", aside)
                return self._transaction(work, write)

    def _transaction(self, work: Callable[[sqlite3.Connection], Any], write: bool) -> Any:
        connection = self._open()
        try:
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            result = work(connection)
            connection.execute("COMMIT")
            return result
        finally:
            # Also rolls back.
            connection.close()

    def add(self, key: str, event_type: str, priority: Optional[str], body: str) -> bool:
        """Adds an event. Of a full outbox the oldest of the least urgent events gives way: False if one did."""
        rank = _RANKS.get(str(priority).upper(), _RANKS["MEDIUM"])

        def work(connection: sqlite3.Connection) -> bool:
            dropped = 0
            (count,) = connection.execute("SELECT count(*) FROM outbox WHERE problem IS NULL").fetchone()
            for _ in range(count - self.most_events + 1):
                dropped += connection.execute(
                    "DELETE FROM outbox WHERE id = (SELECT id FROM outbox WHERE problem IS NULL AND rank >= ?"
                    " ORDER BY rank DESC, id LIMIT 1)",
                    (rank,),
                ).rowcount
                if dropped == 0:
                    # All others are more urgent.
                    raise sqlite3.OperationalError("the outbox is full")
            connection.execute(
                "INSERT INTO outbox (rank, idempotency_key, event_type, body, queued_at) VALUES (?, ?, ?, ?, ?)",
                (rank, key, event_type, body, time.time()),
            )
            return dropped == 0

        return bool(self._run(work, write=True))

    def is_empty(self) -> bool:
        """True where no event waits. Makes no file."""
        if not os.path.exists(self.path):
            return True
        query = "SELECT 1 FROM outbox WHERE problem IS NULL LIMIT 1"
        return self._run(lambda connection: connection.execute(query).fetchone(), write=False) is None

    def first(self, most: int) -> List[_Row]:
        """The oldest events that wait, up to a number of them and of bytes."""

        def work(connection: sqlite3.Connection) -> List[_Row]:
            rows: List[_Row] = []
            size = 0
            query = "SELECT id, idempotency_key, body FROM outbox WHERE problem IS NULL ORDER BY id LIMIT ?"
            for row in connection.execute(query, (most,)):
                size += len(row[2])
                if rows and size > BATCH_BYTES:
                    break
                rows.append(_Row(*row))
            return rows

        rows: List[_Row] = self._run(work, write=False)
        return rows

    def remove(self, rows: Sequence[_Row]) -> None:
        ids = [(row.id,) for row in rows]
        self._run(lambda connection: connection.executemany("DELETE FROM outbox WHERE id = ?", ids), write=True)

    def refuse(self, row: _Row, problem: str) -> None:
        """Keeps a refused event, which is not sent again by itself."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE outbox SET problem = ? WHERE id = ?", (problem, row.id))
            connection.execute(
                "DELETE FROM outbox WHERE problem IS NOT NULL AND id NOT IN"
                " (SELECT id FROM outbox WHERE problem IS NOT NULL ORDER BY id DESC LIMIT ?)",
                (MAX_REFUSED,),
            )

        self._run(work, write=True)

    def restore(self) -> int:
        """Lets refused events be sent again, and says how many."""
        query = "UPDATE outbox SET problem = NULL WHERE problem IS NOT NULL"
        return int(self._run(lambda connection: connection.execute(query).rowcount, write=True))

    def figures(self) -> Tuple[int, Optional[float], List[Tuple[str, str, str]]]:
        """How many events wait, since when, and the refused ones: type, key, problem."""

        def work(connection: sqlite3.Connection) -> Tuple[int, Optional[float], List[Tuple[str, str, str]]]:
            waiting = "SELECT count(*), min(queued_at) FROM outbox WHERE problem IS NULL"
            refused = "SELECT event_type, idempotency_key, problem FROM outbox WHERE problem IS NOT NULL ORDER BY id"
            count, since = connection.execute(waiting).fetchone()
            return count, since, [(str(a), str(b), str(c)) for a, b, c in connection.execute(refused)]

        if not os.path.exists(self.path):
            return 0, None, []
        result: Tuple[int, Optional[float], List[Tuple[str, str, str]]] = self._run(work, write=False)
        return result

    def claim(self, holder: str) -> bool:
        """True where `holder` is the one that sends, for LEASE_S from now: one at a time, so that the order holds."""

        def work(connection: sqlite3.Connection) -> bool:
            now = time.time()
            row = connection.execute("SELECT holder, ends FROM sender").fetchone()
            # A lease that ends too late was written before the clock was set back.
            held = row is not None and row[0] != holder and now < row[1] <= now + LEASE_S
            if held and not _is_dead(row[0]):
                return False
            connection.execute("REPLACE INTO sender (only, holder, ends) VALUES (1, ?, ?)", (holder, now + LEASE_S))
            return True

        return bool(self._run(work, write=True))

    def release(self, holder: str) -> None:
        query = "DELETE FROM sender WHERE holder = ?"
        self._run(lambda connection: connection.execute(query, (holder,)), write=True)


def _is_dead(holder: str) -> bool:
    """True where a holder was a process of this machine that is gone, such as a worker's child that was killed while it sent.

    Where another process has its number now, the lease runs out.
    """
    host, pid, *_ = [*holder.split(" "), "", ""]
    if os.name != "posix" or host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


# --- The client -------------------------------------------------------------------------------------------------------


class Client:
    """Sends events to one gateway. `send_teams_notification` uses one that is made of the environment."""

    def __init__(
        self,
        url: Optional[str] = None,
        token: Optional[str] = None,
        *,
        token_file: Optional[str] = None,
        timeout: Optional[float] = None,
        outbox: Union[str, bool, None] = None,
        outbox_events: Optional[int] = None,
        raise_errors: bool = False,
    ) -> None:
        """Settings that are left out come from the environment.

        :param timeout: most seconds that a call takes, retries included
        :param outbox: path of the outbox; False for none
        :param outbox_events: most events in the outbox
        :param raise_errors: lets calls raise TeamsNotificationError for events that are refused or lost
        :raises TeamsNotificationError: `invalid_settings`
        """
        self.url = _base_url(url or _setting("CLAIMLINC_TEAMS_URL", DEFAULT_URL) or DEFAULT_URL)
        self._token = token or (_setting("CLAIMLINC_TEAMS_TOKEN") if url is None else None)
        self._token_file = token_file or (_setting("CLAIMLINC_TEAMS_TOKEN_FILE") if url is None else None)
        self.timeout = timeout or _number("CLAIMLINC_TEAMS_TIMEOUT", DEFAULT_TIMEOUT_S, 0.1, 300)
        self.raise_errors = raise_errors
        path = _default_outbox() if outbox is None or outbox is True else (outbox or None)
        most = outbox_events or int(_number("CLAIMLINC_TEAMS_OUTBOX_EVENTS", DEFAULT_OUTBOX_EVENTS, 1, 1_000_000))
        self._outbox = None if path is None else _Outbox(path, most)
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._told: Optional[str] = None
        self._thread_lock = threading.Lock()
        self._start()
        _clients.add(self)

    def _start(self) -> None:
        #: Names this process as the one that sends from the outbox.
        self._holder = f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex}"
        self._thread: Optional[threading.Thread] = None
        self._woken = False

    def before_fork(self) -> None:
        self._thread_lock.acquire()
        if self._outbox is not None:
            self._outbox.lock.acquire()

    def after_fork(self, in_child: bool) -> None:
        if in_child:
            # The thread is the parent's.
            self._start()
        if self._outbox is not None:
            self._outbox.lock.release()
        self._thread_lock.release()

    def send(
        self,
        event_type: str,
        data: Optional[Mapping[str, Any]] = None,
        correlation_id: Optional[str] = None,
        stakeholders: Optional[Iterable[str]] = None,
        priority: Union[TeamsPriority, str, None] = None,
        *,
        occurred_at: Union[datetime.datetime, str, None] = None,
        idempotency_key: Optional[str] = None,
        language: Optional[str] = None,
        raise_errors: Optional[bool] = None,
        queue_only: bool = False,
    ) -> Receipt:
        """Sends one event. See :func:`send_teams_notification`.

        :param queue_only: puts the event into the outbox and lets a thread send it: the caller waits for no network
        """
        deadline = time.monotonic() + self.timeout
        key = idempotency_key or uuid.uuid4().hex
        level = priority.value if isinstance(priority, enum.Enum) else priority
        if occurred_at is None and idempotency_key is None:
            # With a key of the caller a second call is the same event only if all of it is the same.
            occurred_at = datetime.datetime.now(datetime.timezone.utc)
        named = [stakeholders] if isinstance(stakeholders, str) else stakeholders
        try:
            receipt = self._send(
                {
                    "event_type": event_type,
                    "data": {} if data is None else data,
                    "correlation_id": correlation_id,
                    "stakeholders": None if named is None else list(named),
                    "priority": level,
                    "occurred_at": occurred_at,
                    "idempotency_key": key,
                    "language": language,
                },
                key,
                deadline,
                queue_only,
            )
        except TeamsNotificationError as error:
            receipt = Receipt("refused", key, code=error.code, problem=str(error))
        except Exception as error:
            if type(error).__name__ == "SoftTimeLimitExceeded":
                # Celery's signal to the task that calls, not a failure of this call.
                raise
            # Not its text, which may quote the event.
            problem = f"a failure of the client ({type(error).__name__})"
            receipt = Receipt("lost", key, code="internal", problem=problem)
        if receipt.state in ("refused", "lost"):
            self._tell_loss(event_type, receipt)
            if self.raise_errors if raise_errors is None else raise_errors:
                raise TeamsNotificationError(receipt.code or "internal", f"{receipt.state}: {receipt.problem}")
        return receipt

    def _send(self, event: Mapping[str, Any], key: str, deadline: float, queue_only: bool) -> Receipt:
        body = _event_body(event)
        priority, event_type = event["priority"], _printable(event["event_type"])
        waits = self.has_waiting()
        if (queue_only or waits) and self._keep(key, event_type, priority, body):
            # Behind the events that wait already, so that the order holds and the caller waits for no time-out.
            return Receipt("queued", key, problem="other events wait for the gateway" if waits else None)
        try:
            answer = self._post_until(body, deadline)
        except BaseException:
            # Ctrl-C, or the soft time limit of the Celery task that calls: whether the gateway has it is not known.
            self._keep(key, event_type, priority, body)
            raise
        if answer.kind == "accepted":
            told = answer.events[0]
            ids = [
                told.get(name) if isinstance(told.get(name), str) else None for name in ("event_id", "correlation_id")
            ]
            return Receipt("accepted", key, ids[0], ids[1], told.get("duplicate") is True)
        if _is_known(answer, key):
            return Receipt("accepted", key, duplicate=True)
        if answer.kind == "refused":
            return Receipt("refused", key, code=answer.code, problem=answer.problem)
        self._tell_away(answer)
        if self._keep(key, event_type, priority, body):
            return Receipt("queued", key, code=answer.code, problem=answer.problem)
        return Receipt("lost", key, code=answer.code, problem=f"{answer.problem}; the outbox can not be used")

    def flush(self, timeout: float = 30.0) -> bool:
        """Sends what waits in the outbox. True once nothing waits; False after `timeout` seconds, or without gateway."""
        deadline = time.monotonic() + timeout
        if self._outbox is None or not self.has_waiting():
            return True
        try:
            while self._outbox.claim(self._holder):
                try:
                    answer = self._send_first(deadline - time.monotonic())
                finally:
                    self._outbox.release(self._holder)
                if answer is None:
                    return True
                if answer.kind != "accepted" or time.monotonic() >= deadline:
                    return False
        except (sqlite3.Error, OSError) as error:
            self._tell_outbox(error)
        return False

    # -- One request --

    def _headers(self) -> Dict[str, str]:
        headers = {
            "content-type": "application/json",
            "accept": "application/json, application/problem+json",
            "user-agent": f"claimlinc-teams-python/{__version__}",
        }
        token = self._token
        if self._token_file is not None:
            # Each time, so that a new token needs no restart.
            with open(self._token_file, encoding="ascii") as file:
                token = file.read().strip()
        if token and not re.fullmatch(r"[\x21-\x7e]+", token):
            raise TeamsNotificationError(
                "invalid_settings", "CLAIMLINC_TEAMS_TOKEN: text with spaces or other characters, expected a token"
            )
        if token:
            headers["authorization"] = f"Bearer {token}"
        return headers

    def _request(self, body: str, count: int, deadline: float) -> _Answer:
        seconds = max(deadline - time.monotonic(), 0.05)
        try:
            headers = self._headers()
        except (OSError, ValueError) as error:
            return _away(f"CLAIMLINC_TEAMS_TOKEN_FILE can not be read ({type(error).__name__})", transient=False)
        except TeamsNotificationError as error:
            return _away(str(error), transient=False, code=error.code)
        request = urllib.request.Request(f"{self.url}/v1/events", body.encode("ascii"), headers, method="POST")
        try:
            with self._opener.open(request, timeout=seconds) as response:
                return _judge(response.status, _read(response, deadline), None, count)
        except urllib.error.HTTPError as error:
            with error:
                return _judge(error.code, _read(error, deadline), error.headers.get("retry-after"), count)
        except Exception as error:  # OSError, http.client.HTTPException, and what an odd server makes of them
            return _away(_explain(error))

    def _post(self, body: str, count: int, seconds: float) -> _Answer:
        """One request that takes no longer than `seconds`, also where a name server hangs or an answer drips."""
        deadline = time.monotonic() + seconds
        answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()
        thread = threading.Thread(
            target=lambda: answers.put(self._request(body, count, deadline)), name="claimlinc-teams-post", daemon=True
        )
        thread.start()
        try:
            return answers.get(timeout=max(seconds, 0.05))
        except queue.Empty:
            return _away("no answer in time")

    def _post_until(self, body: str, deadline: float) -> _Answer:
        pause = FIRST_RETRY_S
        while True:
            answer = self._post(body, 1, deadline - time.monotonic())
            wait = max(answer.retry_after_s, pause * (0.5 + random.random()))
            if answer.kind != "away" or not answer.transient or time.monotonic() + wait >= deadline:
                return answer
            time.sleep(wait)
            pause *= 2

    # -- The outbox --

    def has_waiting(self) -> bool:
        """True while an event in the outbox waits for the gateway."""
        try:
            return self._outbox is not None and not self._outbox.is_empty()
        except (sqlite3.Error, OSError) as error:
            self._tell_outbox(error)
            return False

    def _keep(self, key: str, event_type: str, priority: Any, body: str) -> bool:
        if self._outbox is None:
            return False
        try:
            if not self._outbox.add(key, event_type, priority, body):
                log.error("claimlinc_teams: the outbox is full; the oldest of its least urgent events was dropped")
        except (sqlite3.Error, OSError) as error:
            self._tell_outbox(error)
            return False
        self.start_sending()
        return True

    def start_sending(self) -> None:
        """Starts the thread that sends from the outbox, where none runs in this process."""
        with self._thread_lock:
            self._woken = True
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._send_waiting, name="claimlinc-teams-outbox", daemon=True)
                self._thread.start()

    def _ends_sending(self) -> bool:
        """True, and the thread is no longer this client's, unless an event came since it last looked."""
        with self._thread_lock:
            if not self._woken:
                self._thread = None
            return not self._woken

    def _send_waiting(self) -> None:
        """Sends until nothing waits. Another process that holds the lease sends this one's events too."""
        pause = FIRST_PAUSE_S
        while self._outbox is not None:
            self._woken = False
            answer: Optional[_Answer] = None
            try:
                if self._outbox.claim(self._holder):
                    answer = self._send_first(LEASE_S / 2)
                    if answer is None or answer.kind != "accepted":
                        self._outbox.release(self._holder)
                elif not self._outbox.is_empty():
                    answer = _away("another process sends", code="other_sends")
            except (sqlite3.Error, OSError) as error:
                self._tell_outbox(error)
                answer = _away("the outbox can not be used")
            if answer is None:
                if self._ends_sending():
                    return
            elif answer.kind == "accepted":
                pause = FIRST_PAUSE_S
            else:
                time.sleep(max(pause * (0.5 + random.random()), answer.retry_after_s))
                # A process that was killed while it sent is noticed soon.
                pause = FIRST_PAUSE_S if answer.code == "other_sends" else min(pause * 2, LONGEST_PAUSE_S)

    def _send_first(self, seconds: float) -> Optional[_Answer]:
        """Sends the oldest events of the outbox. None where none waits; else the answer, `accepted` where some are gone."""
        outbox = self._outbox
        rows = outbox.first(BATCH_EVENTS) if outbox is not None else []
        if outbox is None or not rows:
            return None
        answer = self._post("[" + ",".join(row.body for row in rows) + "]", len(rows), seconds)
        if answer.kind == "refused" and len(rows) > 1:
            # A list is refused as a whole: the first one by itself, and so on.
            rows = rows[:1]
            answer = self._post("[" + rows[0].body + "]", 1, seconds)
        if answer.kind == "away":
            self._tell_away(answer)
            return answer
        if answer.kind == "refused":
            if _is_known(answer, rows[0].idempotency_key):
                outbox.remove(rows)
            else:
                outbox.refuse(rows[0], answer.problem)
                log.error("claimlinc_teams: an event of the outbox was refused and is kept: %s", answer.problem)
            return _Answer("accepted")
        outbox.remove(rows)
        if self._told is not None:
            self._told = None
            log.warning("claimlinc_teams: the gateway takes events again; what waits in the outbox is sent")
        return answer

    # -- The command --

    def command_flush(self, refused: bool) -> int:
        logging.basicConfig(format="%(message)s")
        if refused and self._outbox is not None and os.path.exists(self._outbox.path):
            self._outbox.restore()
        return 0 if self.flush() else 1

    def command_status(self) -> int:
        if self._outbox is None:
            print("no outbox")
            return 0
        waiting, since, refused = self._outbox.figures()
        when = (
            ""
            if since is None
            else f", the oldest since {datetime.datetime.fromtimestamp(since).isoformat(' ', 'seconds')}"
        )
        print(f"{self._outbox.path}: {waiting} waiting{when}, {len(refused)} refused")
        for event_type, key, problem in refused:
            print(f"  {event_type} {key}: {problem}")
        return 1 if waiting or refused else 0

    # -- Log lines: once for each state, without data of events --

    def _tell_away(self, answer: _Answer) -> None:
        if self._told != answer.code:
            self._told = answer.code
            log.error("claimlinc_teams: the gateway takes no events; they wait in the outbox: %s", answer.problem)

    def _tell_outbox(self, error: Exception) -> None:
        what = f"{type(error).__name__}{'' if not isinstance(error, sqlite3.Error) else f', {error}'}"
        log.error("claimlinc_teams: the outbox can not be used (%s). CLAIMLINC_TEAMS_OUTBOX names its file", what)

    def _tell_loss(self, event_type: Any, receipt: Receipt) -> None:
        log.error("claimlinc_teams: an event %s was %s: %s", _printable(event_type), receipt.state, receipt.problem)


def _printable(event_type: Any) -> str:
    """A type in the form of the catalogue's; any other text may be a value in the wrong place."""
    match = re.fullmatch(r"[a-z0-9_.-]{1,100}", event_type) if isinstance(event_type, str) else None
    return "(of no type)" if match is None else match.group()


_clients: weakref.WeakSet[Client] = weakref.WeakSet()
_default: Optional[Client] = None
_default_lock = threading.Lock()


def _default_client() -> Client:
    global _default
    with _default_lock:
        if _default is None:
            _default = Client()
        return _default


_forking: List[Client] = []


def _before_fork() -> None:
    """A child must not inherit a lock that a thread of its parent holds, nor an open outbox."""
    _default_lock.acquire()
    _forking.extend(_clients)
    for client in _forking:
        client.before_fork()


def _after_fork(in_child: bool) -> None:
    for client in _forking:
        client.after_fork(in_child)
    _forking.clear()
    _default_lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=lambda: _after_fork(False),
        after_in_child=lambda: _after_fork(True),
    )


def send_teams_notification(
    event_type: str,
    data: Optional[Mapping[str, Any]] = None,
    correlation_id: Optional[str] = None,
    stakeholders: Optional[Iterable[str]] = None,
    priority: Union[TeamsPriority, str, None] = None,
    *,
    occurred_at: Union[datetime.datetime, str, None] = None,
    idempotency_key: Optional[str] = None,
    language: Optional[str] = None,
    raise_errors: bool = False,
) -> Receipt:
    """Sends one event to the gateway of the environment, and returns what became of it.

    :param event_type: a type of docs/reference/events.md, or of the gateway's configuration file
    :param data: the fields of the type's card
    :param correlation_id: names the subject; the gateway makes one if absent
    :param stakeholders: groups by key or display name; those of the type if absent
    :param priority: that of the type if absent
    :param occurred_at: now if absent and no `idempotency_key` is given
    :param idempotency_key: names this event: the same call with the same key makes no second card
    :param language: `en` or `ar`
    :param raise_errors: raises for an event that is refused or lost
    :raises TeamsNotificationError: only with `raise_errors`
    """
    try:
        client = _default_client()
    except TeamsNotificationError as error:
        if raise_errors:
            raise
        log.error("claimlinc_teams: an event %s was refused: %s", _printable(event_type), error)
        return Receipt("refused", idempotency_key or "", code=error.code, problem=str(error))
    return client.send(
        event_type,
        data,
        correlation_id,
        stakeholders,
        priority,
        occurred_at=occurred_at,
        idempotency_key=idempotency_key,
        language=language,
        raise_errors=raise_errors,
    )


# --- Celery -----------------------------------------------------------------------------------------------------------

#: What :func:`install` reports.
KINDS = ("failed", "retried", "revoked", "rejected")
#: Tasks that the main process of a worker remembers between their arrival and their end.
MAX_REMEMBERED = 20_000
#: How often the main process of a worker looks for events that a killed child left in the outbox.
LOOK_S = 10.0
_TIMEOUTS = ("SoftTimeLimitExceeded", "TimeLimitExceeded")


def install(
    app: Any,
    *,
    client: Optional[Client] = None,
    kinds: Iterable[str] = KINDS,
    ignore: Sequence[str] = (),
    messages: bool = False,
    correlation_argument: Optional[str] = None,
) -> None:
    """Reports failed, retried, revoked and rejected tasks of a Celery app. Call it where the app is made.

    A report goes into the outbox and is sent by a thread, so that a worker waits for no network. It has the task's name and
    id, queue, worker, retries, the class of the exception and where it was raised. It has no arguments, no message of the
    exception and no values, which may be a patient's.

    :param client: one that is made of the environment if absent
    :param kinds: some of :data:`KINDS`
    :param ignore: names of tasks that are not reported; `*` stands for any text
    :param messages: True where the messages of exceptions never have data of patients: then they are sent
    :param correlation_argument: a keyword argument of tasks with the correlation id, which is no patient's; the task's id is
        the correlation id if absent
    :raises TeamsNotificationError: `invalid_settings`
    """
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise TeamsNotificationError("invalid_settings", f"kinds: {unknown}, expected some of {list(KINDS)}")
    current = getattr(app, "_get_current_object", None)
    reports = _TaskReports(
        app if current is None else current(),
        client or _default_client(),
        frozenset(kinds),
        tuple(ignore),
        messages,
        correlation_argument,
    )
    signals = importlib.import_module("celery.signals")
    for name in (
        "task_received",
        "task_failure",
        "task_internal_error",
        "task_retry",
        "task_revoked",
        "task_postrun",
        "task_rejected",
        "task_unknown",
        "worker_ready",
        "worker_shutdown",
    ):
        signal = getattr(signals, name, None)  # task_internal_error came with Celery 5.1
        if signal is not None:
            # Not weak, because nothing else refers to it. A second install of the same app replaces the first.
            uid = f"claimlinc_teams.{name}.{id(reports.app)}"
            signal.disconnect(dispatch_uid=uid)
            signal.connect(getattr(reports, f"on_{name}"), weak=False, dispatch_uid=uid)


class _Origin(NamedTuple):
    """Where a task came from, and which try it was."""

    retries: int
    queue: Optional[str]
    worker: Optional[str]


class _TaskReports:
    """Handlers of Celery's signals, in the main process of a worker and in the processes of its pool."""

    def __init__(
        self,
        app: Any,
        client: Client,
        kinds: frozenset[str],
        ignore: Tuple[str, ...],
        messages: bool,
        correlation_argument: Optional[str],
    ) -> None:
        self.app = app
        self.client = client
        self.kinds = kinds
        self.ignore = ignore
        self.messages = messages
        self.correlation_argument = correlation_argument
        # The main process reports a killed child or a hard time limit, and Celery does not say there which try it was.
        self._received: OrderedDict[str, _Origin] = OrderedDict()

    # -- Signals of tasks --

    def on_task_received(self, sender: Any = None, request: Any = None, **_more: Any) -> None:
        if not self._is_ours(sender):
            return
        self._received[str(request.id)] = _origin(request)
        self._received.move_to_end(str(request.id))
        while len(self._received) > MAX_REMEMBERED:
            self._received.popitem(last=False)

    def on_task_failure(
        self,
        sender: Any = None,
        task_id: Any = None,
        exception: Any = None,
        kwargs: Any = None,
        traceback: Any = None,
        **_more: Any,
    ) -> None:
        # Since Celery 5.6 a task that raises `Reject` also fails, in the main process.
        kind = "rejected" if type(exception).__name__ == "Reject" else "failed"
        self._report(kind, sender, task_id, kwargs, exception, traceback)

    def on_task_internal_error(
        self,
        sender: Any = None,
        task_id: Any = None,
        exception: Any = None,
        kwargs: Any = None,
        traceback: Any = None,
        **_more: Any,
    ) -> None:
        self._report("failed", sender, task_id, kwargs, exception, traceback)

    def on_task_retry(self, sender: Any = None, request: Any = None, reason: Any = None, **_more: Any) -> None:
        cause = getattr(reason, "exc", None)
        exception = cause if isinstance(cause, BaseException) else reason
        traceback = getattr(exception, "__traceback__", None)
        self._report("retried", sender, request.id, request.kwargs, exception, traceback, request)

    def on_task_revoked(
        self, sender: Any = None, request: Any = None, terminated: Any = None, expired: Any = None, **_more: Any
    ) -> None:
        how = "expired" if expired else "terminated" if terminated else "revoked"
        error = f"celery.exceptions.TaskRevokedError: {how}"
        event_type = "celery.task.expired" if expired else "celery.task.revoked"
        self._report("revoked", sender, request.id, request.kwargs, error, None, request, event_type)

    def on_task_postrun(
        self,
        sender: Any = None,
        task_id: Any = None,
        kwargs: Any = None,
        retval: Any = None,
        state: Any = None,
        **_more: Any,
    ) -> None:
        # `raise Reject()`: Celery has no signal of its own for it. What goes back to its queue is not rejected for good.
        if state == "REJECTED" and not getattr(retval, "requeue", False):
            reason = getattr(retval, "reason", None)
            exception = reason if isinstance(reason, BaseException) else retval
            self._report("rejected", sender, task_id, kwargs, exception, getattr(exception, "__traceback__", None))

    def on_task_rejected(self, sender: Any = None, message: Any = None, exc: Any = None, **_more: Any) -> None:
        headers = getattr(message, "headers", None) or {}
        error = "a message that is no task" if exc is None else exc
        self._report_message("rejected", sender, message, headers.get("task"), headers.get("id"), error)

    def on_task_unknown(
        self, sender: Any = None, message: Any = None, exc: Any = None, name: Any = None, id: Any = None, **_more: Any
    ) -> None:
        self._report_message("failed", sender, message, name, id, "celery.exceptions.NotRegistered")

    # -- Signals of workers --

    def on_worker_ready(self, sender: Any = None, **_more: Any) -> None:
        if self._is_ours(sender):
            threading.Thread(target=self._look, name="claimlinc-teams-look", daemon=True).start()

    def on_worker_shutdown(self, sender: Any = None, **_more: Any) -> None:
        if self._is_ours(sender):
            self.client.flush(self.client.timeout)

    def _look(self) -> None:
        """In the main process: sends what a child left that ended before its thread had sent it."""
        while True:
            if self.client.has_waiting():
                self.client.start_sending()
            time.sleep(LOOK_S)

    # -- Reports --

    def _is_ours(self, sender: Any) -> bool:
        return getattr(sender, "app", self.app) is self.app

    def _report(
        self,
        kind: str,
        task: Any,
        task_id: Any,
        kwargs: Any,
        error: Any,
        traceback: Any,
        request: Any = None,
        event_type: Optional[str] = None,
    ) -> None:
        try:
            if not self._is_ours(task):
                return
            if request is None:
                current = getattr(task, "request", None)
                request = current if getattr(current, "id", None) == task_id else None
            remembered = self._received.pop(str(task_id), None)
            origin = remembered or _Origin(0, None, None) if request is None else _origin(request)
            most = getattr(task, "max_retries", None)
            argument = self.correlation_argument
            given = kwargs.get(argument) if argument is not None and isinstance(kwargs, Mapping) else None
            told = event_type or _event_type(kind, error)
            self._send(kind, told, getattr(task, "name", None), task_id, origin, error, traceback, most, given)
        except Exception as problem:
            self._tell(problem)

    def _report_message(self, kind: str, consumer: Any, message: Any, name: Any, task_id: Any, error: Any) -> None:
        try:
            if not self._is_ours(consumer):
                return
            headers = getattr(message, "headers", None) or {}
            delivery = getattr(message, "delivery_info", None) or {}
            origin = _Origin(_whole(headers.get("retries")), delivery.get("routing_key"), None)
            self._send(kind, _event_type(kind, error), name, task_id, origin, error, None, None, None)
        except Exception as problem:
            self._tell(problem)

    def _send(
        self,
        kind: str,
        event_type: str,
        name: Any,
        task_id: Any,
        origin: _Origin,
        error: Any,
        traceback: Any,
        max_retries: Any,
        correlation_id: Any,
    ) -> None:
        task_name = str(name or "(unknown)")
        if kind not in self.kinds or any(fnmatch.fnmatchcase(task_name, pattern) for pattern in self.ignore):
            return
        known = task_id is not None
        identity = str(task_id) if known else uuid.uuid4().hex
        data: Dict[str, Any] = {
            "task_name": task_name,
            "task_id": identity,
            "queue": origin.queue,
            "worker": origin.worker,
            "retry_count": origin.retries,
            "max_retries": max_retries if isinstance(max_retries, int) else None,
            "error": error if isinstance(error, str) else _describe(error, self.messages),
            "traceback": _frames(traceback),
        }
        self.client.send(
            event_type,
            {field: value for field, value in data.items() if value is not None},
            str(correlation_id) if correlation_id else identity,
            occurred_at=datetime.datetime.now(datetime.timezone.utc),
            # The same as that of a gateway that reads Celery's events: what both see is one event.
            idempotency_key=f"celery:{identity}:{kind}:{origin.retries}",
            queue_only=True,
            raise_errors=False,
        )

    def _tell(self, problem: Exception) -> None:
        log.error("claimlinc_teams: a task could not be reported (%s)", type(problem).__name__)


def _event_type(kind: str, error: Any) -> str:
    """Of a kind but `revoked`, which has several."""
    name = type(error).__name__
    if kind == "failed" and name in _TIMEOUTS:
        return "celery.task.timeout"
    if kind == "failed" and name == "WorkerLostError":
        return "celery.task.lost"
    return {"retried": "celery.task.retry", "rejected": "celery.task.rejected"}.get(kind, "celery.task.failed")


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _origin(request: Any) -> _Origin:
    """Of a Context of a task, or of a Request of a worker, which has the number of retries in its headers."""
    headers = getattr(request, "request_dict", None)
    retries = headers.get("retries") if isinstance(headers, dict) else getattr(request, "retries", None)
    delivery = getattr(request, "delivery_info", None) or {}
    queue = delivery.get("routing_key") if isinstance(delivery, Mapping) else None
    worker = getattr(request, "hostname", None)
    return _Origin(_whole(retries), queue or None, str(worker) if worker else None)


def _describe(error: Any, messages: bool) -> str:
    """Classes of an exception and its causes; their messages too where they have no data of patients."""
    told: List[str] = []
    while isinstance(error, BaseException) and len(told) < 5:
        wrapped = getattr(error, "exc", None)
        if type(error).__name__ in ("ExceptionWithTraceback", "RemoteTraceback") and wrapped is not None:
            error = wrapped
            continue
        # Celery wraps what it can not pickle, and names it.
        module = getattr(error, "exc_module", None) or type(error).__module__
        name = getattr(error, "exc_cls_name", None) or type(error).__qualname__
        full = str(name) if module in ("builtins", None) else f"{module}.{name}"
        told.append(f"{full}: {str(error)[:2_000]}" if messages and str(error) else full)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return ", caused by ".join(told) or "(unknown)"


def _frames(traceback: Any) -> Optional[str]:
    """Where an exception was raised: files, lines and functions, and no message. None where only a text is known."""
    if not isinstance(traceback, TracebackType):
        return None
    frames = list(tracebacks.extract_tb(traceback))
    shown = [f'File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in frames[-MAX_FRAMES:]]
    return "\n".join(["Traceback (most recent call last):", *shown])


# --- The command ------------------------------------------------------------------------------------------------------

_USAGE = """usage: python -m claimlinc_teams status | flush [--refused]

status   what waits in the outbox, and which events the gateway refused; exit code 1 if there are any
flush    sends what waits, with --refused also what was refused; exit code 1 if events are left
"""


def main(arguments: Sequence[str]) -> int:
    """`python -m claimlinc_teams`. Exit codes as those of claimlinc-teams: 0 nothing waits, 1 something does, 2 wrong usage."""
    if list(arguments) not in (["status"], ["flush"], ["flush", "--refused"]):
        print(_USAGE, end="", file=sys.stderr)
        return 2
    try:
        client = Client()
    except TeamsNotificationError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments[0] == "flush":
        return client.command_flush(len(arguments) > 1)
    return client.command_status()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
