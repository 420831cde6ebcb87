"""IPv6 addresses, addresses sought in texts, and ranges. An IPv4 address stands for its mapped IPv6 form."""

from __future__ import annotations

from kql.functions.row import Function, scalar

_BITS = "kql_least_prefix(coalesce({prefix|128}, 128), 128, kql_ipv6_bits({ip1}), kql_ipv6_bits({ip2}))"
_COMPARED = f"kql_ipv6_compare({{ip1}}, {{ip2}}, {_BITS})"


def _row(signature: str, sql: str, doc: str, *examples: str, heavy: bool = False) -> Function:
    return scalar((signature, sql), doc=doc, examples=examples, nulls="custom", heavy=heavy)


def _several(name: str, subject: str, candidates: str, test: str, doc: str, *examples: str) -> Function:
    """Whether the test holds for one of several texts, or of the elements of an array, called e; null where it never has
    an answer."""
    return scalar(
        (f"{name}({subject}:text, {candidates}:string...) -> bool", f"list_bool_or(list_transform([{{{candidates}:string}}], lambda e: {test}))"),
        (f"{name}({subject}:text, {candidates}:dynamic) -> bool", f"list_bool_or(list_transform({{{candidates}:texts}}, lambda e: {test}))"),
        doc=doc, examples=examples, nulls="custom",
    )  # fmt: skip


ROWS = (
    _row("parse_ipv6(ip:text) -> string", "kql_ipv6_shown({ip}, kql_ipv6_bits({ip}))",
         "An IPv6 or IPv4 address in eight groups of four digits, masked by its prefix; empty for what is none.",
         "parse_ipv6('::1') == '0000:0000:0000:0000:0000:0000:0000:0001'", "parse_ipv6('x') == ''"),
    _row("parse_ipv6_mask(ip:text, prefix:Integer) -> string", "kql_ipv6_shown({ip}, kql_least_prefix({prefix}, 128, kql_ipv6_bits({ip}), 128))",
         "Like parse_ipv6, masked by a prefix of up to 128 bits too.",
         "parse_ipv6_mask('fe80::1', 16) == 'fe80:0000:0000:0000:0000:0000:0000:0000'"),
    _row("ipv6_compare(ip1:text, ip2:text, prefix:Integer?) -> long", _COMPARED,
         "-1, 0 or 1: how two addresses compare under the smallest prefix; null for what is no address.",
         "ipv6_compare('fe80::1', 'fe80::2') == -1", "ipv6_compare('1.2.3.4', '::ffff:1.2.3.4') == 0", heavy=True),
    _row("ipv6_is_match(ip1:text, ip2:text, prefix:Integer?) -> bool", f"({_COMPARED} = 0)",
         "Whether two addresses are one under the smallest prefix.", "ipv6_is_match('fe80::1', 'fe80::2', 120)", heavy=True),
    _row("ipv6_is_in_range(ip:text, ip_range:text) -> bool", "(kql_ipv6_compare({ip}, {ip_range}, kql_ipv6_bits({ip_range})) = 0)",
         "Whether an address lies in a range.", "ipv6_is_in_range('2001:db8::7', '2001:db8::/64')", heavy=True),
    _several("ipv6_is_in_any_range", "ip", "ranges", "kql_ipv6_compare({ip}, e, kql_ipv6_bits(e)) = 0",
             "Whether an address lies in one of several ranges.",
             "ipv6_is_in_any_range('2001:db8::7', 'fe80::/10', '2001:db8::/64')"),
    _several("ipv4_is_in_any_range", "ip", "ranges", "kql_ipv4_in_range({ip}, e)",
             "Whether an IPv4 address lies in one of several ranges.",
             "ipv4_is_in_any_range('10.1.2.3', '192.168.0.0/16', '10.0.0.0/8')"),
    _row("has_ipv4(source:text, ip:text) -> bool", "kql_has_ipv4({source}, {ip})",
         "Whether a text holds an IPv4 address between signs that are neither letters nor digits.",
         "has_ipv4('from 127.0.0.1 on', '127.0.0.1')", "not(has_ipv4('from127.0.0.1', '127.0.0.1'))"),
    _row("has_ipv4_prefix(source:text, ip_prefix:text) -> bool", "kql_has_ipv4_prefix({source}, {ip_prefix})",
         "Whether a text holds an IPv4 address that begins with a prefix, which ends with a dot.",
         "has_ipv4_prefix('from 127.0.0.1 on', '127.0.')", "not(has_ipv4_prefix('from 127.0.0.1 on', '127.0'))"),
    _several("has_any_ipv4", "source", "ips", "kql_has_ipv4({source}, e)", "Whether a text holds one of several IPv4 addresses.",
             "has_any_ipv4('from 127.0.0.1 on', '10.0.0.1', '127.0.0.1')"),
    _several("has_any_ipv4_prefix", "source", "ip_prefixes", "kql_has_ipv4_prefix({source}, e)",
             "Whether a text holds an IPv4 address that begins with one of several prefixes.",
             "has_any_ipv4_prefix('from 127.0.0.1 on', '10.', '127.')"),
    _row("format_ipv4_mask(ip:text, prefix:Integer?) -> string",
         "coalesce(kql_ipv4_cidr(kql_ipv4_written({ip}), kql_least_prefix(coalesce({prefix|32}, 32), 32, kql_ipv4_bits(kql_ipv4_written({ip})), 32)), '')",
         "An IPv4 address or its number, masked by a prefix and followed by it.",
         "format_ipv4_mask('192.168.1.255', 24) == '192.168.1.0/24'"),
    _row("ipv4_range_to_cidr_list(start_ip:text, end_ip:text) -> dynamic", "kql_ipv4_cidrs({start_ip}, {end_ip})",
         "The fewest ranges with prefixes that make up all addresses from one to another.",
         "tostring(ipv4_range_to_cidr_list('10.0.0.0', '10.0.0.4')) == '[\"10.0.0.0/30\",\"10.0.0.4/32\"]'"),
)  # fmt: skip
