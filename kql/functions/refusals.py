"""Names that KQL knows and this engine does not offer, each with its reason."""

from __future__ import annotations

from kql.functions.row import refused

_REASONS: dict[str, str] = {
    "an estate is one database": "cluster database entity_group",
    "an estate has no tables but its own": "external_table externaldata materialized_view stored_query_result graph",
    "nobody signs in here": "current_principal current_principal_details current_principal_is_member_of",
    "the engine runs inside the caller's process": "current_cluster_endpoint current_database current_node_id",
    "rows are kept by the estate, not ingested in extents": (
        "extent_id extentid extent_tags ingestion_time row_id rowstore_ordinal_range estimate_data_size"
    ),
    "the estate's changes are a table to query, not a cursor": "cursor_after cursor_before_or_at cursor_current current_cursor",
    "it stands in graph-match only, about an edge of several hops or a node": "all map inner_nodes node_degree_in node_degree_out node_id",
    "nodes are known by what edges call them, and have no labels": "labels",
    "it is an inner part of Microsoft's engine": (
        "__hash_crc32 __hash_djb2 __hash_xxh64 __hash_many_crc32 __hll_normalize __ipv6_lookup_ranges __invoke __cast"
        " __geo_polygon_s2cell_covering_level __geo_polygon_validate __geo_line_s2cell_covering_level __geo_line_validate"
        " __geo_length_to_s2cell_level"
    ),
    "row_rank_dense and row_rank_min have taken its place": "row_rank",
    "it needs a database of places that is not shipped": "geo_info_from_ip_address",
    "cells of S2 are a library of their own": (
        "geo_polygon_to_s2cells geo_line_to_s2cells geo_point_to_s2cell geo_s2cell_to_central_point geo_s2cell_to_polygon"
        " geo_s2cell_neighbors"
    ),
    "cells of H3 are a library of their own": (
        "geo_polygon_to_h3cells geo_point_to_h3cell geo_h3cell_to_central_point geo_h3cell_to_polygon geo_h3cell_neighbors"
        " geo_h3cell_children geo_h3cell_parent geo_h3cell_rings geo_h3cell_level"
    ),
    "cutting, joining and widening shapes on the sphere need a geometry library; DuckDB's works in the plane": (
        "geo_intersection_2lines geo_intersection_line_with_polygon geo_intersection_2polygons geo_union_polygons_array"
        " geo_simplify_polygons_array geo_union_lines_array geo_polygon_densify geo_polygon_buffer geo_polygon_simplify"
        " geo_line_buffer geo_line_densify geo_line_simplify geo_point_buffer"
    ),
}

ROWS = tuple(refused(name, reason) for reason, names in _REASONS.items() for name in names.split())
