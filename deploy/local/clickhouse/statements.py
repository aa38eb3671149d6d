"""What the server must know about a statement before the engine sees it. The engine's parser stays the judge."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_TOKEN = re.compile(
    r"""(?P<blank>\s+|--[^\n]*|\#[ !][^\n]*|/\*.*?\*/)
      | (?P<string>'(?:[^'\\]|\\.|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<quoted>`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*")
      | (?P<other>\d\w*|.)""",
    re.S | re.X,
)


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int
    depth: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of `words` (upper case), outside of parentheses."""
        return self.kind == "name" and self.depth == 0 and self.text.upper() in words


@dataclass(frozen=True)
class Insert:
    """An INSERT whose rows follow: what stands before the rows, and where they begin in the text."""

    into: str
    table: str
    columns: tuple[str, ...] = ()
    settings: str = ""
    format: str = "Native"
    rows_at: int = 0


def tokens(sql: str) -> Iterator[Token]:
    """Without blanks and comments; `depth` counts the parentheses around a token."""
    depth = 0
    for found in _TOKEN.finditer(sql):
        if found.lastgroup == "blank":
            continue
        text = found.group()
        depth -= text in ")]"
        kind = "string" if found["string"] else found.lastgroup or "other"
        yield Token(kind, text, found.start(), found.end(), depth)
        depth += text in "(["


def insert_of(sql: str) -> Insert | None:
    """The INSERT INTO a table with FORMAT or VALUES that `sql` is; None for every other statement."""
    head: list[Token] = []
    seen = tokens(sql)
    for token in seen:
        if token.is_word("SELECT", "WITH", "FUNCTION", "WATCH", "INFILE") or not (head or token.is_word("INSERT")):
            return None
        if token.is_word("VALUES"):
            return _insert(sql, head, "Values", token.end)
        if token.is_word("FORMAT"):
            named = next(seen, token)
            return _insert(sql, head, named.text, named.end)
        head.append(token)
    return None


def _insert(sql: str, head: list[Token], format_name: str, rows_at: int) -> Insert | None:
    """From the tokens INSERT INTO [TABLE] table [(columns)] [SETTINGS …]."""
    skipped = 3 if head[2:] and head[2].is_word("TABLE") else 2
    cut = next((at for at, token in enumerate(head) if token.is_word("SETTINGS")), len(head))
    target, settings = head[skipped:cut], head[cut + 1 :]
    table = [token for token in target if token.depth == 0 and token.text not in "()"]
    if not table:
        return None
    return Insert(
        into=sql[target[0].start : target[-1].end],
        table=sql[table[0].start : table[-1].end],
        columns=tuple(_column_names([token for token in target if token.depth])),
        settings=sql[settings[0].start : settings[-1].end] if settings else "",
        format=format_name,
        rows_at=rows_at,
    )


def _column_names(listed: list[Token]) -> Iterator[str]:
    """Names without their quotes; one with a dot is a column of a Nested."""
    name = ""
    for token in listed:
        if token.text == ",":
            yield name
            name = ""
        else:
            name += _plain(token)
    if name:
        yield name


def _plain(token: Token) -> str:
    if token.kind != "quoted":
        return token.text
    quote = token.text[0]
    return re.sub(rf"\\(.)|{quote}({quote})", lambda found: found[1] or found[2], token.text[1:-1], flags=re.S)


def without_format(sql: str) -> tuple[str, str]:
    """The statement without its FORMAT clause and final semicolon, and the format's name or ""."""
    if ";" not in sql and "format" not in sql.lower():
        return sql, ""
    seen = list(tokens(sql))
    while seen and seen[-1].text == ";":
        seen.pop()
    sql = sql[: seen[-1].end] if seen else ""
    for at, token in enumerate(seen[:-1]):
        last = at + 2 == len(seen) or seen[at + 2].is_word("SETTINGS")
        if token.is_word("FORMAT") and seen[at + 1].kind == "name" and last:
            return sql[: token.start].rstrip() + sql[seen[at + 1].end :], seen[at + 1].text
    return sql, ""


def first_word(sql: str) -> str:
    """The statement's first word in upper case; "" when there is none."""
    return next((token.text.upper() for token in tokens(sql) if token.kind == "name"), "")


def touches_client_files(sql: str) -> bool:
    """Whether it has INTO OUTFILE or FROM INFILE, which only a client can carry out."""
    if not re.search(r"(?i)\b(?:out|in)file\b", sql):
        return False
    words = pairwise(token for token in tokens(sql) if token.kind == "name")
    return any((a.is_word("INTO") and b.is_word("OUTFILE")) or (a.is_word("FROM") and b.is_word("INFILE")) for a, b in words)


def replace_run(sql: str, run: tuple[str, ...], by: str) -> str:
    """`sql` with `by` for each row of tokens that reads like `run` (lower case), in any case and with or without quotes."""
    seen = [token for token in tokens(sql) if token.kind != "string"]
    texts = [_plain(token).lower() for token in seen]
    for at in reversed(range(len(seen) - len(run) + 1)):
        if tuple(texts[at : at + len(run)]) == run:
            sql = sql[: seen[at].start] + by + sql[seen[at + len(run) - 1].end :]
    return sql


def quoted(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifier(name: str) -> str:
    """A quoted name."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
