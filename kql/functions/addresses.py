"""Addresses: IPv4 numbers, ranges and prefixes; the pieces of URLs, paths and versions."""

from __future__ import annotations

from kql.functions.row import Function, refused, scalar

_PREFIX = "kql_least_prefix(coalesce({prefix|32}, 32), 32, kql_ipv4_bits({ip1}), kql_ipv4_bits({ip2}))"


def _ip(signature: str, sql: str, doc: str, *examples: str) -> Function:
    return scalar((signature, sql), doc=doc, examples=examples, nulls="custom")


ROWS = (
    _ip("parse_ipv4(ip:text) -> long", "kql_ipv4_masked({ip}, kql_ipv4_bits({ip}))", "An IPv4 address as a number, masked by its prefix.",
        "parse_ipv4('127.0.0.1') == 2130706433", "isnull(parse_ipv4('x'))"),
    _ip("parse_ipv4_mask(ip:text, prefix:Integer) -> long", "kql_ipv4_masked({ip}, kql_least_prefix({prefix}, 32, kql_ipv4_bits({ip}), 32))",
        "An IPv4 address as a number, masked by a prefix.", "parse_ipv4_mask('127.0.0.1', 24) == 2130706432"),
    _ip("format_ipv4(ip:text, prefix:Integer?) -> string",
        "coalesce(kql_ipv4_text(kql_ipv4_masked(kql_ipv4_written({ip}), kql_least_prefix(coalesce({prefix|32}, 32), 32, kql_ipv4_bits({ip}), 32))), '')",
        "An IPv4 address or its number in its usual form, masked by a prefix.", "format_ipv4('192.168.1.255', 24) == '192.168.1.0'", "format_ipv4('192.168.1.255', 33) == ''"),
    _ip("ipv4_compare(ip1:text, ip2:text, prefix:Integer?) -> long",
        f"CAST(sign(kql_ipv4_masked({{ip1}}, {_PREFIX}) - kql_ipv4_masked({{ip2}}, {_PREFIX})) AS BIGINT)",
        "-1, 0 or 1: how two addresses compare under the smaller prefix.", "ipv4_compare('127.0.0.1', '127.0.0.1') == 0"),
    _ip("ipv4_is_match(ip1:text, ip2:text, prefix:Integer?) -> bool",
        f"(kql_ipv4_masked({{ip1}}, {_PREFIX}) = kql_ipv4_masked({{ip2}}, {_PREFIX}))",
        "Whether two addresses are one under the smaller prefix.", "ipv4_is_match('192.168.1.1/24', '192.168.1.255')"),
    _ip("ipv4_is_in_range(ip:text, range:text) -> bool",
        "(kql_ipv4_masked({ip}, kql_ipv4_bits({range})) = kql_ipv4_masked({range}, kql_ipv4_bits({range})))",
        "Whether an address lies in a range.", "ipv4_is_in_range('192.168.1.6', '192.168.1.0/24')"),
    _ip("ipv4_is_private(ip:text) -> bool",
        "(kql_ipv4_masked({ip}, 8) = 167772160 OR kql_ipv4_masked({ip}, 12) = 2886729728 OR kql_ipv4_masked({ip}, 16) = 3232235520)",
        "Whether an address is one of a private network.", "ipv4_is_private('10.1.2.3')"),
    _ip("ipv4_netmask_suffix(ip:text) -> long", "CASE WHEN kql_ipv4({ip}) IS NOT NULL THEN kql_ipv4_bits({ip}) END",
        "The length of an address's prefix.", "ipv4_netmask_suffix('10.1.2.3/16') == 16"),
    scalar(("parse_version(version:text) -> decimal", "kql_version({version})"),
           doc="A version of up to four numbers as one number that sorts as versions do.",
           examples=("parse_version('1.2.3') < parse_version('1.10')",), nulls="custom"),
    scalar(("parse_url(url:text) -> dynamic", "kql_url({url})"), doc="The pieces of a URL: Scheme, Host, Port, Path and so on.",
           examples=("tostring(parse_url('https://a.b:80/c?d=e').Host) == 'a.b'",), nulls="custom"),
    scalar(("parse_urlquery(query:text) -> dynamic", "json_object('Query Parameters', kql_url_query(ltrim({query}, '?')))"),
           doc="The parameters of a URL's query as a bag.", examples=("isnotnull(parse_urlquery('a=b'))",), nulls="custom"),
    scalar(("parse_xml(xml:text) -> dynamic", "kql_xml({xml})"),
           doc="XML as a bag: attributes are called @name, text beside them #text, and elements of one name are an array."
               " Texts are trimmed, and numbers if they look so. Null if it is not well-formed, or longer than 1 MB.",
           examples=("parse_xml('<e a=\"b\">c</e>').e['#text'] == 'c'", "parse_xml('<e><a>1</a><a>2</a></e>').e.a[1] == 2",
                     "isnull(parse_xml('<e>'))"), nulls="custom", naming="first", heavy=True),
    refused("parse_user_agent", "it needs Microsoft's own table of user agents"),
)  # fmt: skip
