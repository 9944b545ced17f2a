"""Webhooks: what is sent, where to it is never sent, and what becomes of failures."""

import json
import math
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from engine.alerting import webhook
from engine.alerting.courier import WAITS_S, Courier, deliveries
from engine.alerting.journal import Fired, Journal
from engine.alerting.rule import Rule
from engine.alerting.rule_book import RuleBook, masked
from engine.alerting.service import AlertService
from engine.alerting.watcher import Watcher
from engine.alerting.webhook import NotDelivered, fault_of, message_of, post
from engine.runs.store import RunStore
from tests.engine.alerting_runs import Bench, Clock

LOCAL = frozenset({"127.0.0.1", "localhost"})
SECRET = "https://hooks.slack.com/services/T0/B0/verysecret?token=abc"
ABOVE_2 = {"kind": "compare", "metric": "val/loss", "is": ">", "value": 2}


def fired(**changes):
    facts = {
        "id": "1" * 16, "rule": "0" * 8, "revision": 0, "name": "too <high>", "run": "r1",
        "run_name": "docs & gpt", "metric": "val/loss", "value": 3.0, "bound": 2.0, "step": 7,
        "time": 5.0, "found_at": 6.0, "text": "val/loss was 3.", "channels": ("app", "webhook"),
    }  # fmt: skip
    return Fired.parse(facts | changes)


@pytest.fixture
def receiver():
    """A server that answers with `receiver.answers`, one after the other, then with 200."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((self.path, json.loads(body)))
            status, *headers = server.answers.pop(0) if server.answers else (200,)
            if status == "drip":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                for _ in range(100):
                    time.sleep(0.05)
                    self.wfile.write(b"X-A: b\r\n")
                server.heard_out = True
                return
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *args: None  # a sender that hangs up
    server.got, server.answers, server.heard_out = [], [], False
    server.url = f"http://127.0.0.1:{server.server_port}/hook?key=s3cret"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


# -- one message -----------------------------------------------------------------------------------


def test_a_message_is_posted_as_json_that_slack_discord_and_programs_read(receiver):
    assert post(receiver.url, message_of(fired(), "http://td:1/"), LOCAL) == 200
    ((path, message),) = receiver.got
    assert path == "/hook?key=s3cret"
    text = "too <high> · docs & gpt: val/loss was 3. http://td:1/live?run=r1"
    assert message == {
        "text": text, "content": text, "allowed_mentions": {"parse": []}, "id": "1" * 16,
        "run": "r1", "run_name": "docs & gpt", "rule": "too <high>", "metric": "val/loss",
        "value": 3.0, "bound": 2.0, "step": 7, "time": 5.0, "url": "http://td:1/live?run=r1",
    }  # fmt: skip


def test_slack_takes_no_name_for_a_command():
    text = message_of(fired(name="<!channel>"), None, slack=True)["text"]
    assert text == "&lt;!channel&gt; · docs &amp; gpt: val/loss was 3."


@pytest.mark.parametrize(
    ("value", "sent"), [(math.nan, "NaN"), (-math.inf, "-Infinity"), (None, None)]
)
def test_numbers_that_json_does_not_have_are_sent_as_text(value, sent):
    assert message_of(fired(value=value), None)["value"] == sent


@pytest.mark.parametrize(
    ("answer", "reason", "final"),
    [
        ((404,), "answered 404", True),
        ((429,), "answered 429", False),
        ((503,), "answered 503", False),
        ((302, ("Location", "http://127.0.0.1/elsewhere")), "not followed", True),
    ],
)
def test_what_is_not_taken_says_why_and_whether_to_try_again(receiver, answer, reason, final):
    receiver.answers.append(answer)
    with pytest.raises(NotDelivered, match=reason) as refusal:
        post(receiver.url, {}, LOCAL)
    assert refusal.value.final is final
    assert "s3cret" not in str(refusal.value)
    assert len(receiver.got) == 1


def test_an_answer_that_drips_is_hung_up_on(receiver, monkeypatch):
    monkeypatch.setattr(webhook, "_WHOLE_S", 0.3)
    receiver.answers.append(("drip",))
    with pytest.raises(NotDelivered) as refusal:
        post(receiver.url, {}, LOCAL)
    assert not receiver.heard_out
    assert not refusal.value.final


def test_a_port_on_which_nobody_listens_is_tried_again():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(NotDelivered, match="did not answer") as refusal:
        post(f"http://127.0.0.1:{port}/", {}, LOCAL)
    assert not refusal.value.final


def test_a_server_without_a_certificate_is_sent_nothing(receiver):
    with pytest.raises(NotDelivered, match="did not answer"):
        post(receiver.url.replace("http:", "https:"), {}, LOCAL)
    assert receiver.got == []


# -- where nothing is ever sent --------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https://user:pass@example.com/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1]/",
        "https://[fec0::1]/",
        "https://[::7f00:1]/",
        "https://[64:ff9b:1::a00:1]/",
        "https://[::ffff:0:7f00:1]/",
        "https://0.0.0.0/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://exam ple.com/",
        "https://example.com/\r\nX-Injected: 1",
        "https://example.com/secret\x7f",
        "https://example.com:99999/",
        "https://[::1",
    ],
)
def test_an_address_that_is_not_public_https_is_refused(url):
    assert fault_of(url, frozenset()) is not None


def resolving(monkeypatch, *addresses):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.216.34", "10.1.2.3"]])
def test_a_public_name_that_leads_inside_is_refused(monkeypatch, addresses):
    resolving(monkeypatch, *addresses)
    with pytest.raises(NotDelivered, match="TRAINDECK_WEBHOOK_HOSTS=evil.example") as refusal:
        post("https://evil.example/", {}, frozenset())
    assert refusal.value.final


def test_the_connection_goes_to_the_very_addresses_that_were_checked(monkeypatch):
    resolving(monkeypatch, "93.184.216.34", "93.184.216.35")
    asked = []

    def connect(address, timeout):
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(NotDelivered, match="hooks.example did not answer"):
        post("https://hooks.example/x", {}, frozenset())
    assert asked == [("93.184.216.34", 443), ("93.184.216.35", 443)]


def test_hosts_inside_are_allowed_by_name_only(monkeypatch, receiver):
    monkeypatch.setenv("TRAINDECK_WEBHOOK_HOSTS", "127.0.0.1, build.lan")
    assert webhook.local_hosts() == {"127.0.0.1", "build.lan"}
    with pytest.raises(NotDelivered, match="is not public|https"):
        post(receiver.url.replace("127.0.0.1", "localhost"), {}, webhook.local_hosts())
    assert post(receiver.url, {}, webhook.local_hosts()) == 200


# -- the queue -------------------------------------------------------------------------------------


class Desk:
    """A courier with a clock, and a post office that answers as it is told."""

    def __init__(self, root):
        self.root, self.clock, self.book = root, Clock(), RuleBook(root)
        self.journal, self.sent, self.answers = Journal(root), [], []
        self.rule = self.new_rule()
        self.restart()

    def new_rule(self):
        document = {"name": "r", "condition": ABOVE_2, "channels": ["webhook"]}
        return self.book.put(Rule.parse(document), SECRET)

    def restart(self):
        self.courier = Courier(self.root, self.book, post=self.post, now=self.clock)

    def post(self, url, message, allowed):
        answer = self.answers.pop(0) if self.answers else None
        if answer:
            raise answer
        self.sent.append((url, message["id"]))
        return 200

    def fire(self, key, rule=None):
        self.journal.append(fired(id=key, rule=(rule or self.rule).id))

    @property
    def last(self):
        return deliveries(self.root)[self.rule.id]


@pytest.fixture
def desk(tmp_path):
    RunStore(tmp_path)
    return Desk(tmp_path)


DOWN = NotDelivered("hooks.slack.com answered 503.", final=False)


def test_each_alert_is_sent_once_and_only_where_that_is_asked(desk):
    desk.fire("a")
    desk.journal.append(fired(id="b", channels=("app", "browser")))
    desk.courier.round()
    desk.restart()
    desk.courier.round()
    assert desk.sent == [(SECRET, "a")]
    assert (desk.last.outcome, desk.last.tries) == ("delivered", 1)


def test_a_failure_is_tried_again_later_also_by_the_next_server(desk):
    desk.answers = [DOWN, DOWN]
    desk.fire("a")
    desk.courier.round()
    assert (desk.last.outcome, desk.last.reason) == ("waiting", "hooks.slack.com answered 503.")
    desk.courier.round()
    assert len(desk.answers) == 1, "it was tried before its time"
    desk.clock.now += WAITS_S[0]
    desk.courier.round()
    assert desk.answers == []
    desk.restart()
    desk.clock.now += WAITS_S[1]
    desk.courier.round()
    assert desk.sent == [(SECRET, "a")]
    assert (desk.last.outcome, desk.last.tries) == ("delivered", 3)


def test_it_is_given_up_after_the_last_try_and_says_so(desk):
    desk.answers = [DOWN] * 6
    desk.fire("a")
    for wait_s in (*WAITS_S, 0, 0):
        desk.courier.round()
        desk.clock.now += wait_s
    assert desk.answers == []
    assert (desk.last.outcome, desk.last.tries) == ("failed", 6)


def test_what_is_refused_for_good_is_not_tried_again(desk):
    desk.answers = [NotDelivered("hooks.slack.com answered 404.", final=True)]
    desk.fire("a")
    desk.courier.round()
    desk.clock.now += 1e6
    desk.courier.round()
    assert (desk.sent, desk.last.outcome) == ([], "failed")


def test_an_address_that_is_down_does_not_hold_up_another_rules(desk):
    other = desk.new_rule()
    desk.answers = [DOWN]
    desk.fire("a")
    desk.fire("b")
    desk.fire("c", other)
    desk.courier.round()
    assert desk.sent == [(SECRET, "c")]
    desk.clock.now += WAITS_S[0]
    desk.courier.round()
    assert [key for _, key in desk.sent] == ["c", "a", "b"]


def test_a_rule_that_was_removed_sends_nothing_more(desk):
    desk.fire("a")
    desk.book.remove(desk.rule.id)
    desk.courier.round()
    assert (desk.sent, desk.last.outcome) == ([], "failed")


def test_a_damaged_queue_is_begun_anew_without_sending_old_alerts(desk, caplog):
    desk.fire("a")
    (desk.root / ".alerts" / "deliveries.json").write_text("{")
    desk.restart()
    desk.fire("b")
    desk.courier.round()
    assert [key for _, key in desk.sent] == ["b"]
    assert "begun anew" in caplog.text


def test_a_value_that_is_not_a_number_survives_the_queue(desk):
    desk.answers = [DOWN]
    desk.journal.append(fired(id="a", rule=desk.rule.id, value=math.nan))
    desk.courier.round()
    desk.restart()
    desk.clock.now += WAITS_S[0]
    desk.courier.round()
    assert desk.sent == [(SECRET, "a")]


# -- secrets ---------------------------------------------------------------------------------------


def test_the_address_is_in_one_file_that_only_the_owner_reads_and_nowhere_else(tmp_path):
    bench = Bench(RunStore(tmp_path / "runs"))
    bench.rule(ABOVE_2, channels=["webhook"], webhook=SECRET)
    bench.log([3])
    bench.tick()
    down = NotDelivered("hooks.slack.com answered 503.", final=False)

    def refuse(url, message, allowed):
        raise down

    Courier(bench.store.root, bench.book, post=refuse).round()
    holders = [
        path
        for path in bench.store.root.rglob("*")
        if path.is_file() and b"verysecret" in path.read_bytes()
    ]
    assert holders == [bench.store.root / ".alerts" / "webhooks.json"]
    assert holders[0].stat().st_mode & 0o777 == 0o600
    assert holders[0].parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "url", [SECRET, "https://me:pw@hooks.slack.com", "https://hooks.slack.com?t=1"]
)
def test_a_masked_address_shows_the_host_alone(url):
    assert masked(url) == "https://hooks.slack.com/…"


# -- all together ----------------------------------------------------------------------------------


def test_a_server_tells_the_webhook_of_a_crossing_by_itself(tmp_path, receiver, monkeypatch):
    monkeypatch.setenv("TRAINDECK_WEBHOOK_HOSTS", "127.0.0.1")
    bench = Bench(RunStore(tmp_path / "runs"))
    bench.rule(ABOVE_2, channels=["webhook"], webhook=receiver.url)
    services = [AlertService(bench.store, page="http://td", tick_s=0.05) for _ in range(2)]
    for service in services:
        service.start()
    try:
        bench.log([1, 3])
        deadline = time.monotonic() + 20
        while not receiver.got and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)
    finally:
        for service in services:
            service.stop()
    assert [message["step"] for _, message in receiver.got] == [2]
    assert len(bench.alerts()) == 1
    assert deliveries(bench.store.root)[bench.book.rules()[0].id].outcome == "delivered"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_nothing_is_sent_any_more_when_a_fault_ends_the_watch(tmp_path, monkeypatch):
    def fail(watcher):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Watcher, "tick", fail)
    service = AlertService(RunStore(tmp_path / "runs"), tick_s=0.01)
    service.start()
    service._thread.join(10)
    assert "webhooks" not in {thread.name for thread in threading.enumerate()}
