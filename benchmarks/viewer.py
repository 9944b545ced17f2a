"""One viewer who looks without drawing: `python -m benchmarks.viewer URL RUN_ID SECONDS`.

It holds a session of the Live page over Streamlit's websocket, lets its fragments run again when
they ask for it, and asks the feed for the numbers of the charts as the board does. Prints a line
when it begins to look, and in the end how often the page and the feed answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from urllib.request import Request, urlopen

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from components.live_feed.frame import decoded

FEED_EVERY_S = 1.0
CHARTS = 8
COLUMNS = 400


class Feed:
    """What the board asks each second: only what is new since the last answer."""

    def __init__(self, url: str, run_id: str) -> None:
        self._url = url
        charts = self._asked("board", {"run": [run_id], "kind": "live"})
        metrics = [
            curve["metric"]
            for chart in json.loads(charts or b"{}")["charts"][:CHARTS]
            for curve in chart["curves"]
        ]
        self._question = {"run": [run_id], "metric": metrics, "smooth": metrics, "weight": 0.6}
        self._question |= {"width": COLUMNS, "marks": ["alerts", "checkpoints", "best"]}

    def look(self) -> int:
        """Ask once; how many bytes came."""
        news = self._asked("series", self._question)
        if news:
            self._question["have"] = decoded(news)[0]["token"]
        return len(news)

    def _asked(self, path: str, question: object) -> bytes:
        body = json.dumps(question).encode()
        request = Request(f"{self._url}/traindeck/{path}", body, method="POST")
        with urlopen(request, timeout=30) as answer:
            content: bytes = answer.read()
            return content


def nothing_yet() -> dict[str, int]:
    """How often page and feed have answered, and with how many bytes, before anybody looked."""
    return {"page": 0, "feed": 0, "bytes": 0}


async def watch(
    url: str, run_id: str, seconds: float, counts: dict[str, int], *, feed: bool = True
) -> dict[str, int]:
    """Look for so many seconds, without the charts if need be, and count what comes."""
    socket = f"ws{url.removeprefix('http')}/_stcore/stream"
    async with connect(socket, origin=url, subprotocols=["streamlit"], max_size=None) as session:
        await session.send(_rerun(query=f"run={run_id}"))
        looking = asyncio.Event()
        tasks = [asyncio.create_task(_listen(session, run_id, counts))]
        if feed:
            tasks.append(asyncio.create_task(_poll(url, run_id, counts, looking)))
            await asyncio.wait_for(looking.wait(), 60)
            print("looking", flush=True)
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when="FIRST_EXCEPTION")
        for task in tasks:
            task.cancel()
        for task in done:
            task.result()
    return counts


async def _poll(url: str, run_id: str, counts: dict[str, int], looking: asyncio.Event) -> None:
    feed = await asyncio.to_thread(Feed, url, run_id)
    while True:
        began = time.monotonic()
        counts["bytes"] += await asyncio.to_thread(feed.look)
        counts["feed"] += 1
        looking.set()
        await asyncio.sleep(max(0.0, FEED_EVERY_S - (time.monotonic() - began)))


async def _listen(session: ClientConnection, run_id: str, counts: dict[str, int]) -> None:
    """Take what the page sends, and run its fragments again as often as they ask for it."""
    timers: dict[str, asyncio.Task[None]] = {}
    page = ""
    try:
        async for data in session:
            message = ForwardMsg()
            message.ParseFromString(data)
            counts["page"] += 1
            kind = message.WhichOneof("type")
            if kind == "new_session":
                page = message.new_session.page_script_hash
            if kind == "auto_rerun":
                asked = message.auto_rerun.fragment_id
                if asked in timers:
                    timers.pop(asked).cancel()
                repeated = _again(session, _rerun(f"run={run_id}", page, asked), message)
                timers[asked] = asyncio.create_task(repeated)
    finally:
        for timer in timers.values():
            timer.cancel()


async def _again(session: ClientConnection, asked: bytes, message: ForwardMsg) -> None:
    while True:
        await asyncio.sleep(message.auto_rerun.interval)
        await session.send(asked)


def _rerun(query: str, page: str = "", fragment: str = "") -> bytes:
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.page_script_hash = page
    message.rerun_script.fragment_id = fragment
    message.rerun_script.is_auto_rerun = bool(fragment)
    if not page:
        message.rerun_script.page_name = "live"
    content: bytes = message.SerializeToString()
    return content


if __name__ == "__main__":
    address, run, duration = sys.argv[1:]
    print(json.dumps(asyncio.run(watch(address, run, float(duration), nothing_yet()))))
