"""Against the gateway at CLAIMLINC_TEAMS_TEST_URL, with `Road` before it. `npm test` runs this with a gateway of its own."""

from __future__ import annotations

import datetime
import decimal
import json
import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from typing import Any, Dict, List
from unittest import mock

import claimlinc_teams
from claimlinc_teams import Client, TeamsNotificationError, TeamsPriority

from tests.road import Road

GATEWAY = os.environ["CLAIMLINC_TEAMS_TEST_URL"]
TOKEN = os.environ.get("CLAIMLINC_TEAMS_TEST_TOKEN", "")
#: Stands for a patient: no log line and no text of an error may have it.
MARK = "mArKeD0987654321"
CLAIM = {"subject": "claims-db", "description": "No backup"}
#: A port on which nothing listens.
NOWHERE = "http://127.0.0.1:9"


class ClientTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.outbox = os.path.join(folder.name, "state", "outbox.sqlite3")
        self.road = Road(GATEWAY)
        self.addCleanup(self.road.close)
        logs = self.assertLogs("claimlinc_teams", "DEBUG")
        self.logs = logs.__enter__()
        claimlinc_teams.log.debug("so that there is a line")
        self.addCleanup(lambda: self.assertNotIn(MARK, "\n".join(self.logs.output)))
        self.addCleanup(lambda: logs.__exit__(None, None, None))

    def client(self, url: str = "", **options: Any) -> Client:
        return Client(
            url or self.road.url,
            TOKEN,
            outbox=options.pop("outbox", self.outbox),
            timeout=options.pop("timeout", 10),
            **options,
        )

    def quiet(self, url: str = NOWHERE, **options: Any) -> Client:
        """A client whose thread does not send from the outbox: the test does."""
        client = self.client(url, timeout=0.2, **options)
        client.start_sending = lambda: None  # type: ignore[method-assign]
        return client

    def waiting(self) -> List[str]:
        connection = sqlite3.connect(self.outbox)
        rows = connection.execute("SELECT body FROM outbox WHERE problem IS NULL ORDER BY id").fetchall()
        connection.close()
        return [json.loads(body)["correlation_id"] for (body,) in rows]

    def notifications(self, correlation_id: str) -> List[Dict[str, Any]]:
        request = urllib.request.Request(
            f"{GATEWAY}/v1/notifications?correlation_id={correlation_id}", headers={"authorization": f"Bearer {TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            result: List[Dict[str, Any]] = json.load(answer)["notifications"]
            return result

    # -- A gateway that is there --

    def test_sends_the_events_of_the_seeds_as_integrations_teams(self) -> None:
        environment = {"CLAIMLINC_TEAMS_URL": GATEWAY, "CLAIMLINC_TEAMS_TOKEN": TOKEN, "CLAIMLINC_TEAMS_OUTBOX": "off"}
        with mock.patch.dict(os.environ, environment), mock.patch.object(claimlinc_teams, "_default", None):
            from integrations.teams import TeamsPriority, send_teams_notification

            receipt = send_teams_notification(
                event_type="vault.seal.detected",
                correlation_id="vault-seal-abc123",
                data={
                    "node": "vault-node-2.prod.svc.cluster.local",
                    "cluster_id": "cluster-abc123",
                    "sealed_at": "2025-01-15T14:23:45Z",
                    "auto_unseal_attempted": True,
                    "auto_unseal_error": "Azure Key Vault timeout",
                },
                stakeholders=["Security Eng.", "SRE", "CloudOps"],
                priority=TeamsPriority.CRITICAL,
            )
        self.assertEqual((receipt.state, receipt.correlation_id), ("accepted", "vault-seal-abc123"))
        self.assertEqual(
            {(row["channel"], row["priority"]) for row in self.notifications("vault-seal-abc123")},
            {("security_eng", "CRITICAL"), ("sre", "CRITICAL"), ("cloudops", "CRITICAL")},
        )

    def test_makes_one_card_of_an_event_whose_answer_was_lost(self) -> None:
        self.road.mode = "loses the answer"
        client = self.quiet(self.road.url)
        client.timeout = 3
        receipt = client.send("backup.failed", CLAIM, "python-lost-answer", ["SRE"])
        self.assertEqual(receipt.state, "queued")
        self.road.mode = "open"
        self.assertTrue(client.flush())
        self.assertEqual(len(self.notifications("python-lost-answer")), 1)
        self.assertGreater(len(self.road.seen), 1)

    def test_takes_values_of_a_task(self) -> None:
        data = {
            **CLAIM,
            "due_at": datetime.datetime(2026, 11, 30, tzinfo=datetime.timezone.utc),
            "reference": decimal.Decimal("7"),
        }
        receipt = self.client().send("backup.failed", data, priority="low")
        self.assertEqual(receipt.state, "accepted", receipt.problem)

    # -- An event that is not valid --

    def test_returns_the_gateways_reason_for_a_refusal_and_quotes_no_data(self) -> None:
        receipt = self.client().send(
            "nphies.eligibility.denied", {"patient_id": MARK, "payer": {"x": MARK}, "status": "denied"}
        )
        self.assertEqual((receipt.state, receipt.code), ("refused", "invalid_event"))
        self.assertIn("data.payer", receipt.problem or "")
        self.assertNotIn(MARK, receipt.problem or "")

    def test_refuses_what_is_no_json_and_names_its_type(self) -> None:
        class Patient:
            def __repr__(self) -> str:
                return MARK

        for value, words in ((Patient(), "type Patient"), (float("nan"), "NaN"), ("x" * 600_000, "bytes")):
            receipt = self.client().send("backup.failed", {**CLAIM, "reference": value})
            self.assertEqual(receipt.state, "refused")
            self.assertIn(words, receipt.problem or "")
        self.assertEqual(self.road.seen, [])

    def test_raises_only_when_asked_to(self) -> None:
        with self.assertRaises(TeamsNotificationError) as caught:
            self.client().send("no.such.type", raise_errors=True)
        self.assertEqual(caught.exception.code, "invalid_event")
        self.assertEqual(self.client(outbox=False).send("no.such.type").state, "refused")

    def test_passes_on_the_soft_time_limit_of_the_task_and_keeps_the_event(self) -> None:
        class SoftTimeLimitExceeded(Exception):
            pass

        client = self.quiet()
        with (
            mock.patch.object(client, "_post", side_effect=SoftTimeLimitExceeded),
            self.assertRaises(SoftTimeLimitExceeded),
        ):
            client.send("backup.failed", CLAIM, "soft-limit")
        self.assertEqual(self.waiting(), ["soft-limit"])

    # -- A gateway that is away --

    def test_ends_within_its_time_however_the_gateway_hangs(self) -> None:
        for mode in ("hangs", "drips", "busy"):
            self.road.mode = mode
            start = time.monotonic()
            client = self.quiet(self.road.url, outbox=f"{self.outbox}-{mode}")
            client.timeout = 0.5
            self.assertEqual(client.send("backup.failed", CLAIM, mode).state, "queued")
            self.assertLess(time.monotonic() - start, 2)

    def test_keeps_events_in_a_private_file_and_sends_them_in_order(self) -> None:
        client = self.quiet()
        for index in range(150):
            self.assertEqual(client.send("backup.failed", CLAIM, f"c{index}").state, "queued")
        self.assertEqual(stat.S_IMODE(os.stat(self.outbox).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.outbox)).st_mode), 0o700)
        self.road.mode = "takes"
        self.assertTrue(self.client().flush())
        sent = [event["correlation_id"] for event in self.road.taken]
        self.assertEqual(sent, [f"c{index}" for index in range(150)])
        self.assertEqual(self.waiting(), [])

    def test_sends_by_itself_once_the_gateway_is_back(self) -> None:
        self.road.mode = "unauthenticated"
        client = self.client()
        self.assertEqual(client.send("backup.failed", CLAIM, "first").state, "queued")
        self.assertEqual(client.send("backup.failed", CLAIM, "second").state, "queued")
        self.road.mode = "takes"
        deadline = time.monotonic() + 30
        while client.has_waiting() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual([event["correlation_id"] for event in self.road.taken], ["first", "second"])

    def test_keeps_what_something_else_than_a_gateway_takes(self) -> None:
        for mode in ("web page", "redirects"):
            self.road.mode = mode
            client = self.quiet(self.road.url)
            client.timeout = 3
            client.send("backup.failed", CLAIM, mode)
        self.assertEqual(self.waiting(), ["web page", "redirects"])
        self.assertFalse(client.flush(1))
        # One request for the first event, and one for both: a redirect was not followed.
        self.assertLessEqual(len(self.road.seen), 3)

    def test_puts_a_refused_event_aside_and_sends_the_others(self) -> None:
        client = self.quiet()
        for event_type in ("good", "bad", "good"):
            client.send(event_type, {}, event_type)
        self.road.mode = "refuses"
        self.assertTrue(self.client().flush())
        command = [sys.executable, "-m", "claimlinc_teams"]
        environment = {**os.environ, "CLAIMLINC_TEAMS_OUTBOX": self.outbox, "CLAIMLINC_TEAMS_URL": self.road.url}
        status = subprocess.run([*command, "status"], env=environment, capture_output=True, text=True)
        self.assertEqual(status.returncode, 1)
        self.assertIn("0 waiting, 1 refused", status.stdout)
        self.road.mode = "takes"
        subprocess.run([*command, "flush", "--refused"], env=environment, check=True)
        self.assertEqual(self.road.seen[-1][0]["event_type"], "bad")
        self.assertEqual(subprocess.run([*command, "status"], env=environment, stdout=subprocess.DEVNULL).returncode, 0)

    def test_drops_a_report_of_celery_that_the_gateway_has_from_elsewhere(self) -> None:
        self.road.mode = "known"
        client = self.client()
        report = client.send("celery.task.failed", {}, idempotency_key="celery:id:failed:0")
        self.assertEqual((report.state, report.duplicate), ("accepted", True))
        self.assertEqual(client.send("celery.task.failed", {}, idempotency_key="mine").state, "refused")
        waits = self.quiet()
        waits.send("celery.task.failed", {}, idempotency_key="celery:id:failed:1")
        self.assertTrue(client.flush())

    def test_gives_up_the_oldest_of_the_least_urgent_events_of_a_full_outbox(self) -> None:
        client = self.quiet(outbox_events=3)
        for correlation_id, priority in (
            ("a", "INFO"),
            ("b", "HIGH"),
            ("c", "INFO"),
            ("d", TeamsPriority.CRITICAL),
            ("e", "HIGH"),
        ):
            client.send("backup.failed", CLAIM, correlation_id, priority=priority)
        self.assertEqual(self.waiting(), ["b", "d", "e"])
        self.assertEqual(client.send("backup.failed", CLAIM, "f", priority="LOW").state, "lost")

    def test_puts_a_damaged_file_aside(self) -> None:
        os.makedirs(os.path.dirname(self.outbox))
        with open(self.outbox, "wb") as file:
            file.write(b"no database " * 1_000)
        self.assertEqual(self.quiet().send("backup.failed", CLAIM, "after").state, "queued")
        self.assertEqual(self.waiting(), ["after"])
        self.assertEqual(len([name for name in os.listdir(os.path.dirname(self.outbox)) if ".damaged-" in name]), 1)

    def test_is_lost_and_says_so_without_an_outbox(self) -> None:
        receipt = self.quiet(outbox=False).send("backup.failed", CLAIM)
        self.assertEqual((receipt.state, receipt.code), ("lost", "gateway_unreachable"))
        self.assertIn("no program listens", receipt.problem or "")

    # -- Several processes --

    def test_loses_nothing_of_several_processes_of_which_some_are_killed(self) -> None:
        """Each prints a number once its event is in the file. Killed in the middle of a write, the file stays whole."""
        program = (
            "import sys; from claimlinc_teams import Client\n"
            "client = Client(sys.argv[1], outbox=sys.argv[2], timeout=0.2); client.start_sending = lambda: None\n"
            "for index in range(10_000):\n"
            "    receipt = client.send('backup.failed', {}, f'{sys.argv[3]}-{index}', queue_only=True)\n"
            "    print(index if receipt.state == 'queued' else receipt, flush=True)\n"
        )
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", program, NOWHERE, self.outbox, name], stdout=subprocess.PIPE, text=True
            )
            for name in "abc"
        ]
        kept: Dict[str, int] = {}
        for name, process in zip("abc", processes):
            assert process.stdout is not None
            for line in process.stdout:
                if int(line) == 30:
                    process.send_signal(signal.SIGKILL)
                kept[name] = int(line)
            process.stdout.close()
            process.wait()
        ids = self.waiting()
        for name, last in kept.items():
            own = [int(one.split("-")[1]) for one in ids if one.startswith(name)]
            # The one that was written when the process was killed may be there, too.
            self.assertEqual(own, list(range(len(own))))
            self.assertGreaterEqual(len(own), last + 1)

    def test_sends_at_once_what_a_killed_process_had_begun_to_send(self) -> None:
        client = self.quiet()
        self.assertEqual(client.send("backup.failed", CLAIM, "left").state, "queued")
        program = (
            "import os, signal, sys; from claimlinc_teams import Client\n"
            "client = Client(sys.argv[1], outbox=sys.argv[2])\n"
            "print(client._outbox.claim(client._holder), flush=True); os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        told = subprocess.run([sys.executable, "-c", program, NOWHERE, self.outbox], stdout=subprocess.PIPE, text=True)
        self.assertEqual(told.stdout, "True\n")
        self.road.mode = "takes"
        self.assertTrue(self.client().flush())
        self.assertEqual([event["correlation_id"] for event in self.road.taken], ["left"])

    @unittest.skipUnless(hasattr(os, "fork"), "no fork")
    def test_sends_from_a_child_process_while_threads_of_its_parent_use_the_outbox(self) -> None:
        client = self.client(NOWHERE, timeout=0.2)
        client.send("backup.failed", CLAIM, "parent")
        context = multiprocessing.get_context("fork")
        children = [context.Process(target=client.send, args=("backup.failed", CLAIM, f"child{n}")) for n in range(5)]
        for child in children:
            child.start()
        for child in children:
            child.join(30)
        self.assertEqual([child.exitcode for child in children], [0] * 5)
        self.assertEqual(sorted(self.waiting()), ["child0", "child1", "child2", "child3", "child4", "parent"])

    # -- Settings --

    def test_reads_a_token_from_a_file_each_time(self) -> None:
        self.road.mode = "takes"
        path = os.path.join(os.path.dirname(os.path.dirname(self.outbox)), "token")
        client = Client(self.road.url, token_file=path, outbox=False)
        for token in ("first", "second"):
            with open(path, "w", encoding="ascii") as file:
                file.write(f"{token}\n")
            self.assertEqual(client.send("backup.failed", CLAIM).state, "accepted")
        self.assertEqual([headers["authorization"] for headers in self.road.headers], ["Bearer first", "Bearer second"])

    def test_refuses_an_address_that_is_none_without_quoting_it(self) -> None:
        for url in ("gateway:8080", f"http://user:{MARK}@gateway", "http://"):
            with self.assertRaises(TeamsNotificationError) as caught:
                Client(url)
            self.assertIn("CLAIMLINC_TEAMS_URL", str(caught.exception))
            self.assertNotIn(MARK, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
