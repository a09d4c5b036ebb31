"""Rooms in a file of SQLite, which all processes of one machine may share."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from core.rooms.documents import asking_from, room_from, to_json
from core.rooms.room import OPEN, Answer, NoRoom, Receipt, Result, Room, RoomsFull, Sent, Snapshot
from core.rooms.store import MOST_LEARNERS, MOST_ROOMS, StoreDown

POLL_SECONDS = 0.1  # from one look for changes to the next, of 8 µs
SAFETY_SECONDS = 20
# Pages of the log before a writer moves them into the file itself. It waits for the disk then, a
# third of a second where that is busy; so listeners, whom nobody waits for, do it earlier.
LOG_PAGES = 20_000
TABLES = """
CREATE TABLE IF NOT EXISTS room (
    code TEXT PRIMARY KEY, key TEXT, version INTEGER, seq INTEGER, phase TEXT, number INTEGER,
    options INTEGER, document TEXT, expires REAL);
CREATE TABLE IF NOT EXISTS asking (
    code TEXT, number INTEGER, document TEXT, PRIMARY KEY (code, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answer (
    code TEXT, number INTEGER, learner TEXT, choice INTEGER, attempt INTEGER,
    PRIMARY KEY (code, number, learner)) WITHOUT ROWID;
"""


class SqliteStore:
    """A Store in one file. A transaction takes some 0.1 ms; writers wait for each other."""

    threads = 1

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self.clock = path, clock
        self.lock = threading.Lock()
        self.connection = self.connect()
        self.connection.executescript(TABLES)

    def connect(self) -> sqlite3.Connection:
        """A connection to the file, for one thread at a time."""
        connection = sqlite3.connect(
            self.path, timeout=10, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        return connection

    @contextlib.contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A transaction that has the file for itself from its first read on."""
        with self.lock:
            begin(self.connection, "BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    @contextlib.contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A transaction that reads one state of the file."""
        with self.lock:
            begin(self.connection, "BEGIN")
            try:
                yield self.connection
            finally:
                self.connection.execute("COMMIT")

    def row(self, connection: sqlite3.Connection, code: str, columns: str) -> tuple:
        """Columns of a room that has not expired. Raises NoRoom."""
        found = connection.execute(
            f"SELECT {columns} FROM room WHERE code = ? AND expires > ?", (code, self.clock())
        ).fetchone()
        if found is None:
            raise NoRoom
        return found

    def create(self, room: Room, key: str) -> bool:
        with self.writing() as connection:
            self.drop_expired(connection)
            (rooms,) = connection.execute("SELECT count(*) FROM room").fetchone()
            if rooms >= MOST_ROOMS:
                raise RoomsFull(f"There are {MOST_ROOMS} rooms, as many as this server takes.")
            done = connection.execute(
                "INSERT OR IGNORE INTO room VALUES (?, ?, ?, 0, ?, 0, 0, ?, ?)",
                (room.code, key, room.version, room.phase, to_json(room), room.expires),
            )
            return done.rowcount == 1

    def key(self, code: str) -> str:
        with self.reading() as connection:
            return self.row(connection, code, "key")[0]

    def read(self, code: str) -> Snapshot:
        with self.reading() as connection:
            document, seq = self.row(connection, code, "document, seq")
            room = room_from(document)
            if not room.asking:
                return Snapshot(room, seq)
            options = len(room.asking.question.options)
            return Snapshot(room, seq, counts(connection, code, room.asking.number, options))

    def heads(self) -> dict[str, tuple[int, int]]:
        with self.reading() as connection:
            found = connection.execute(
                "SELECT code, version, seq FROM room WHERE expires > ?", (self.clock(),)
            )
            return {code: (version, seq) for code, version, seq in found}

    def change(self, code: str, change: Callable[[Room], Room]) -> Room:
        with self.writing() as connection:
            before = room_from(self.row(connection, code, "document")[0])
            after = change(before)
            if after == before:
                return before
            room = replace(after, version=before.version + 1)
            number, options = 0, 0
            if room.asking:
                number, options = room.asking.number, len(room.asking.question.options)
                kept = (code, number, to_json(room.asking))
                connection.execute("INSERT OR REPLACE INTO asking VALUES (?, ?, ?)", kept)
            connection.execute(
                "UPDATE room SET version = ?, phase = ?, number = ?, options = ?, document = ?, "
                "expires = ? WHERE code = ?",
                (room.version, room.phase, number, options, to_json(room), room.expires, code),
            )
            return room

    def forget(self, code: str, number: int) -> None:
        with self.writing() as connection:
            for table in ("asking", "answer"):
                connection.execute(
                    f"DELETE FROM {table} WHERE code = ? AND number = ?", (code, number)
                )

    def answers(self, sent: Sequence[Sent]) -> list[Receipt]:
        with self.writing() as connection:
            return [self.take(connection, one) for one in sent]

    def take(self, connection: sqlite3.Connection, sent: Sent) -> Receipt:
        """Within a transaction: take an answer."""
        code, number, learner, new = sent.code, sent.number, sent.learner, sent.answer
        try:
            phase, now, options = self.row(connection, code, "phase, number, options")
        except NoRoom:
            return Receipt("no room", None)
        stands = answer_of(connection, code, number, learner)
        if (phase, now) != (OPEN, number) or not 0 <= new.choice < options:
            return Receipt("closed", stands)
        if stands and stands.attempt >= new.attempt:
            return Receipt("known", stands)
        if not stands and count(connection, code, number) >= MOST_LEARNERS:
            return Receipt("full", None)
        connection.execute(
            "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?)",
            (code, number, learner, new.choice, new.attempt),
        )
        connection.execute("UPDATE room SET seq = seq + 1 WHERE code = ?", (code,))
        return Receipt("taken", new)

    def answer_of(self, code: str, number: int, learner: str) -> Answer | None:
        with self.reading() as connection:
            return answer_of(connection, code, number, learner)

    def results(self, code: str) -> list[Result]:
        with self.reading() as connection:
            self.row(connection, code, "code")
            found = connection.execute(
                "SELECT document FROM asking WHERE code = ? ORDER BY number", (code,)
            ).fetchall()
            askings = [asking_from(document) for (document,) in found]
            return [
                Result(one, counts(connection, code, one.number, len(one.question.options)))
                for one in askings
            ]

    def delete(self, code: str) -> None:
        with self.writing() as connection:
            drop(connection, code)

    def delete_expired(self) -> None:
        with self.writing() as connection:
            self.drop_expired(connection)

    def drop_expired(self, connection: sqlite3.Connection) -> None:
        """Within a transaction: drop the rooms whose time is over."""
        old = connection.execute("SELECT code FROM room WHERE expires <= ?", (self.clock(),))
        for (code,) in old.fetchall():
            drop(connection, code)

    def changes(self, stop: threading.Event) -> Iterator[None]:
        with contextlib.closing(self.connect()) as connection:
            before, yielded, moved = None, 0.0, 0.0
            while not stop.is_set():
                (version,) = connection.execute("PRAGMA data_version").fetchone()
                if version != before or time.monotonic() > yielded + SAFETY_SECONDS:
                    if time.monotonic() > moved + SAFETY_SECONDS:
                        moved = time.monotonic()
                        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                    before, yielded = version, time.monotonic()
                    yield
                stop.wait(POLL_SECONDS)

    def close(self) -> None:
        with self.lock:
            self.connection.close()


def begin(connection: sqlite3.Connection, statement: str) -> None:
    """Begin a transaction. Raises StoreDown where others have the file for too long."""
    try:
        connection.execute(statement)
    except sqlite3.OperationalError as error:
        raise StoreDown from error


def counts(connection: sqlite3.Connection, code: str, number: int, options: int) -> tuple[int, ...]:
    """How many chose each option of an asking."""
    found = dict(
        connection.execute(
            "SELECT choice, count(*) FROM answer WHERE code = ? AND number = ? GROUP BY choice",
            (code, number),
        ).fetchall()
    )
    return tuple(found.get(choice, 0) for choice in range(options))


def count(connection: sqlite3.Connection, code: str, number: int) -> int:
    """How many answered an asking."""
    query = "SELECT count(*) FROM answer WHERE code = ? AND number = ?"
    return connection.execute(query, (code, number)).fetchone()[0]


def answer_of(
    connection: sqlite3.Connection, code: str, number: int, learner: str
) -> Answer | None:
    """A learner's answer to an asking."""
    query = "SELECT choice, attempt FROM answer WHERE code = ? AND number = ? AND learner = ?"
    found = connection.execute(query, (code, number, learner)).fetchone()
    return Answer(*found) if found else None


def drop(connection: sqlite3.Connection, code: str) -> None:
    """Drop all rows of a room."""
    for table in ("room", "asking", "answer"):
        connection.execute(f"DELETE FROM {table} WHERE code = ?", (code,))
