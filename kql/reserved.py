"""Words that can be a name only in brackets, as Microsoft's analyser has it: ['first'].

`kind` is none of them here: Resource Graph has a column of that name, and published queries write it bare.
"""

from __future__ import annotations

NAMES: frozenset[str] = frozenset({
    "and", "anomalychart", "areachart", "asc", "bagexpansion", "barchart", "between", "bin_legacy", "boolean", "byte",
    "cachingpolicy", "callout", "cancel", "card", "char", "columnchart", "contains_cs", "containscs", "cycles",
    "dataexport", "datascope", "date", "datetime", "decimal", "decodeblocks", "desc", "double", "dynamic",
    "encodingpolicy", "endswith", "endswith_cs", "expandoutput", "extent_tags_retention", "external_data", "false",
    "first", "flags", "float", "force_remote", "harddelete", "hardretention", "has_all", "has_any", "has_cs",
    "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs", "hotcache", "int", "int16", "int32", "int64", "int8",
    "isfuzzy", "journal", "ladderchart", "last", "like", "likecs", "linechart", "long", "missing", "nooptimization",
    "notcontains", "notcontainscs", "notlike", "notlikecs", "or", "others", "pathformat", "piechart", "pivotchart",
    "project", "queries", "query_results", "real", "relaxed", "restricted_view_access", "row_level_security",
    "rowstore", "rowstore_references", "rowstore_sealinfo", "rowstorepolicy", "rowstores", "scatterchart", "seal",
    "seals", "shards", "simple", "softdelete", "softretention", "stackedareachart", "startswith", "startswith_cs",
    "statistics", "storedqueryresultcontainers", "string", "tablepurge", "time", "timechart", "timeline", "timepivot",
    "timespan", "treemap", "true", "uint", "uint16", "uint32", "uint64", "uint8", "ulong", "union", "uniqueid",
    "unrestrictedviewers", "views", "with_itemindex", "with_match_id", "with_source", "with_step_name", "withsource",
    "writeaheadlog",
})  # fmt: skip
"""Not the name of a column that a query makes."""

LETS: frozenset[str] = NAMES | {
    "accumulate", "as", "by", "contains", "datatable", "declare", "earliest", "externaldata", "find", "has", "in",
    "invoke", "latest", "let", "materialize", "mdm", "of", "print", "sample", "search", "set", "sql", "title", "to",
    "toscalar", "totable", "verbose", "viewers", "where",
}  # fmt: skip
"""Not the name of a let or of a parameter, nor a column that a query reads."""
