"""What the service allows and imitates, as one value: sizes, times, quotas and the oddities of the real service."""

from __future__ import annotations

from dataclasses import dataclass, field

from queries.profile import RESOURCE_GRAPH, Profile


@dataclass(frozen=True, slots=True)
class Quota:
    """So many queries in a window of so many seconds, for each user. Microsoft's example is 15 in 5 seconds."""

    queries: int = 15
    seconds: float = 5.0
    retry_after: int = 2
    """What a refused request is told to wait, in seconds: the value that was seen of the service."""

    def __post_init__(self) -> None:
        if self.queries < 1 or self.seconds <= 0 or self.retry_after < 0:
            raise ValueError("a quota is at least one query in more than no time")


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Sizes are in bytes, times in seconds; None means no bound.

    The first group guards the server, the second holds documented limits of Resource Graph, the third its oddities.
    """

    token: str | None = None
    """What every request must bring as `Authorization: Bearer …`; without one the server tells nothing."""
    hosts: frozenset[str] | None = None
    """Names under which the server answers; any, unless it is told. Keeps pages of other sites out by name too."""
    max_body: int = 4 * 1024 * 1024
    """The longest request: Azure Resource Manager takes 4 MiB."""
    body_seconds: float = 20.0
    """How long a client may take to send its request."""
    request_seconds: float = 60.0
    """How long an answer may take, whatever it is."""
    workers: int = 4
    """Requests that are worked on at one time; the engine spreads each over the cores by itself."""

    profile: Profile = RESOURCE_GRAPH
    quota: Quota | None = field(default_factory=Quota)
    query_seconds: float = 30.0
    max_payload: int = 16 * 1024 * 1024
    max_page: int = 1000
    max_subscriptions: int = 10_000
    """Subscriptions of a tenant or a management group that one query may reach."""

    keep_answers: int = 32 * 1024 * 1024
    """Bytes of answers that are kept as long as the index does not change; 0 keeps none."""

    booleans_as_numbers: bool = True
    """Booleans that a query computes arrive as 0 and 1, as was seen of the service; inside dynamic values they do not."""
    shuffle_unsorted: bool = False
    """Rows without `order by` come in another order every time, which the service reserves for itself; the pages of one
    walk from token to token share theirs."""
    chaotic_id_case: bool = False
    """The letter case of `id` differs from answer to answer, as was seen of the service."""
    require_id: bool = False
    """No skip token unless the answer has a column `id`, as older pages of the documentation have it."""
    polls_pass_time: bool = True
    """On a simulated clock, whoever asks how an operation stands lets five seconds pass: the time that a client waits
    between two such questions. Without it, a client that waits for an operation waits until somebody moves the clock."""
    explain: bool = True
    """Errors carry, beside the service's own words, our explanation in `additionalInfo`."""

    def __post_init__(self) -> None:
        if self.token is not None and not self.token.strip():
            raise ValueError("an empty token would let everybody in; leave it out to do just that")
