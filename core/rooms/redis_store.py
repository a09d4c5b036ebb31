"""Rooms in Redis, which several machines may share.

A room is a hash, its askings a hash of documents, the answers to each asking two hashes: by learner
and by option. All of a room's keys have its code in braces and expire together. What decides and
then writes is a script, which Redis runs without anything in between.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from core.rooms.documents import asking_from, room_from, to_json
from core.rooms.room import Answer, NoRoom, Receipt, Result, Room, RoomsFull, Sent, Snapshot
from core.rooms.store import MOST_LEARNERS, MOST_ROOMS, StoreDown

SAFETY_SECONDS = 2.0  # after which listeners look although nothing was published
PREFIX = "bufferlab"
CHANGED = f"{PREFIX}:changed"
CODES = f"{PREFIX}:codes"  # a sorted set: codes by the time when they expire

# KEYS: room, codes. ARGV: code, key, version, phase, document, expires, now, most rooms.
CREATE = """
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[7])
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[8]) then return -1 end
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'key', ARGV[2], 'version', ARGV[3], 'seq', 0, 'phase', ARGV[4],
           'number', 0, 'options', 0, 'document', ARGV[5], 'expires', ARGV[6])
redis.call('EXPIREAT', KEYS[1], math.ceil(ARGV[6]))
redis.call('ZADD', KEYS[2], ARGV[6], ARGV[1])
return 1
"""
# KEYS: room, askings, codes. ARGV: version before, version, phase, number, options, document,
# expires, asking's document or nothing, code, channel, a word for this change alone.
CHANGE = """
local now = redis.call('HMGET', KEYS[1], 'version', 'change')
if now[2] == ARGV[11] then return 1 end
if now[1] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'change', ARGV[11], 'version', ARGV[2], 'phase', ARGV[3],
           'number', ARGV[4], 'options', ARGV[5], 'document', ARGV[6], 'expires', ARGV[7])
if ARGV[8] ~= '' then redis.call('HSET', KEYS[2], ARGV[4], ARGV[8]) end
redis.call('ZADD', KEYS[3], ARGV[7], ARGV[9])
local at = math.ceil(ARGV[7])
redis.call('EXPIREAT', KEYS[1], at)
redis.call('EXPIREAT', KEYS[2], at)
for _, number in ipairs(redis.call('HKEYS', KEYS[2])) do
  redis.call('EXPIREAT', KEYS[1] .. ':answers:' .. number, at)
  redis.call('EXPIREAT', KEYS[1] .. ':tally:' .. number, at)
end
redis.call('PUBLISH', ARGV[10], ARGV[9])
return 1
"""
# KEYS: room, answers, tally. ARGV: number, learner, choice, attempt, most learners, code, channel,
# now.
ANSWER = """
local stands = redis.call('HGET', KEYS[2], ARGV[2])
local room = redis.call('HMGET', KEYS[1], 'phase', 'number', 'options', 'expires')
if not room[1] or tonumber(room[4]) <= tonumber(ARGV[8]) then return {'no room', ''} end
if room[1] ~= 'open' or room[2] ~= ARGV[1] or tonumber(ARGV[3]) >= tonumber(room[3])
   or tonumber(ARGV[3]) < 0 then return {'closed', stands or ''} end
if stands then
  local choice, attempt = string.match(stands, '(%d+) (%d+)')
  if tonumber(attempt) >= tonumber(ARGV[4]) then return {'known', stands} end
  redis.call('HINCRBY', KEYS[3], choice, -1)
elseif redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[5]) then return {'full', ''} end
local new = ARGV[3] .. ' ' .. ARGV[4]
redis.call('HSET', KEYS[2], ARGV[2], new)
redis.call('HINCRBY', KEYS[3], ARGV[3], 1)
redis.call('HINCRBY', KEYS[1], 'seq', 1)
local at = math.ceil(room[4])
redis.call('EXPIREAT', KEYS[2], at)
redis.call('EXPIREAT', KEYS[3], at)
redis.call('PUBLISH', ARGV[7], ARGV[6])
return {'taken', new}
"""


@contextlib.contextmanager
def asking_redis() -> Generator[None]:
    """Redis does not answer: StoreDown."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError, redis.exceptions.ReadOnlyError) as error:
        raise StoreDown from error


def keys(code: str, number: int = 0) -> tuple[str, str, str, str]:
    """The keys of a room, its askings, and an asking's answers and tally."""
    room = f"{PREFIX}:{{{code}}}"
    return room, f"{room}:askings", f"{room}:answers:{number}", f"{room}:tally:{number}"


def answer_from(text: str | None) -> Answer | None:
    """An answer as the script writes it: choice and attempt."""
    return Answer(*map(int, text.split())) if text else None


class RedisStore:
    """A Store in Redis at an address such as redis://host:6379/0.

    A call that meets a restart is tried again for two to three seconds; each may be made twice.
    """

    threads = 8

    def __init__(self, address: str, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.redis = redis.Redis.from_url(
            address,
            decode_responses=True,
            socket_timeout=5,
            socket_connect_timeout=2,
            retry=Retry(ExponentialBackoff(cap=0.5, base=0.02), 10),
            retry_on_error=[redis.ConnectionError, redis.TimeoutError],
        )
        self.create_script = self.redis.register_script(CREATE)
        self.change_script = self.redis.register_script(CHANGE)
        self.answer_script = self.redis.register_script(ANSWER)

    def create(self, room: Room, key: str) -> bool:
        values = [room.code, key, room.version, room.phase, to_json(room), room.expires]
        with asking_redis():
            done = self.create_script(
                keys=[keys(room.code)[0], CODES], args=[*values, self.clock(), MOST_ROOMS]
            )
        if done == -1:
            raise RoomsFull(f"There are {MOST_ROOMS} rooms, as many as this server takes.")
        return done == 1

    def fields(self, code: str, *names: str) -> list[Any]:
        """Fields of a room that has not expired. Raises NoRoom."""
        with asking_redis():
            found: list[Any] = self.redis.hmget(keys(code)[0], [*names, "expires"])
        expires = found.pop()
        if expires is None or float(expires) <= self.clock():
            raise NoRoom
        return found

    def key(self, code: str) -> str:
        return self.fields(code, "key")[0]

    def read(self, code: str) -> Snapshot:
        for _ in range(20):
            document, seq = self.fields(code, "document", "seq")
            room = room_from(document)
            if not room.asking:
                return Snapshot(room, int(seq))
            number, options = room.asking.number, len(room.asking.question.options)
            counts = self.counts(code, number, options)
            if self.fields(code, "seq", "version") == [seq, str(room.version)]:
                break
        return Snapshot(room, int(seq), counts)

    def counts(self, code: str, number: int, options: int) -> tuple[int, ...]:
        """How many chose each option of an asking."""
        with asking_redis():
            found: Any = self.redis.hgetall(keys(code, number)[3])
        return tuple(int(found.get(str(choice), 0)) for choice in range(options))

    def heads(self) -> dict[str, tuple[int, int]]:
        with asking_redis():
            codes: Any = self.redis.zrangebyscore(CODES, f"({self.clock()}", "+inf")
            pipeline = self.redis.pipeline(transaction=False)
            for code in codes:
                pipeline.hmget(keys(code)[0], "version", "seq")
            found = pipeline.execute() if codes else []
        pairs = zip(codes, found, strict=True)
        return {code: (int(head[0]), int(head[1])) for code, head in pairs if head[0]}

    def change(self, code: str, change: Callable[[Room], Room]) -> Room:
        while True:
            before = room_from(self.fields(code, "document")[0])
            after = change(before)
            if after == before:
                return before
            room = replace(after, version=before.version + 1)
            asking = room.asking
            number, options = (asking.number, len(asking.question.options)) if asking else (0, 0)
            room_key, askings, *_ = keys(code)
            values: list[Any] = [
                before.version,
                room.version,
                room.phase,
                number,
                options,
                to_json(room),
            ]
            values += [room.expires, to_json(asking) if asking else "", code, CHANGED]
            values.append(secrets.token_hex(8))
            with asking_redis():
                done = self.change_script(keys=[room_key, askings, CODES], args=values)
            if done:
                return room

    def forget(self, code: str, number: int) -> None:
        _, askings, answers, tally = keys(code, number)
        with asking_redis():
            self.redis.hdel(askings, str(number))
            self.redis.delete(answers, tally)

    def answers(self, sent: Sequence[Sent]) -> list[Receipt]:
        pipeline = self.redis.pipeline(transaction=False)
        for one in sent:
            room, _, answers, tally = keys(one.code, one.number)
            values = [one.number, one.learner, one.answer.choice, one.answer.attempt]
            self.answer_script(
                keys=[room, answers, tally],
                args=[*values, MOST_LEARNERS, one.code, CHANGED, self.clock()],
                client=pipeline,
            )
        with asking_redis():
            found = pipeline.execute()
        return [Receipt(status, answer_from(stands)) for status, stands in found]

    def answer_of(self, code: str, number: int, learner: str) -> Answer | None:
        with asking_redis():
            found: Any = self.redis.hget(keys(code, number)[2], learner)
        return answer_from(found)

    def results(self, code: str) -> list[Result]:
        self.fields(code)
        with asking_redis():
            found: Any = self.redis.hvals(keys(code)[1])
        askings = sorted(map(asking_from, found), key=lambda asking: asking.number)
        return [
            Result(one, self.counts(code, one.number, len(one.question.options))) for one in askings
        ]

    def delete(self, code: str) -> None:
        room, askings, *_ = keys(code)
        with asking_redis():
            numbers: Any = self.redis.hkeys(askings)
            more = [key for number in numbers for key in keys(code, int(number))[2:]]
            self.redis.delete(room, askings, *more)
            self.redis.zrem(CODES, code)
            self.redis.publish(CHANGED, code)

    def delete_expired(self) -> None:
        with asking_redis():
            self.redis.zremrangebyscore(CODES, "-inf", self.clock())

    def changes(self, stop: threading.Event) -> Iterator[None]:
        with asking_redis(), self.redis.pubsub(ignore_subscribe_messages=True) as published:
            published.subscribe(CHANGED)
            while not stop.is_set():
                yield
                published.get_message(timeout=SAFETY_SECONDS)
                stop.wait(0.05)  # what comes in a burst is one change
                while published.get_message():
                    pass

    def close(self) -> None:
        self.redis.close()
